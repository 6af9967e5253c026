"""What the callers of a line shall show, and what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.commands import Desired
from devices.ff68.frames import Digits


class UnitContent(BaseModel):
    """What one caller shall show; an absent field is dark."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    ticket: Annotated[str, Field(max_length=64)] | None = None
    waiting: Annotated[int, Field(ge=0)] | None = None

    @property
    def digits(self) -> Digits:
        """The digits that show it."""
        return Digits.of(waiting=self.waiting, ticket=self.ticket)


DARK = UnitContent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Digits to send; `urgent` ones before others."""

    address: int
    content: UnitContent
    urgent: bool


@dataclass(slots=True)
class Board:
    """Plans which callers are told what; a new line has been told nothing."""

    told: dict[int, UnitContent] = field(default_factory=dict)
    """What was sent or waits to be sent."""
    shown: dict[int, UnitContent] = field(default_factory=dict)
    """What was sent."""
    mistake: str = ""
    """What of `desired` cannot be shown, and why."""
    _rev: int | None = None
    _repeat: bool = False

    def repeat(self) -> None:
        """Tell every caller again with the next plan: it may have missed it."""
        self._repeat = True

    def plan(self, desired: Desired, now: datetime) -> list[Change]:
        """What is to be sent now.

        Callers whose content changed; all of them when `desired` came again with
        a new revision and nothing new in it, or after `repeat`. After
        `valid_until` they go dark, as do callers that `desired` leaves out.
        """
        wanted = self._wanted(desired)
        if desired.valid_until is not None and now >= desired.valid_until:
            wanted = dict.fromkeys(wanted, DARK)
        for address in self.told:
            wanted.setdefault(address, DARK)
        changed = {a: c for a, c in wanted.items() if self.told.get(a) != c}
        if self._repeat or (not changed and desired.rev != self._rev):
            changed = wanted
        self._repeat, self._rev = False, desired.rev
        changes = [
            Change(
                address=address,
                content=content,
                urgent=self.told.get(address, DARK).ticket != content.ticket,
            )
            for address, content in changed.items()
        ]
        self.told.update(changed)
        return changes

    def value(self) -> dict[str, Any]:
        """What the callers show, as `desired` has it."""
        shown = sorted(self.shown.items())
        return {"units": {str(a): c.model_dump() for a, c in shown}}

    def _wanted(self, desired: Desired) -> dict[int, UnitContent]:
        units = desired.content.get("units", {})
        self.mistake = ""
        if not isinstance(units, Mapping):
            self.mistake = "units: want an object of addresses"
            return {}
        wanted: dict[int, UnitContent] = {}
        for name, content in units.items():
            try:
                wanted[_address(name)] = UnitContent.model_validate(content or {})
            except ValidationError as error:
                first = error.errors()[0]
                path = ".".join(str(part) for part in ("units", name, *first["loc"]))
                self.mistake = f"{path}: {first['msg']}"
            except ValueError:
                self.mistake = f"units.{name}: addresses are 1 to 254"
        return wanted


def _address(name: Any) -> int:
    address = int(name)
    if not 1 <= address <= 254:
        raise ValueError(name)
    return address
