"""A small attendance in memory that the web can be tried on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from support.answered import Answered

from bridge.domain.attendance.facts import (
    Decision,
    Leave,
    Person,
    Status,
)
from bridge.domain.attendance.mistakes import Mistake
from bridge.domain.attendance.results import DayResult, DayState, MonthRow
from bridge.domain.errors import (
    DecisionError,
    FactsError,
    MonthError,
    NotFoundError,
    RuleError,
)
from bridge.domain.views import Page
from bridge.service.attendance.facts.kinds import DECIDED, RULES, kind_of
from bridge.service.attendance.port import DayQuery, FactQuery, Signed
from bridge.service.attendance.sheets.files import month_csv, month_workbook
from bridge.service.attendance.told import Fact, FactKind, Removal
from bridge.service.attendance.views import (
    ClockStanding,
    CoverStanding,
    DayChange,
    DayExplained,
    DayRow,
    Entry,
    Known,
    MonthStatus,
    Sheet,
    SheetForm,
    Tamper,
    Today,
    UnknownUser,
)
from bridge.service.ports import Once


class FakeAttendance:
    """`AttendancePort` without rules: days, clocks and the like are what a test says.

    Facts are kept as they are told; leaves over a day need level 2.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.rows: list[DayRow] = []
        self.month_rows: list[MonthRow] = []
        self.clock_items: list[ClockStanding] = []
        self.unknown_items: list[UnknownUser] = []
        self.cover_items: list[CoverStanding] = []
        self.tamper_items: list[Tamper] = []
        self.changes: list[DayChange] = []
        self.mistakes: list[tuple[int, Mistake]] = []
        self.entries: list[Entry] = []
        self.known: dict[tuple[FactKind, str], Known] = {}
        self.closed: dict[str, Entry] = {}
        self.asked: list[Any] = []
        self.refused: list[tuple[int, str]] = []
        self._now = now
        self._answered = Answered()

    async def days(self, query: DayQuery) -> Page[DayRow]:
        self.asked.append(query)
        found = [row for row in self.rows if _fits(row, query)]
        end = query.offset + query.limit
        return Page(items=found[query.offset : end], total=len(found))

    async def day(self, person: str, day: date) -> DayExplained:
        for row in self.rows:
            if (row.result.person, row.result.day) == (person, day):
                return DayExplained(
                    row=row,
                    person=Person(id=person, name=row.name),
                    shift=None,
                    postings=[],
                    leaves=await self._touching(FactKind.LEAVE, person),
                    corrections=await self._touching(FactKind.CORRECTION, person),
                    spot_checks=[],
                    entries=self.entries,
                    computed=self._now(),
                )
        raise NotFoundError(f"no day {day} of {person!r}")

    async def today(self) -> Today:
        day = self._now().date()
        rows = [row for row in self.rows if row.result.day == day]
        counts = {
            state: sum(r.result.state is state for r in rows) for state in DayState
        }
        return Today(
            day=day,
            now=self._now(),
            counts={state: count for state, count in counts.items() if count},
            exceptions=[row for row in rows if _is_exception(row.result)],
            undecided=self._undecided(),
            clocks_behind=len(self.clock_items),
            uncovered=self.cover_items,
        )

    async def months(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sequence[MonthRow]:
        return [
            row
            for row in self.month_rows
            if row.month == month
            and person in {None, row.person}
            and department in {None, row.department}
        ]

    async def month(self, month: str) -> MonthStatus:
        entry = self.closed.get(month)
        return MonthStatus(
            month=month,
            state="open" if entry is None else "closed",
            people=len(await self.months(month)),
            days=len(self.rows),
            unknown_days=0,
            pending_days=0,
            undecided=self._undecided(),
            pending_changes=0,
            final=self._undecided() == 0,
            closed_at=entry.at if entry else None,
            closed_by=entry.actor if entry else None,
            entry=entry.id if entry else None,
        )

    async def sheet_file(
        self,
        month: str,
        form: SheetForm,
        *,
        person: str | None = None,
        department: str | None = None,
        lang: str = "zh-CN",
    ) -> bytes:
        sheet = await self._sheet(month, person=person, department=department)
        if form is SheetForm.WORKBOOK:
            return month_workbook(sheet, lang)
        return month_csv(sheet, "days" if form is SheetForm.DAYS else "summary", lang)

    async def _sheet(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sheet:
        last = self.entries[-1] if self.entries else None
        return Sheet(
            hall="便民投资服务中心",
            month=month,
            status=await self.month(month),
            rows=await self.months(month, person=person, department=department),
            days=[row for row in self.rows if f"{row.result.day:%Y-%m}" == month],
            head=(last.id, last.hash) if last else (0, "0" * 64),
            made=self._now(),
        )

    async def close_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        done: MonthStatus | None = self._answered.known(once)
        if done is not None:
            return done
        if self._undecided():
            raise MonthError(f"{month}: {self._undecided()} wait for a decision")
        self.closed[month] = self._entry("month.closed", month, by, reason)
        status = await self.month(month)
        self._answered.remember(once, status)
        return status

    async def reopen_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        done: MonthStatus | None = self._answered.known(once)
        if done is not None:
            return done
        if self.closed.pop(month, None) is None:
            raise MonthError(f"{month} is not closed")
        self._entry("month.reopened", month, by, reason)
        status = await self.month(month)
        self._answered.remember(once, status)
        return status

    async def tell(
        self,
        facts: Sequence[Fact],
        *,
        by: str,
        reason: str,
        once: Once | None = None,
        signed: Mapping[int, Signed] | None = None,
    ) -> Sequence[Known]:
        done: Sequence[Known] | None = self._answered.known(once)
        if done is not None:
            return done
        if self.refused:
            raise FactsError(self.refused)
        entries, known = list(self.entries), dict(self.known)
        papers = signed or {}
        try:
            told = [
                self._take_signed(fact, by, reason, papers.get(place))
                for place, fact in enumerate(facts)
            ]
        except RuleError:
            self.entries, self.known = entries, known
            raise
        self._answered.remember(once, told)
        return told

    async def check(self, facts: Sequence[Fact]) -> Sequence[tuple[int, Mistake]]:
        self.asked.append(facts)
        return self.mistakes

    async def aside(self, work: Callable[..., Any], *arguments: object) -> Any:
        return work(*arguments)

    async def preview(self, facts: Sequence[Fact]) -> Sequence[DayChange]:
        self.asked.append(facts)
        return self.changes

    async def facts(self, kind: FactKind, query: FactQuery) -> Page[Known]:
        self.asked.append(query)
        found = [
            known
            for (held, _), known in sorted(self.known.items())
            if held is kind
            and query.status in {None, known.status}
            and query.person in {None, getattr(known.fact, "person", None)}
            and all(getattr(known.fact, k) == v for k, v in query.equals.items())
        ]
        end = query.offset + query.limit
        return Page(items=found[query.offset : end], total=len(found))

    async def fact(self, kind: FactKind, key: str) -> Known:
        if (kind, key) not in self.known:
            raise NotFoundError(f"no {kind.value} {key!r}")
        return self.known[kind, key]

    async def ledger(
        self, *, limit: int, offset: int, kind: str | None, key: str | None
    ) -> Page[Entry]:
        found = [
            entry
            for entry in reversed(self.entries)
            if kind in {None, entry.kind} and key in {None, entry.key}
        ]
        return Page(items=found[offset : offset + limit], total=len(found))

    async def clocks(self) -> Sequence[ClockStanding]:
        return self.clock_items

    async def unknown_users(self) -> Sequence[UnknownUser]:
        return self.unknown_items

    async def covers(self, from_day: date, to_day: date) -> Sequence[CoverStanding]:
        self.asked.append((from_day, to_day))
        return [c for c in self.cover_items if from_day <= c.day < to_day]

    async def tampers(
        self, *, limit: int, offset: int, device: str | None, kind: str | None
    ) -> Page[Tamper]:
        found = [
            each
            for each in self.tamper_items
            if device in {None, each.device} and kind in {None, each.kind}
        ]
        return Page(items=found[offset : offset + limit], total=len(found))

    def _take_signed(
        self, fact: Any, by: str, reason: str, paper: Signed | None
    ) -> Known:
        if paper is None:
            return self._take(fact, by, reason)
        if isinstance(fact, Decision):
            return self._take(fact, paper.by, reason)
        known = self._take(fact, by, reason)
        level = paper.level or known.level or 1
        said = Decision(subject=known.id, approved=True, level=level, note=paper.note)
        return self._take(said, paper.by, reason)

    def _take(self, fact: Any, by: str, reason: str) -> Known:
        kind = kind_of(fact)
        if isinstance(fact, Decision):
            return self._decide(fact, by, reason)
        if isinstance(fact, Removal):
            return self._remove(fact, by, reason)
        if getattr(fact, "id", None) == "":
            fact = replace(fact, id=f"{kind.value[0].upper()}{len(self.entries) + 1}")
        entry = self._entry(kind.value, RULES[kind].key(fact), by, reason)
        long = isinstance(fact, Leave) and (fact.end - fact.start).days > 1
        known = Known(
            id=entry.key,
            kind=kind,
            entry=entry.id,
            at=entry.at,
            actor=by,
            reason=reason,
            fact=fact,
            status=Status.PENDING if kind in DECIDED else None,
            level=(2 if long else 1) if kind in DECIDED else None,
        )
        self.known[kind, entry.key] = known
        return known

    def _decide(self, fact: Decision, by: str, reason: str) -> Known:
        for kind in DECIDED:
            known = self.known.get((kind, fact.subject))
            if known is not None:
                break
        else:
            raise NotFoundError(f"no leave or correction {fact.subject!r}")
        if known.status is not Status.PENDING or fact.level < (known.level or 1):
            raise DecisionError(f"{fact.subject} cannot be decided so")
        self._entry("decision", fact.subject, by, reason)
        said = {"by": by, "approved": fact.approved, "level": fact.level}
        done = replace(
            known,
            status=Status.APPROVED if fact.approved else Status.REJECTED,
            decisions=[*known.decisions, {**said, "note": fact.note}],
        )
        self.known[known.kind, known.id] = done
        return done

    def _remove(self, fact: Removal, by: str, reason: str) -> Known:
        if (fact.kind, fact.key) not in self.known:
            raise NotFoundError(f"no {fact.kind.value} {fact.key!r}")
        self._entry("removal", f"{fact.kind.value}:{fact.key}", by, reason)
        known = self.known.pop((fact.kind, fact.key))
        if fact.kind in DECIDED:
            known = replace(known, status=Status.CANCELLED)
            self.known[fact.kind, fact.key] = known
        return known

    def _entry(self, kind: str, key: str, by: str, reason: str) -> Entry:
        previous = self.entries[-1].hash if self.entries else "0" * 64
        number = len(self.entries) + 1
        entry = Entry(
            id=number,
            at=self._now(),
            actor=by,
            kind=kind,
            key=key,
            reason=reason,
            data={},
            previous=previous,
            hash=hashlib.sha256(f"{previous}{number}".encode()).hexdigest(),
        )
        self.entries.append(entry)
        return entry

    async def _touching(self, kind: FactKind, person: str) -> Sequence[Known]:
        return (await self.facts(kind, FactQuery(person=person))).items

    def _undecided(self) -> int:
        return sum(known.status is Status.PENDING for known in self.known.values())


def _is_exception(result: DayResult) -> bool:
    fine = {DayState.PENDING, DayState.PRESENT, DayState.LEAVE, DayState.FIELD_DUTY}
    return result.state not in fine | {DayState.HOLIDAY, DayState.REST}


def _fits(row: DayRow, query: DayQuery) -> bool:
    result = row.result
    return (
        query.person in {None, result.person}
        and query.department in {None, row.department}
        and (query.state is None or query.state in result.states)
        and query.final in {None, result.final}
        and (not query.exceptions or _is_exception(result))
        and (query.from_day is None or query.from_day <= result.day)
        and (query.to_day is None or result.day < query.to_day)
    )
