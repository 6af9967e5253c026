"""What attendance shows: days, months, clocks, facts as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bridge.domain.attendance.facts import (
    CalendarDay,
    Person,
    Posting,
    Shift,
    Status,
)
from bridge.domain.attendance.results import DayResult, DayState, MonthRow
from bridge.service.attendance.told import FactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger: who told what, when and why, chained to the one before."""

    id: int
    at: datetime
    actor: str
    kind: str
    key: str
    reason: str
    data: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A fact as it stands now.

    `id` is its key; `entry` the ledger row that told it last. Of leaves and
    corrections: `status`, the `level` that must decide and its `role`, and the
    decisions so far.
    """

    id: str
    kind: FactKind
    entry: int
    at: datetime
    actor: str
    reason: str
    fact: Any
    status: Status | None = None
    level: int | None = None
    role: str | None = None
    decisions: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A day with whose it is."""

    name: str
    department: str
    group: str
    closed: bool
    """Its month is closed: the row stands as it was signed."""
    result: DayResult


@dataclass(frozen=True, slots=True, kw_only=True)
class DayExplained:
    """A day and everything that led to it."""

    row: DayRow
    person: Person
    shift: Shift | None
    postings: Sequence[Posting]
    leaves: Sequence[Known]
    corrections: Sequence[Known]
    spot_checks: Sequence[Known]
    entries: Sequence[Entry]
    """Ledger rows about this person and day, oldest first."""
    computed: datetime | None
    pending: DayResult | None = None
    """What it would be now, where its month is closed and it differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChange:
    """What a change would do to a day. None: it has no row before, or after."""

    person: str
    name: str
    day: date
    before: DayResult | None
    after: DayResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthStatus:
    """How a month stands."""

    month: str
    state: str
    """`open`, `closed` or `future`."""
    people: int
    days: int
    unknown_days: int
    pending_days: int
    """Days that are not final, the unknown ones among them."""
    undecided: int
    """Leaves and corrections that wait for a decision."""
    pending_changes: int
    """Days that changed after it was closed; reopen it to take them."""
    final: bool
    closed_at: datetime | None = None
    closed_by: str | None = None
    entry: int | None = None
    """The ledger row of the last close or reopen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A month as management signs it."""

    hall: str
    month: str
    status: MonthStatus
    rows: Sequence[MonthRow]
    days: Sequence[DayRow]
    head: tuple[int, str]
    """The ledger's last row and its hash, when the sheet was made."""
    made: datetime
    calendar: Mapping[int, CalendarDay] = field(default_factory=dict)
    """Day of the month -> what it is."""


class SheetForm(StrEnum):
    """As which file a month sheet is wanted."""

    WORKBOOK = "xlsx"
    SUMMARY = "summary"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockGap:
    """A time for which a clock's punches are not here, or were late."""

    start: datetime
    end: datetime | None
    reason: str
    state: str
    """`open`, `read_later` (its log was read since), `settled` (somebody decided)."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStanding:
    """A clock: up to when its log is here, whole."""

    device: str
    name: str
    state: str
    reason: str
    serial: str
    until: datetime | None
    how: str
    suspect: str
    drift_s: int | None
    records: int | None
    records_max: int | None
    gaps: Sequence[ClockGap]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownUser:
    """A number on the clocks that is nobody's on the days it punched.

    `left`: the person it belonged to, where that person had left.
    """

    user_id: str
    punches: int
    first: datetime
    last: datetime
    devices: Sequence[str]
    left: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverStanding:
    """A stand-in (顶岗) that was due: whether B was there."""

    cover: str
    place: str
    day: date
    a: str
    a_name: str
    b: str
    b_name: str
    start: datetime
    end: datetime
    state: str
    """`covered`, `uncovered`, `unknown` or `due` (not over yet)."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """What a clock said about being opened, changed or emptied."""

    id: int
    device: str
    kind: str
    time: datetime
    received_time: datetime
    raw: str
    text: str = ""
    """Why a line stands aside; at an operation who did it and its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Today at a glance."""

    day: date
    now: datetime
    counts: Mapping[DayState, int]
    exceptions: Sequence[DayRow]
    """Worst first, at most 200."""
    undecided: int
    clocks_behind: int
    """Clocks whose log is not here up to 15 minutes ago."""
    uncovered: Sequence[CoverStanding]
