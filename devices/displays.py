"""What all LED text displays have in common: hall-file keys and what they mean.

The bridge chooses texts by these keys, the drivers light and colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

FULL: Final = 15
"""The brightest of the levels 0 to 15."""


class Colour(StrEnum):
    """Colours of texts; LEDs of one or two colours show what they can."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
    WHITE = "white"


class DisplayState(StrEnum):
    """What a text display tells people (`content.state`)."""

    CALL = "call"
    IDLE = "idle"
    PAUSE = "pause"
    OFF = "off"


def _padded(value: Any) -> Any:
    """8:00 as people write it."""
    return f"0{value}" if isinstance(value, str) and value[1:2] == ":" else value


ClockTime = Annotated[time, BeforeValidator(_padded)]


class Hours(BaseModel):
    """A part of the day in the hall's zone; it may reach over midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    begin: Annotated[ClockTime, Field(alias="from")]
    end: Annotated[ClockTime, Field(alias="to")]

    def holds(self, now: time) -> bool:
        """Whether `now` lies within; the end does not."""
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


class LitHours(Hours):
    """A brightness for a part of the day."""

    level: Annotated[int, Field(ge=0, le=FULL)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict | Hours) else value


class DisplayKeys(BaseModel):
    """Keys that every LED text display takes."""

    call_text: Annotated[str, Field(max_length=200)] | None = None
    """Text of a call, with {number} and {counter}; without it the queue's."""
    idle_text: Annotated[str, Field(max_length=500)] | None = None
    """Shown when nothing is called; without it the queue's idle_text."""
    pause_text: Annotated[str, Field(max_length=500)] | None = None
    """Shown while the window pauses; without it the queue's pause_text."""
    color: Colour | None = None
    """Of all texts; without it the card's own."""
    blink: bool = True
    """Whether a new call flashes for 3 s, where the card can."""
    lines: Annotated[int, Field(ge=1, le=8)] = 1
    """The last so many calls, one a line, the newest on top."""
    brightness: Annotated[list[LitHours], BeforeValidator(_listed)] = []
    """Levels 0-15 by hours, 15 outside; without it the card's own."""
    off: Annotated[list[Hours], BeforeValidator(_listed)] = []
    """Hours in which the screen is dark."""

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        if self.call_text is not None:
            check_call_text(self.call_text)
        return self


DISPLAY_KEYS: Final = frozenset(DisplayKeys.model_fields)


def check_call_text(template: str) -> None:
    """Raise `ValueError` for a template that cannot be filled in."""
    try:
        template.format(number="A001", counter=1)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"call_text may hold {{number}} and {{counter}} only: {error}"
        ) from error


def level_at(hours: Sequence[LitHours], now: time) -> int | None:
    """The brightness at a time of day; None when none is ever set."""
    if not hours:
        return None
    return next((each.level for each in hours if each.holds(now)), FULL)


def is_off_at(hours: Sequence[Hours], now: time) -> bool:
    """Whether the screen is dark at a time of day."""
    return any(each.holds(now) for each in hours)
