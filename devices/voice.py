"""How a hall's screens speak, as the hall file says."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Digits(StrEnum):
    """How the digits of a ticket are read."""

    SINGLE = "single"
    """One by one: 一二三."""
    NUMBER = "number"
    """As a number: 一百二十三."""


class VoiceModel(BaseModel):
    """Strict about keys: a misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VoiceHours(VoiceModel):
    """When screens speak, `from` <= time < `to`; past midnight when `to` is less."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_time: Annotated[time, Field(alias="from")]
    to_time: Annotated[time, Field(alias="to")]


class AreaVoice(VoiceModel):
    """The voice of one area; what is not said is the hall's."""

    enabled: bool | None = None
    template: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """What is said; knows {number}, {counter}, {window} and {service}."""
    digits: Digits | None = None
    english: bool | None = None
    """The same in English after it."""
    repeat: Annotated[int, Field(ge=1, le=3)] | None = None
    """How often the text is said."""
    gong: bool | None = None
    volume: Annotated[int, Field(ge=0, le=100)] | None = None
    hours: VoiceHours | None = None
    """Without it at all hours."""

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        try:
            (self.template or "").format(number="", counter="", window="", service="")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(
                "template may hold {number}, {counter}, {window} and {service} "
                f"only: {error}"
            ) from error
        return self


class VoiceSettings(AreaVoice):
    """The voice of the whole hall."""

    enabled: bool = True
    template: Annotated[str, Field(min_length=1, max_length=100)] = (
        "请{number}号到{counter}号窗口"
    )
    digits: Digits = Digits.SINGLE
    english: bool = False
    repeat: Annotated[int, Field(ge=1, le=3)] = 2
    gong: bool = True
    volume: Annotated[int, Field(ge=0, le=100)] = 80

    def under(self, own: AreaVoice | None) -> VoiceSettings:
        """These settings with what an area says of its own."""
        if own is None:
            return self
        said = {
            name: value
            for name in AreaVoice.model_fields
            if (value := getattr(own, name)) is not None
        }
        return self.model_copy(update=said)
