"""What the web may ask about attendance; `bridge.service.attendance` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from bridge.domain.attendance.facts import Status
from bridge.domain.attendance.mistakes import Mistake
from bridge.domain.attendance.results import DayState, MonthRow
from bridge.domain.views import Page
from bridge.service.attendance.told import Fact, FactKind
from bridge.service.attendance.views import (
    ClockStanding,
    CoverStanding,
    DayChange,
    DayExplained,
    DayRow,
    Entry,
    Known,
    MonthStatus,
    SheetForm,
    Tamper,
    Today,
    UnknownUser,
)
from bridge.service.ports import Once

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed a request before it was told, as on a paper form.

    `level`: None is the one that must decide.
    """

    by: str
    level: int | None = None
    note: str = ""


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

    async def sheet_file(
        self,
        month: str,
        form: SheetForm,
        *,
        person: str | None = None,
        department: str | None = None,
        lang: str = "zh-CN",
    ) -> bytes:
        """A month, as management signs it, as a file."""

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
