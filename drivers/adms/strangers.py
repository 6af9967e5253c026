"""Clocks that call and are not let in: seen, bounded, told to technicians."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

log = logging.getLogger(__name__)

MAX_STRANGERS: Final = 100
TOLD: Final = 5
"""So many are named in an alarm."""
FORGET_AFTER: Final = timedelta(hours=1)
UNKNOWN_CLOCK: Final = "unknown-clock"

Alarm = Callable[[str, str], None]
"""Opens an alarm of a kind with a message; closes it with an empty one."""


@dataclass(slots=True)
class Strangers:
    """Serial numbers that nobody expects, those heard last."""

    alarm: Alarm
    _seen: OrderedDict[str, tuple[str, datetime]] = field(default_factory=OrderedDict)
    _logged: set[tuple[str, str]] = field(default_factory=set)

    def note(self, serial: str, source: str, now: datetime) -> None:
        """A clock called that is not in the hall file."""
        is_new = serial not in self._seen or self._seen[serial][0] != source
        self._seen[serial] = (source, now)
        self._seen.move_to_end(serial)
        if len(self._seen) > MAX_STRANGERS:
            self._seen.popitem(last=False)
        if not is_new:
            return
        if len(self._logged) < MAX_STRANGERS and (serial, source) not in self._logged:
            self._logged.add((serial, source))
            log.warning(
                "an unknown push clock calls: serial number %s at %s; it keeps its "
                "punches. To accept it, add {id: ..., driver: adms, serial: %r} to "
                "the devices of the hall file",
                serial,
                source,
                serial,
            )
        self._tell()

    def accept(self, serial: str) -> None:
        """It is in the hall file now."""
        if self._seen.pop(serial, None) is not None:
            self._tell()

    def forget(self, now: datetime) -> None:
        """Those that called no more."""
        gone = [s for s, (_, at) in self._seen.items() if now - at > FORGET_AFTER]
        for serial in gone:
            del self._seen[serial]
        if gone:
            self._tell()

    @property
    def serials(self) -> list[str]:
        """Those that wait, heard last first."""
        return list(reversed(self._seen))

    def _tell(self) -> None:
        if not self._seen:
            self.alarm(UNKNOWN_CLOCK, "")
            return
        names = [f"{serial} at {self._seen[serial][0]}" for serial in self.serials]
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        self.alarm(
            UNKNOWN_CLOCK,
            f"unknown push clock {', '.join(names[:TOLD])}{more}; it keeps its "
            "punches until the hall file has a device with `driver: adms` and its "
            "`serial`",
        )
