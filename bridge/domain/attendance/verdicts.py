"""What is found about a session, while it is being judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from bridge.domain.attendance.leave import Excuse
from bridge.domain.attendance.results import DayState
from bridge.domain.attendance.windows import DueSession, Windows

MINUTE: Final = timedelta(minutes=1)
NOTHING: Final = timedelta()


class Side(Enum):
    """How the coming, or the going, of a session stands."""

    FREE = auto()
    """No punch is needed."""
    GOOD = auto()
    BAD = auto()
    """Late, or early."""
    MISSING = auto()
    PENDING = auto()
    """There is still time for it."""
    UNKNOWN = auto()
    """A clock that may have it, or an earlier or later one, was not read."""


@dataclass(slots=True)
class Verdict:
    """What is found about a session, while it is being judged."""

    due: DueSession
    windows: Windows
    coming: Side
    going: Side
    states: list[DayState]
    came: datetime | None = None
    went: datetime | None = None
    flex: timedelta = NOTHING
    late_min: int = 0
    early_min: int = 0
    worked_min: int = 0
    excused_min: int = 0
    """Of leave; field duty is work."""
    weight: float = 0.0
    absent: float = 0.0
    leave: float = 0.0
    duty: float = 0.0
    kinds: dict[str, float] = field(default_factory=dict)
    excuses: Sequence[Excuse] = ()
    measured: bool = False
    """How long was worked is known."""
    settled: bool = False
    """No clock can change it: leave excuses all of it, or a correction says it."""
    evidence: bool = False
    """Some punch that counts lies in its windows or between."""
    waiting: Sequence[str] = ()
    """Clocks."""
    look: datetime | None = None
    """When time alone may change it."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it cannot be counted yet."""
        states = self.states
        return DayState.PENDING in states or DayState.UNKNOWN in states

    @property
    def owed(self) -> float:
        """What of its weight is neither leave nor field duty."""
        return self.weight - self.leave - self.duty
