"""Keys of the hall file that the driver and the simulator of digit tubes share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from devices.modbus.tubes import Profile
from devices.site import Id, SiteError


class Show(StrEnum):
    """What a tube shows."""

    TICKET = "ticket"
    """The number called."""
    WAITING = "waiting"
    """How many wait."""


class Style(StrEnum):
    """How a ticket's number reads."""

    NUMBER = "number"
    """12 of A012."""
    TEXT = "text"
    """A012, where the tube has letters."""


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


class Tube(BaseModel):
    """A tube on the line, and whose figures it shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[int, Field(ge=1, le=247)]
    counter: Id | None = None
    service: Id | None = None
    area: Id | None = None
    show: Show = Show.TICKET

    @property
    def owners(self) -> list[str]:
        """What it belongs to; exactly one is right."""
        return [name for name in (self.counter, self.service, self.area) if name]


class TubeKeys(BaseModel):
    """What is on the line and how it speaks."""

    profile: Profile = Profile.ARMFLY
    digits: Annotated[int, Field(ge=1, le=8)] = 4
    style: Style = Style.NUMBER
    units: Annotated[list[Tube], BeforeValidator(_none_is_empty)] = []

    def check_units(self) -> None:
        """Raise `SiteError` for an address that stands twice or a tube of nobody."""
        seen: set[int] = set()
        for index, tube in enumerate(self.units):
            path = ("units", index, "address")
            if tube.address in seen:
                raise SiteError(path, f"address {tube.address} stands twice")
            if len(tube.owners) != 1:
                raise SiteError(
                    ("units", index),
                    f"tube {tube.address} wants one of counter, service and area",
                )
            seen.add(tube.address)
