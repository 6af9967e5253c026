"""What a day is concluded from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bridge.domain.attendance.facts import (
    CalendarDay,
    Confirmation,
    Correction,
    Leave,
    Person,
    Posting,
    Shift,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Punch:
    """A stored punch, its time in the hall's zone."""

    id: int
    user_id: str
    time: datetime
    direction: str
    device: str
    received: datetime
    flags: Sequence[str] = ()
    drift_s: int | None = None
    """How far the clock was ahead, where it is known and over the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time that a clock cannot be asked about any more, or not yet."""

    start: datetime
    end: datetime | None
    reason: str
    lost: bool = False
    """Nothing will ever come of it: a day that is proven does not wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Up to when a clock's log is here, whole; with the holes that stay."""

    until: datetime | None = None
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The hall's own days over the national calendar. `national` None: no holidays."""

    days: Mapping[date, CalendarDay] = field(default_factory=dict)
    complete_years: frozenset[int] = frozenset()
    national: str | None = "china"


class Memo(dict[Any, Any]):
    """What was worked out already, for speed alone. A copy or a pickle is empty."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        """Leave it behind: its keys are of one process."""
        return (Memo, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Everything that says when people are due. Nothing in it ever changes."""

    calendar: Calendar
    shifts: Mapping[str, Sequence[Shift]]
    """By id, each by `valid_from`, the oldest first."""
    postings: Mapping[str, Sequence[Posting]]
    """By person, by `valid_from`, the oldest first."""
    clocks: Sequence[str] = ()
    """All clocks of the hall."""
    memo: Memo = field(default_factory=Memo, init=False, repr=False, compare=False)
    """What the plan has worked out already, for speed alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A leave or a correction with how it stands."""

    leaves: Sequence[Leave] = ()
    pending_leaves: Sequence[Leave] = ()
    corrections: Sequence[Correction] = ()
    pending_corrections: Sequence[Correction] = ()
    confirmations: Mapping[int, Confirmation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInput:
    """What `conclude` needs for one person and day.

    `punches`: those of the person that by their time, or by when they were received,
    lie within a day before and after; `decided`: what touches the day (leaves that
    overlap, corrections of it, the one told last at the end).
    """

    person: Person
    day: date
    schedule: Schedule
    punches: Sequence[Punch]
    decided: Decided
    coverage: Mapping[str, Coverage]
