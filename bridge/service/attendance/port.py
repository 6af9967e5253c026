"""What the web may ask about attendance; `bridge.service.attendance` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from bridge.domain.attendance.facts import (
    CalendarDay,
    CalendarYear,
    Confirmation,
    Correction,
    Cover,
    Decision,
    GapVerdict,
    Leave,
    Person,
    Posting,
    Shift,
    SpotCheck,
    Status,
)
from bridge.domain.attendance.mistakes import Mistake
from bridge.domain.attendance.results import DayResult, DayState, MonthRow
from bridge.domain.views import Page
from bridge.service.ports import Once

Result = TypeVar("Result")


class FactKind(StrEnum):
    """The kinds of facts, as the ledger names them."""

    PERSON = "person"
    SHIFT = "shift"
    POSTING = "posting"
    CALENDAR_DAY = "calendar_day"
    CALENDAR_YEAR = "calendar_year"
    LEAVE = "leave"
    CORRECTION = "correction"
    DECISION = "decision"
    CONFIRMATION = "confirmation"
    SPOT_CHECK = "spot_check"
    COVER = "cover"
    GAP_VERDICT = "gap_verdict"
    REMOVAL = "removal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Takes a fact back from the day it was told: it was a mistake, or is over.

    For leaves and corrections: withdrawn by who asked for it.
    """

    kind: FactKind
    key: str


Fact = (
    Person
    | Shift
    | Posting
    | CalendarDay
    | CalendarYear
    | Leave
    | Correction
    | Decision
    | Confirmation
    | SpotCheck
    | Cover
    | GapVerdict
    | Removal
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed a request before it was told, as on a paper form.

    `level`: None is the one that must decide.
    """

    by: str
    level: int | None = None
    note: str = ""


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
class FactQuery:
    """Which facts of a kind: by columns, and those that touch a range of days.

    `from_day` <= day < `to_day`; spot checks by their local day.
    """

    limit: int = 100
    offset: int = 0
    person: str | None = None
    status: Status | None = None
    equals: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the fact itself, such as `department`."""
    from_day: date | None = None
    to_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuery:
    """Which days: `from_day` <= day < `to_day`, by day, then person."""

    limit: int = 100
    offset: int = 0
    person: str | None = None
    department: str | None = None
    state: DayState | None = None
    """Days that have this state, first or not."""
    final: bool | None = None
    exceptions: bool = False
    """Only days with something to look at: worse than LEAVE, or UNKNOWN."""
    from_day: date | None = None
    to_day: date | None = None


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
    """How a month stands. `blocking` names what keeps it from being final."""

    month: str
    state: str
    """`open`, `closed` or `future`."""
    people: int
    days: int
    unknown_days: int
    pending_days: int
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


class AttendancePort(Protocol):
    """Attendance as the web sees it. Raises `bridge.domain.errors.RuleError`."""

    async def days(self, query: DayQuery) -> Page[DayRow]:
        """Days by day, then person."""

    async def day(self, person: str, day: date) -> DayExplained:
        """One day with all that led to it; raises `NotFoundError`."""

    async def today(self) -> Today:
        """Today at a glance."""

    async def months(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sequence[MonthRow]:
        """Everybody's month, by department, then person. `month`: yyyy-mm."""

    async def month(self, month: str) -> MonthStatus:
        """How a month stands."""

    async def sheet(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sheet:
        """A month as management signs it."""

    async def sheet_file(
        self,
        month: str,
        form: SheetForm,
        *,
        person: str | None = None,
        department: str | None = None,
        lang: str = "zh-CN",
    ) -> bytes:
        """A month sheet as a file."""

    async def close_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        """Sign a month: its days stand. Raises `MonthError` when it is not final."""

    async def reopen_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        """Take a signature back; what changed since is taken up (反审)."""

    async def tell(
        self,
        facts: Sequence[Fact],
        *,
        by: str,
        reason: str,
        once: Once | None = None,
        signed: Mapping[int, Signed] | None = None,
    ) -> Sequence[Known]:
        """Write facts to the ledger, all or none; the days they touch follow soon.

        A fact without an id (`""`: leave, correction, spot check, posting, cover)
        gets one. `signed`: by place in `facts`. A leave or correction there is
        approved with it, a row behind its own, in the name of who signed; a
        `Decision` there is made in that name. Raises `FactsError` with one message
        for each bad fact, `DecisionError` where somebody may not decide so.
        """

    async def check(self, facts: Sequence[Fact]) -> Sequence[tuple[int, Mistake]]:
        """What `tell` would refuse: the place of a fact, and what is wrong with it."""

    async def aside(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run long work, a function of a module, where it holds nothing up."""

    async def preview(self, facts: Sequence[Fact]) -> Sequence[DayChange]:
        """What `tell` would change, at most 1000 days; nothing is written."""

    async def facts(self, kind: FactKind, query: FactQuery) -> Page[Known]:
        """Facts as they stand, by key (leaves, corrections, checks: newest first)."""

    async def fact(self, kind: FactKind, key: str) -> Known:
        """One fact; raises `NotFoundError`."""

    async def ledger(
        self, *, limit: int, offset: int, kind: str | None, key: str | None
    ) -> Page[Entry]:
        """The ledger, newest first."""

    async def clocks(self) -> Sequence[ClockStanding]:
        """Every clock and its gaps, the worst first."""

    async def unknown_users(self) -> Sequence[UnknownUser]:
        """Numbers that punched and are nobody's, the newest first."""

    async def covers(self, from_day: date, to_day: date) -> Sequence[CoverStanding]:
        """Stand-ins that were due, `from_day` <= day < `to_day`."""

    async def tampers(
        self, *, limit: int, offset: int, device: str | None, kind: str | None
    ) -> Page[Tamper]:
        """What clocks said about being opened or changed, newest first."""
