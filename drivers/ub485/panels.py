"""What the panels of a line shall show, and what they were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.commands import Desired
from devices.ub485.frames import BLINKING, FIELD, STEADY, Light, Signal, Text


class PanelContent(BaseModel):
    """What a panel's window does, as the hall tells it."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    ticket: Annotated[str, Field(max_length=64)] | None = None
    waiting: Annotated[int, Field(ge=0)] | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Light and text of a panel."""

    light: Light = Light.OFF
    text: str = ""
    blinks: bool = False

    def messages(
        self, address: int, *, beep: bool, lights: bool, texts: bool
    ) -> list[Signal | Text]:
        """What brings a panel there."""
        mode = BLINKING if self.blinks else STEADY
        found: list[Signal | Text] = []
        if texts:
            found.append(Text(address, self.text, mode))
        if lights:
            found.append(Signal.of(address, self.light, beep=beep))
        return found

    def value(self) -> dict[str, Any]:
        """As it is published."""
        return {"light": self.light.name.lower(), "text": self.text}


DARK: Final = Look()


def look(content: PanelContent, *, waiting_text: str) -> Look:
    """What a panel shows of its window (facts: caller bus, QSystem's way)."""
    if content.state == "paused":
        return Look(light=Light.RED)
    if content.ticket:
        number = content.ticket[-FIELD:]
        if content.state == "calling":
            return Look(light=Light.GREEN_SLOW, text=number, blinks=True)
        return Look(light=Light.GREEN, text=number)
    if content.waiting:
        return Look(light=Light.GREEN_FAST, text=waiting_text)
    return DARK


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Something for one panel; it beeps when somebody begins to wait."""

    address: int
    look: Look
    beep: bool


@dataclass(slots=True, kw_only=True)
class PanelBoard:
    """Plans what to tell; a new line has been told nothing."""

    addresses: Iterable[int]
    waiting_text: str
    told: dict[int, Look] = field(default_factory=dict)
    mistake: str = ""
    """What of `desired` cannot be shown, and why."""
    _due: dict[int, Showing] = field(default_factory=dict)
    _seen: tuple[int, bool] | None = None

    def repeat(self, address: int | None = None) -> None:
        """Tell a panel again, or all: it may have lost its power."""
        for known in self.addresses if address is None else [address]:
            shown = self.told.get(known)
            if shown is not None and known not in self._due:
                self._due[known] = Showing(address=known, look=shown, beep=False)

    def plan(self, desired: Desired, now: datetime) -> None:
        """Note what changed.

        All are told again for a new revision with nothing new in it. After
        `valid_until` panels go dark.
        """
        over = desired.valid_until is not None and now >= desired.valid_until
        if (desired.rev, over) == self._seen:
            return
        wanted = self._wanted(desired, over=over)
        changed = {a: w for a, w in wanted.items() if self._newest(a) != w}
        for address, wish in changed.items():
            before = self._newest(address)
            begins = wish.light is Light.GREEN_FAST and before == DARK
            self._due[address] = Showing(address=address, look=wish, beep=begins)
        if not changed and self._seen is not None:
            self.repeat()
        self._seen = desired.rev, over

    def take(self) -> Showing | None:
        """The next thing to tell; it counts as told from now on."""
        if not self._due:
            return None
        showing = self._due.pop(next(iter(self._due)))
        self.told[showing.address] = showing.look
        return showing

    def _newest(self, address: int) -> Look | None:
        due = self._due.get(address)
        return due.look if due is not None else self.told.get(address)

    def _wanted(self, desired: Desired, *, over: bool) -> dict[int, Look]:
        units = desired.content.get("units", {})
        self.mistake = ""
        wanted = dict.fromkeys(self.addresses, DARK)
        if not isinstance(units, Mapping):
            self.mistake = "units: want an object of addresses"
            return wanted
        for address in wanted:
            try:
                content = PanelContent.model_validate(units.get(str(address)) or {})
            except ValidationError as error:
                self.mistake = f"units.{address}: {error.errors()[0]['msg']}"
                continue
            if not over:
                wanted[address] = look(content, waiting_text=self.waiting_text)
        return wanted
