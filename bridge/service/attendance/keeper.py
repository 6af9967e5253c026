"""Attendance behind one door: fills `AttendancePort` over the hall's store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

from bridge.domain.attendance.mistakes import Mistake
from bridge.domain.attendance.results import MonthRow
from bridge.domain.errors import MonthError, NotFoundError, RuleError
from bridge.domain.views import DeviceView, Page
from bridge.service.attendance import beside, months
from bridge.service.attendance.clocks import clock_standings
from bridge.service.attendance.days.coverage import reports
from bridge.service.attendance.days.dirty import mark_spans
from bridge.service.attendance.days.engine import Engine
from bridge.service.attendance.days.previewing import check, preview
from bridge.service.attendance.days.workers import Workers
from bridge.service.attendance.explaining import explained
from bridge.service.attendance.facts import ledger, standing
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.facts.listing import fact_page, known_after
from bridge.service.attendance.facts.seals import seal_beside
from bridge.service.attendance.facts.telling import Draft, Wish, draft
from bridge.service.attendance.glance import glance
from bridge.service.attendance.listing import day_page, tamper_page, unknown_users
from bridge.service.attendance.port import DayQuery, FactQuery, Signed
from bridge.service.attendance.settings import Settings
from bridge.service.attendance.stand_ins import stand_ins, watch
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
from bridge.service.once import remembered
from bridge.service.ports import Once
from bridge.service.work import Store, Work
from devices.site import Site

Result = TypeVar("Result")

MANY_DAYS: Final = 2000
MOST_AT_THE_WRITER: Final = 50
"""Facts that are checked in the writer's own time, a tenth of a second at most."""


class HallStore(Store, Protocol):
    """What attendance needs of the hall."""

    @property
    def site(self) -> Site:
        """The hall file."""

    @property
    def store_path(self) -> Path:
        """The file of the store."""

    def devices(self) -> Sequence[DeviceView]:
        """Every device, by id."""


class Attendance:
    """Days, months, facts and clocks of a hall; `run` keeps them true."""

    def __init__(self, site: Site, hall: HallStore) -> None:
        self._hall = hall
        self._settings = Settings.of(site)
        self._reading = self._settings.reading
        self._zone = self._settings.zone
        self._shown: Book | None = None
        self._written: Book | None = None
        self.workers = Workers()
        self.engine = Engine(
            hall,
            book=self._book,
            now=hall.now,
            since=self._settings.since,
            reports=lambda: reports(hall.devices()),
            workers=self.workers,
        )
        self.engine.ticked = [self._watch_stand_ins]
        self.engine.rounds = [lambda: seal_beside(hall)]

    async def run(self) -> None:
        """Keep days true to what is known, until cancelled."""
        try:
            await self.engine.run()
        finally:
            self.workers.close()

    # -- days --------------------------------------------------------------------

    async def days(self, query: DayQuery) -> Page[DayRow]:
        """Days by day, then person."""
        book = await self._book()
        return await self._hall.read(lambda db: day_page(db, book, query))

    async def day(self, person: str, day: date) -> DayExplained:
        """One day with all that led to it."""
        book = await self._book()
        return await self._hall.read(
            lambda db: explained(db, book, self._reading, person, day)
        )

    async def today(self) -> Today:
        """Today at a glance."""
        book, now = await self._book(), self._hall.now()
        clocks = await self.clocks()
        return await self._hall.read(lambda db: glance(db, book, clocks, now))

    # -- months ------------------------------------------------------------------

    async def months(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sequence[MonthRow]:
        """Everybody's month, by department, then person."""
        place = self._place(month, person=person, department=department)
        if await self._is_long(month):
            return await self.workers.run(beside.rows, place)
        book = await self._book()
        return await self._hall.read(
            lambda db: months.month_rows(
                db, book, month, person=person, department=department
            )
        )

    async def month(self, month: str) -> MonthStatus:
        """How a month stands."""
        book, today = await self._book(), self._hall.now().date()
        return await self._hall.read(lambda db: months.status(db, book, month, today))

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
        place = self._place(month, person=person, department=department)
        if await self._is_long(month):
            return await self.workers.run(beside.file, place, form, lang)
        return await asyncio.to_thread(beside.file, place, form, lang)

    async def close_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        """Sign a month: its days stand.

        Signed beside the writer, while no row is written: a press does not wait.
        """

        def act(work: Work) -> None:
            if signature is None:
                raise MonthError(
                    f"{month} cannot be closed: {len(wrong)} of its days were not what "
                    "follows from punches and facts; they are being worked out again, "
                    "look at them and sign then"
                )
            book = self._book_of(work.db)
            months.close(work, book, month, signature, by=by, reason=reason)

        async with self.engine.resting():
            now = await self.month(month)
            if once is None:
                months.check_closable(now, self._hall.now().date())
            while await seal_beside(self._hall):
                pass
            place = self._place(month)
            if await self._is_long(month):
                wrong, signature = await self.workers.run(beside.signature, place)
            else:
                wrong, signature = await asyncio.to_thread(beside.signature, place)
            if wrong:
                await self._hall.transact(lambda work: mark_spans(work, wrong))
            await self._do(once, act)
        return await self.month(month)

    async def reopen_month(
        self, month: str, *, by: str, reason: str, once: Once | None = None
    ) -> MonthStatus:
        """Take a signature back."""
        await self._do(
            once, lambda work: months.reopen(work, month, by=by, reason=reason)
        )
        return await self.month(month)

    # -- facts -------------------------------------------------------------------

    async def tell(
        self,
        facts: Sequence[Fact],
        *,
        by: str,
        reason: str,
        once: Once | None = None,
        signed: Mapping[int, Signed] | None = None,
    ) -> Sequence[Known]:
        """Write facts, all or none; many are drafted beside the busy writer."""
        wish = Wish(facts=facts, by=by, reason=reason, signed=signed or {})

        def drafted(db: Connection, book: Book, now: datetime) -> Draft:
            site, reading = self._hall.site, self._reading
            return draft(db, book, site, reading, wish=wish, now=now)

        def prepare(db: Connection) -> Draft | None:
            book = self._settings.book(db, shown).with_facts((), now)
            try:
                return drafted(db, book, now)
            except RuleError:
                return None  # the writer refuses it, unless it was told already

        shown, now = self._shown, self._hall.now()
        is_long = wish.size > MOST_AT_THE_WRITER
        ready = await self._hall.read(prepare) if is_long else None

        def act(work: Work) -> list[dict[str, Any]]:
            made = ready
            try:
                if made is None or made.after != ledger.head(work.db)[0]:
                    made = drafted(work.db, self._book_of(work.db), work.now)
                told = made.write(work)
            except BaseException:
                self._written = None  # it may hold what is rolled back now
                raise
            self._written = made.book
            return [asdict(each) for each in told]

        told = await self._hall.transact(
            lambda work: remembered(work, once, lambda: act(work))
        )
        return await self._hall.read(lambda db: known_after(db, self._reading, told))

    async def check(self, facts: Sequence[Fact]) -> Sequence[tuple[int, Mistake]]:
        """What `tell` would refuse."""
        book, now = await self._book(), self._hall.now()
        return await self._hall.read(
            lambda db: check(db, book, self._hall.site, facts, now)
        )

    async def aside(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run long work, a function of a module, in the process for it."""
        return await self.workers.run(work, *arguments)

    async def preview(self, facts: Sequence[Fact]) -> Sequence[DayChange]:
        """What `tell` would change, at most 1000 days."""
        book, now = await self._book(), self._hall.now()
        return await self._hall.read(
            lambda db: preview(db, book, self._settings, facts, now)
        )

    async def facts(self, kind: FactKind, query: FactQuery) -> Page[Known]:
        """Facts as they stand."""
        return await self._hall.read(
            lambda db: fact_page(db, self._reading, kind, query)
        )

    async def fact(self, kind: FactKind, key: str) -> Known:
        """One fact; raises `NotFoundError`."""

        def read(db: Connection) -> Known:
            row = standing.find_row(db, kind, key)
            if row is None:
                raise NotFoundError(f"no {kind} {key!r}")
            return standing.known(row, self._reading)

        return await self._hall.read(read)

    async def ledger(
        self, *, limit: int, offset: int, kind: str | None, key: str | None
    ) -> Page[Entry]:
        """The ledger, newest first."""
        found = await self._hall.read(
            lambda db: ledger.page(db, limit=limit, offset=offset, kind=kind, key=key)
        )
        items = [
            replace(each, at=each.at.astimezone(self._zone)) for each in found.items
        ]
        return Page(items=items, total=found.total)

    # -- clocks ------------------------------------------------------------------

    async def clocks(self) -> Sequence[ClockStanding]:
        """Every clock and its gaps, the worst first."""
        book, now, views = await self._book(), self._hall.now(), self._hall.devices()
        return await self._hall.read(lambda db: clock_standings(db, book, views, now))

    async def unknown_users(self) -> Sequence[UnknownUser]:
        """Numbers that punched and are nobody's."""
        book, today = await self._book(), self._hall.now().date()
        return await self._hall.read(lambda db: unknown_users(db, book, today))

    async def covers(self, from_day: date, to_day: date) -> Sequence[CoverStanding]:
        """Stand-ins that were due."""
        book = await self._book()
        return await self._hall.read(lambda db: stand_ins(db, book, from_day, to_day))

    async def tampers(
        self, *, limit: int, offset: int, device: str | None, kind: str | None
    ) -> Page[Tamper]:
        """What clocks said about being opened or changed."""
        book = await self._book()
        return await self._hall.read(
            lambda db: tamper_page(
                db, book, limit=limit, offset=offset, device=device, kind=kind
            )
        )

    # -- within ------------------------------------------------------------------

    async def _book(self) -> Book:
        """All facts, read anew when the ledger grew."""
        shown = self._shown
        book = await self._hall.read(lambda db: self._settings.book(db, shown))
        self._shown = book
        return book

    def _book_of(self, db: Connection) -> Book:
        """The writer's own book, as its transaction sees the facts."""
        self._written = self._settings.book(db, self._written)
        return self._written

    def _place(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> beside.Place:
        months.bounds(month)
        return beside.Place(
            site=self._hall.site,
            store=self._hall.store_path,
            now=self._hall.now(),
            month=month,
            person=person,
            department=department,
        )

    async def _is_long(self, month: str) -> bool:
        """Whether a month has so many days that a process takes them."""
        days = await self._hall.read(lambda db: months.count_days(db, month))
        return days > MANY_DAYS

    async def _do(self, once: Once | None, act: Callable[[Work], None]) -> None:
        def run(work: Work) -> list[dict[str, Any]]:
            act(work)
            return []

        await self._hall.transact(
            lambda work: remembered(work, once, lambda: run(work))
        )

    def _watch_stand_ins(self, work: Work) -> None:
        """An alarm while somebody is away and their stand-in is not there."""
        watch(work, self._book_of(work.db))
