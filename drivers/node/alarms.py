"""What a technician must see: told in the node's health until it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class AlarmKind(StrEnum):
    """The alarms of a node."""

    TWO_BRIDGES = "two-bridges"
    JOURNAL_ROLLED_BACK = "journal-rolled-back"
    JOURNAL_DAMAGED = "journal-damaged"
    JOURNAL_FILLING = "journal-filling"
    ANOTHER_PROGRAM = "another-program"
    CLOCK_DOUBTFUL = "clock-doubtful"
    UNKNOWN_CLOCK = "unknown-clock"
    CLOCK_MOVED = "clock-moved"
    MESSAGE_FAILED = "message-failed"
    """What came from the bus could not be handled, by a mistake of ours."""
    PUSH_FAILED = "push-failed"
    """A push clock's connection could not be served, by a mistake of ours."""


@dataclass(slots=True)
class Alarms:
    """Open alarms by kind; `changed` is called after each change."""

    clock: Callable[[], datetime]
    changed: Callable[[], None] = lambda: None
    _open: dict[str, tuple[str, str]] = field(default_factory=dict)

    def raise_alarm(self, kind: AlarmKind, message: str) -> None:
        """Open an alarm, or say what is known of it now."""
        since, told = self._open.get(kind, (self.clock().isoformat(), ""))
        self._open[kind] = (since, message)
        if told != message:
            self.changed()

    def clear(self, kind: AlarmKind) -> None:
        """Close an alarm; harmless when it is not open."""
        if self._open.pop(kind, None) is not None:
            self.changed()

    def restore(self, kind: str, since: str, message: str) -> None:
        """Open an alarm that outlived a restart."""
        self._open[kind] = (since, message)

    def as_json(self) -> list[Mapping[str, Any]]:
        """Open alarms, by kind."""
        return [
            {"kind": kind, "since": since, "message": message}
            for kind, (since, message) in sorted(self._open.items())
        ]
