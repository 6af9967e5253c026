"""What people tell and decide about attendance. Each is a row of the ledger.

Times of day are the hall's; moments are aware. Plain dataclasses with annotated
limits: pydantic's `TypeAdapter` reads and writes them at the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from devices.events import Direction

WORKWEEK: Final = (0, 1, 2, 3, 4)
"""Monday to Friday, as `date.weekday()` counts."""

Key = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
"""An id that people give: a staff number (leading zeros matter), a shift."""
UserId = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,24}$")]
"""A person's number on the clocks (PIN)."""
Name = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Free text: a reason, a note."""
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]
Weekday = Annotated[int, Field(ge=0, le=6)]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A number on the clocks that is this person's, for a time (ends included)."""

    user_id: UserId
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whose attendance is kept.

    `department` is the unit that sent the person (派驻单位), `group` the place in
    the centre. Without `enrolments` the clocks know the person by `id`.
    """

    id: Key
    name: Name
    department: Annotated[str, Field(max_length=64)] = ""
    group: Annotated[str, Field(max_length=64)] = ""
    enrolments: Sequence[Enrolment] = ()
    joined: date | None = None
    left: date | None = None
    """The last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stretch of work of a day; `end` at or before `start` is on the next day.

    Sessions listed after one that goes over midnight, and earlier by the clock than
    the first, are on the next day too. A punch counts as coming between `in_from` and
    `in_until`, as going between `out_from` and `out_until`; None: half of the session,
    and up to half of the time to its neighbour but 4 hours at most. `weight` is its
    part of a day; where those of a day add up to more than one, they are scaled to it.
    """

    start: time
    end: time
    name: Annotated[str, Field(max_length=32)] = ""
    in_from: time | None = None
    in_until: time | None = None
    out_from: time | None = None
    out_until: time | None = None
    needs_in: bool = True
    needs_out: bool = True
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Other sessions on some weekdays, in a season (ends included), or both."""

    sessions: Annotated[Sequence[Session], Field(min_length=1, max_length=6)]
    weekdays: Sequence[Weekday] = ()
    """Empty: every day."""
    season_from: MonthDay | None = None
    season_to: MonthDay | None = None
    """Before `season_from`: a season over the new year."""


class Pairing(StrEnum):
    """How punches become coming and going."""

    FIRST_LAST = "first_last"
    DIRECTION = "direction"
    """By what the clock says; punches without a direction as first and last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Hours and rules of a kind of work, from `valid_from` on (None: ever)."""

    id: Key
    name: Name
    sessions: Annotated[Sequence[Session], Field(min_length=1, max_length=6)]
    valid_from: date | None = None
    variants: Annotated[Sequence[Variant], Field(max_length=12)] = ()
    """The first that fits the day wins."""
    is_default: bool = False
    """For people without a posting."""
    follows_calendar: bool = True
    """Due on workdays of the calendar; False: on `weekdays`, holidays or not."""
    weekdays: Sequence[Weekday] = WORKWEEK
    pairing: Pairing = Pairing.FIRST_LAST
    collapse_min: Minutes = 2
    """A punch so soon after another of the same person repeats it."""
    grace_in_min: Minutes = 0
    grace_out_min: Minutes = 0
    flex_min: Minutes = 0
    """So much later one may come, and then goes as much later."""
    half_absent_after_min: Minutes | None = None
    """Later, or earlier away, than this is half a day absent (半天旷工)."""
    absent_after_min: Minutes | None = None
    """Later, or earlier away, than this is the session absent."""
    half_day_below_min: Minutes | None = None
    """Less work than this in the day is half a day absent."""
    absent_below_min: Minutes | None = None
    """Less work than this in the day is the day absent."""
    overtime_after_min: Minutes | None = None
    """Work counts as overtime from so long after the end; None: it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Who works where, by which shift, from when to when (ends included).

    `weekdays` narrows it to some days of the week (part-time, shared windows).
    With `rotation` the n-th day since `valid_from` has the n-th shift, None is
    a day off, and it starts over; the calendar then has no say.
    """

    id: Key
    person: Key
    valid_from: date
    valid_to: date | None = None
    shift: Key | None = None
    rotation: Annotated[Sequence[Key | None], Field(max_length=62)] = ()
    counter: Annotated[str, Field(max_length=64)] | None = None
    weekdays: Sequence[Weekday] = ()
    clocks: Sequence[str] = ()
    """Clocks that must be read before a day is final; empty: all of the hall."""


class DayKind(StrEnum):
    """What the calendar says of a day."""

    WORKDAY = "workday"
    REST = "rest"
    HOLIDAY = "holiday"
    UNKNOWN = "unknown"
    """No calendar of that year is known: never guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """A day that differs from the national calendar, or is not in it yet."""

    day: date
    kind: DayKind
    name: Annotated[str, Field(max_length=64)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """A year whose list of days is complete: the rest are plain weekdays."""

    year: Annotated[int, Field(ge=2000, le=2999)]


class LeaveKind(StrEnum):
    """Why somebody is away with permission."""

    PERSONAL = "personal"
    SICK = "sick"
    ANNUAL = "annual"
    OFFICIAL = "official"
    MARRIAGE = "marriage"
    MATERNITY = "maternity"
    BEREAVEMENT = "bereavement"
    TIME_OFF = "time_off"
    OTHER = "other"
    TEMPORARY_OUT = "temporary_out"
    FIELD_DUTY = "field_duty"
    """At work elsewhere: counts as attended."""


class LeaveUnit(StrEnum):
    """How it was asked for."""

    HOUR = "hour"
    HALF_DAY = "half_day"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Leave or field duty that somebody asks for (请假条, 离岗登记)."""

    id: str
    person: Key
    kind: LeaveKind
    unit: LeaveUnit
    start: datetime
    end: datetime
    note: Words = ""
    cover: Key | None = None
    """Who stands in (B 岗)."""


class CorrectionKind(StrEnum):
    """What a correction sheet (补签单) says."""

    PUNCH = "punch"
    """There was a punch at `time` that no clock has."""
    VOID = "void"
    """The punch `punch` does not count."""
    STATE = "state"
    """The day, or its session `session` (from 0), was `state`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction that somebody asks for; the punches stay as they are."""

    id: str
    person: Key
    day: date
    kind: CorrectionKind
    reason: Annotated[Words, Field(min_length=1)]
    time: datetime | None = None
    direction: Direction = Direction.UNKNOWN
    punch: int | None = None
    state: str | None = None
    """Of `STATES_BY_CORRECTION` (bridge.domain.attendance.days)."""
    session: Annotated[int, Field(ge=0, le=5)] | None = None
    proof: Words = ""
    """Where the proof is: the paper list of a power cut, a camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLevel:
    """Who may approve leave that is no longer than this; both None: any."""

    role: Annotated[str, Field(min_length=1, max_length=64)]
    up_to_h: Annotated[float, Field(gt=0)] | None = None
    up_to_days: Annotated[float, Field(gt=0)] | None = None


class Status(StrEnum):
    """Of a leave or a correction."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an approver said to a leave or a correction, at a level from 1."""

    subject: str
    approved: bool
    level: Annotated[int, Field(ge=1, le=9)] = 1
    note: Words = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Whether a doubtful punch counts, and at which time; the last one holds."""

    punch: int
    counts: bool
    time: datetime | None = None
    """The true time where the clock's was wrong; None: as the clock said."""


class Finding(StrEnum):
    """What a spot check (在岗抽查) found."""

    ON_POST = "on_post"
    EMPTY = "empty"
    """空岗: nobody there."""
    WANDERING = "wandering"
    """串岗: at another's window."""
    AWAY = "away"
    """离岗: away for long."""
    IDLE = "idle"
    """Doing what has nothing to do with work."""
    MANNERS = "manners"
    """Badge, clothing, behaviour."""
    COVERED = "covered"
    """顶岗: the stand-in is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheck:
    """One look at one place: counter, area or words."""

    id: str
    time: datetime
    place: Annotated[str, Field(min_length=1, max_length=64)]
    finding: Finding
    person: Key | None = None
    note: Words = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """At `place` B stands in when A is away (AB 岗); ends included."""

    id: Key
    place: Annotated[str, Field(min_length=1, max_length=64)]
    a: Key
    b: Key
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapVerdict:
    """What is known of a clock's gap: its punches are lost, or there were none."""

    device: str
    start: datetime
    end: datetime
    note: Words = ""
