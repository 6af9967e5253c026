"""What the rules conclude: days, months, and how they came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class DayState(StrEnum):
    """What a day, or a session of it, was for a person."""

    PENDING = "pending"
    """Not over yet, and nothing is wrong so far."""
    PRESENT = "present"
    LATE = "late"
    EARLY = "early"
    MISSING_IN = "missing_in"
    MISSING_OUT = "missing_out"
    ABSENT = "absent"
    LEAVE = "leave"
    FIELD_DUTY = "field_duty"
    HOLIDAY = "holiday"
    REST = "rest"
    UNKNOWN = "unknown"
    """It cannot be told: a clock was not read, its time was wrong, no calendar."""


class PunchUse(StrEnum):
    """What became of a punch in the rules."""

    IN = "in"
    OUT = "out"
    REPEATED = "repeated"
    INSIDE = "inside"
    """Between coming and going: says nothing."""
    OUTSIDE = "outside"
    """In no session's windows."""
    OTHER_DAY = "other_day"
    DOUBTFUL = "doubtful"
    """Flagged and not confirmed: does not count."""
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPunch:
    """A punch as a day saw it. `punch` None: by correction `correction`."""

    punch: int | None
    time: datetime
    direction: str
    device: str
    flags: Sequence[str] = ()
    use: PunchUse
    correction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """A stretch of work: what was due and what was."""

    name: str
    start: datetime
    end: datetime
    in_window: tuple[datetime, datetime]
    out_window: tuple[datetime, datetime]
    weight: float
    states: Sequence[DayState]
    came: datetime | None = None
    went: datetime | None = None
    late_min: int = 0
    early_min: int = 0
    worked_min: int = 0
    absent_days: float = 0.0
    leave_days: float = 0.0
    field_days: float = 0.0
    leaves: Sequence[str] = ()
    """Ids of the leaves that excuse it, whole or in part."""
    away: Sequence[tuple[datetime, datetime]] = ()
    """Times of it that leave or field duty excuses."""
    notes: Sequence[str] = ()
    """Codes with figures after a colon, such as `grace_in:5` (wording.NOTES)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """The row of one person and day.

    `states` holds everything that is to be said, worst first; `state` is the
    first of them. Not `final`: `waiting` says for what (`clock:<device>`,
    `time`, `calendar:<year>`, `leave:<id>`, `correction:<id>`, `punch:<id>`).
    `next_look`: when the same inputs would first give another result.
    """

    person: str
    day: date
    states: Sequence[DayState]
    final: bool
    waiting: Sequence[str] = ()
    next_look: datetime | None = None
    day_kind: str = "workday"
    day_name: str = ""
    shift: str | None = None
    shift_name: str = ""
    postings: Sequence[str] = ()
    counter: str | None = None
    sessions: Sequence[SessionResult] = ()
    punches: Sequence[DayPunch] = ()
    leaves: Sequence[str] = ()
    corrections: Sequence[str] = ()
    coverage: Mapping[str, datetime | None] = field(default_factory=dict)
    """Up to when each clock involved was read, when this was concluded."""
    ends: datetime | None = None
    """When the last window of the day closes; every clock must be read past it."""
    due_days: float = 0.0
    attended_days: float = 0.0
    absent_days: float = 0.0
    leave_days: float = 0.0
    leave_days_by_kind: Mapping[str, float] = field(default_factory=dict)
    field_days: float = 0.0
    late: int = 0
    """How often."""
    late_min: int = 0
    early: int = 0
    early_min: int = 0
    missing: int = 0
    worked_min: int = 0
    """Within the hours due, field duty included."""
    overtime_min: int = 0
    notes: Sequence[str] = ()
    """Codes as of sessions, for the whole day (wording.NOTES)."""

    @property
    def state(self) -> DayState:
        """The worst of it."""
        return self.states[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One person's month (月考勤汇总)."""

    month: str
    person: str
    name: str
    department: str
    group: str
    due_days: float = 0.0
    attended_days: float = 0.0
    late: int = 0
    late_min: int = 0
    early: int = 0
    early_min: int = 0
    missing: int = 0
    absent_days: float = 0.0
    leave_days: float = 0.0
    leave_days_by_kind: Mapping[str, float] = field(default_factory=dict)
    field_days: float = 0.0
    overtime_min: int = 0
    worked_min: int = 0
    unknown_days: int = 0
    pending_days: int = 0
    final: bool = False
    days: Mapping[int, DayState] = field(default_factory=dict)
    """Day of the month -> state, for the symbol calendar."""
