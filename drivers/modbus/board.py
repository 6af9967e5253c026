"""What each digit tube shall show, and which is told next. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bus.backoff import Backoff
from devices.commands import Desired
from devices.modbus.site import Show, Style, Tube
from devices.modbus.tubes import BLANK

_DIGITS = re.compile(r"(\d+)$")


@dataclass(slots=True)
class Standing:
    """One tube: what it shall show, what it shows, and when it is told again."""

    tube: Tube
    backoff: Backoff
    wanted: str | None = None
    """None while nobody wants anything."""
    shown: str | None = None
    """None when that is not known."""
    due_s: float = 0.0
    """Not before this, when it is settled or failed."""
    fault: str = ""
    is_silent: bool = False
    """Whether it did not answer when it was told last."""

    @property
    def is_settled(self) -> bool:
        """Whether it shows what is wanted."""
        return self.wanted is not None and self.wanted == self.shown

    def want(self, text: str | None) -> None:
        """Take the newest; a new one is not delayed by a failure of the old."""
        if text != self.wanted:
            self.wanted = text
            self.due_s = 0.0
            self.backoff.reset()

    def told(self, text: str, now_s: float, rewrite_every_s: float) -> None:
        """It was told `text`."""
        self.shown = text
        self.fault, self.is_silent = "", False
        self.backoff.reset()
        self.due_s = now_s + rewrite_every_s if rewrite_every_s else float("inf")

    def failed(self, fault: str, now_s: float, *, silent: bool) -> None:
        """It could not be told."""
        self.shown = None
        self.is_silent = silent
        self.fault = fault
        self.due_s = now_s + self.backoff.next_s()


@dataclass(slots=True)
class Board:
    """All tubes of a line."""

    tubes: Sequence[Tube]
    digits: int
    style: Style
    rewrite_every_s: float
    backoff: Callable[[], Backoff]
    standings: list[Standing] = field(init=False)

    def __post_init__(self) -> None:
        self.standings = [Standing(tube, self.backoff()) for tube in self.tubes]

    def connected(self) -> None:
        """A new line: what the tubes show is not known."""
        for standing in self.standings:
            standing.shown = None
            standing.due_s = 0.0
            standing.fault, standing.is_silent = "", False

    def want(self, desired: Desired | None, now: datetime) -> None:
        """Take what is desired; dark when that is over."""
        if desired is None:
            return
        units: Mapping[str, Any] = {}
        found = desired.content.get("units")
        is_over = desired.valid_until is not None and now >= desired.valid_until
        if isinstance(found, Mapping) and not is_over:
            units = found
        for standing in self.standings:
            unit = units.get(str(standing.tube.address))
            standing.want(self._text(standing.tube, unit))

    def next(self, now_s: float) -> Standing | None:
        """The tube to tell now: changed ones before those that are told again."""
        due = [
            each
            for each in self.standings
            if each.wanted is not None and each.due_s <= now_s
        ]
        return min(due, key=lambda each: (each.is_settled, each.due_s), default=None)

    def wait_s(self, now_s: float) -> float:
        """Seconds until a tube is due by itself."""
        due = [each.due_s for each in self.standings if each.wanted is not None]
        return max(min(due, default=float("inf")) - now_s, 0.0)

    @property
    def is_silent(self) -> bool:
        """Whether no tube answers at all."""
        return all(each.is_silent for each in self.standings)

    def faults(self) -> Iterator[str]:
        """What is wrong with which tube."""
        for each in self.standings:
            if each.fault:
                yield f"unit {each.tube.address} {each.fault}"

    def value(self) -> dict[str, Any]:
        """What the tubes show, as far as it is known."""
        return {
            "units": {
                str(each.tube.address): {
                    "text": each.shown,
                    "number": int(each.shown) if each.shown.isdecimal() else None,
                }
                for each in self.standings
                if each.shown is not None
            }
        }

    def _text(self, tube: Tube, unit: object) -> str:
        if not isinstance(unit, Mapping):
            return BLANK
        value = unit.get(tube.show.value)
        if tube.show is Show.WAITING:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                return BLANK
            return str(min(value, 10**self.digits - 1))
        if not isinstance(value, str):
            return BLANK
        if self.style is Style.TEXT:
            return value[-self.digits :]
        digits = _DIGITS.search(value)
        return str(int(digits[1][-self.digits :])) if digits else BLANK
