"""Concludes what was marked, again and again, beside everything else.

Marks are read, their days concluded in batches, rows written in small
transactions, and only then are the marks dropped: a crash repeats work, it
never skips any.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.domain.attendance.calendar import known_until
from bridge.service.attendance.closed import closed_months
from bridge.service.attendance.days.batches import pack_batch
from bridge.service.attendance.days.coverage import Report, is_committed, take
from bridge.service.attendance.days.dirty import (
    Marks,
    Span,
    drop_marks,
    mark_rows,
    mark_spans,
    take_marks,
)
from bridge.service.attendance.days.gathering import (
    DAY,
    HasRow,
    Targets,
    beginning_of,
    expand,
    gather,
)
from bridge.service.attendance.days.rows import PackedDay, says_the_same, unpack
from bridge.service.attendance.days.workers import Workers
from bridge.service.attendance.facts.book import Book
from bridge.service.days import meta_value, set_meta
from bridge.service.work import Store, Work
from bridge.store.errors import StoreError
from bridge.store.tables import punch
from bridge.store.tables.attendance import day_row

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
TICK_EVERY_S: Final = 30.0
FEW_DAYS: Final = 300
"""So many days are concluded in a thread; more go to a process."""
ROWS_AT_ONCE: Final = 50
"""Rows in one transaction: the writer must be free for presses."""
STALE: Final = timedelta(minutes=5)
"""How old a row of today may be: clocks are read all the time."""
FLOOD: Final = 500
"""Punches between two looks that are somebody's whole log."""
MOST_GIVEN_WAY: Final = 60
"""So many looks in a row are put off; then days are concluded all the same."""
OPENED: Final = "attendance_opened"
BEGUN: Final = "attendance_begun"
CALENDAR_ALARM: Final = "calendar-ends"
CALENDAR_AHEAD: Final = timedelta(days=60)


class Engine:
    """Keeps `day_row` true to the marks, the clock and the coverage of clocks."""

    def __init__(
        self,
        store: Store,
        *,
        book: Callable[[], Awaitable[Book]],
        now: Callable[[], datetime],
        since: date | None,
        reports: Callable[[], Iterable[Report]],
        workers: Workers,
    ) -> None:
        self._store = store
        self._book = book
        self._now = now
        self._since = since
        self._reports = reports
        self._workers = workers
        self._known: dict[str, Report] = {}
        self._turn = asyncio.Lock()
        self.ticked: list[Callable[[Work], None]] = []
        """What else is to be looked at now and then, in a transaction."""
        self.rounds: list[Callable[[], Awaitable[object]]] = []
        """What else is to be done now and then, beside the writer."""
        self.reason = ""
        self._newest = 0
        self._given_way = 0

    async def run(self) -> None:
        """Work until cancelled; a failure is told once and tried again."""
        ticked = -TICK_EVERY_S
        loop = asyncio.get_running_loop()
        while True:
            try:
                if await self._gives_way():
                    await asyncio.sleep(LOOK_EVERY_S)
                    continue
                is_due = loop.time() - ticked >= TICK_EVERY_S
                if is_due:
                    ticked = loop.time()
                if not await self._look(ticks=is_due):
                    await asyncio.sleep(LOOK_EVERY_S)
                self.reason = ""
            except StoreError:
                await asyncio.sleep(LOOK_EVERY_S)  # the writer tells it
            except Exception as error:  # one bad day must not stop attendance for good
                if not self.reason:
                    log.exception("attendance cannot be worked out")
                self.reason = f"attendance cannot be worked out: {error}"
                await asyncio.sleep(TICK_EVERY_S)

    async def _gives_way(self) -> bool:
        """Whether a clock's log is coming in: its days can wait, its punches not."""
        newest = await self._store.read(_newest_punch)
        grown, self._newest = newest - self._newest, newest
        if grown > FLOOD and self._given_way < MOST_GIVEN_WAY:
            self._given_way += 1
            return True
        self._given_way = 0
        return False

    async def settle(self) -> None:
        """Look at everything now and work until nothing is marked."""
        is_due = True
        while await self._look(ticks=is_due) or is_due:
            is_due = False

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Let no row be written meanwhile."""
        async with self._turn:
            yield

    async def _look(self, *, ticks: bool) -> bool:
        """One look at everything, one after the other; whether there was work.

        A report is never taken between the reading of a day's inputs and the
        writing of its row: what it makes final would stay open.
        """
        async with self._turn:
            await self._take_reports()
            if ticks:
                await self._tick()
                for each in self.rounds:
                    await each()
            return await self._work()

    async def _work(self) -> bool:
        """Conclude what is marked now; whether there was anything."""
        marks = await self._store.read(take_marks)
        if not marks.upto:
            return False
        book, now = await self._book(), self._now()
        targets, batches = await self._store.read(
            lambda db: _batches(_targets(db, book, marks, self._since, now.date()))
        )
        for days in batches:
            batch = await self._store.read(
                lambda db, days=days: gather(db, book, days, now)  # type: ignore[misc]
            )
            if batch.size <= FEW_DAYS:
                rows = await asyncio.to_thread(pack_batch, batch)
            else:
                rows = await self._workers.run(pack_batch, batch)
            await self._write(rows, now)
        await self._remove(targets)
        await self._store.transact(lambda work: drop_marks(work, marks.upto))
        return True

    async def _tick(self) -> None:
        """Open new days, look again at what time alone changes, watch the calendar."""
        book = await self._book()

        def look(work: Work) -> None:
            _open_days(work, book, self._since)
            _look_again(work)
            _watch_calendar(work, book)
            for more in self.ticked:
                more(work)

        await self._store.transact(look)

    async def _take_reports(self) -> None:
        fresh = [
            report
            for report in self._reports()
            if self._known.get(report.device) != report
        ]
        if not fresh:
            return
        committed = await self._store.read(
            lambda db: [report for report in fresh if is_committed(db, report)]
        )
        if committed:
            await self._store.transact(lambda work: _take_all(work, committed))
            self._known.update({report.device: report for report in committed})

    async def _write(self, rows: Sequence[PackedDay], now: datetime) -> None:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            await self._store.transact(lambda work, part=part: write(work, part, now))  # type: ignore[misc]

    async def _remove(self, targets: Targets) -> None:
        gone = [(day, person) for person, days in targets.gone.items() for day in days]
        if gone:
            await self._store.transact(lambda work: remove(work, gone))


def _newest_punch(db: Connection) -> int:
    return db.execute(select(func.max(punch.c.id))).scalar() or 0


def _take_all(work: Work, committed: Iterable[Report]) -> None:
    for report in committed:
        take(work, report)


def write(work: Work, rows: Sequence[PackedDay], now: datetime) -> None:
    """Keep rows; those of a closed month stand, and what differs is put beside."""
    closed = closed_months(work.db)
    open_rows = [row for row in rows if row.day[:7] not in closed]
    if open_rows:
        make = (
            postgresql.insert if work.db.dialect.name == "postgresql" else sqlite.insert
        )
        statement = make(day_row)
        names = ("states", "final", "next_look", "ends", "computed", "data", "pending")
        statement = statement.on_conflict_do_update(
            index_elements=["day", "person"],
            set_={name: getattr(statement.excluded, name) for name in names},
        )
        work.db.execute(statement, [_values(row, now) for row in open_rows])
    for row in rows:
        if row.day[:7] in closed:
            _put_beside(work, row)


def remove(work: Work, rows: Iterable[tuple[date, str]]) -> None:
    """Drop rows of people who were not here; those of a closed month stand."""
    closed = closed_months(work.db)
    for day, person in rows:
        if f"{day:%Y-%m}" not in closed:
            work.db.execute(
                delete(day_row).where(
                    day_row.c.day == day.isoformat(), day_row.c.person == person
                )
            )


def _values(row: PackedDay, now: datetime) -> dict[str, Any]:
    return {
        "day": row.day,
        "person": row.person,
        "states": row.states,
        "final": row.final,
        "next_look": row.next_look,
        "ends": row.ends,
        "computed": now,
        "data": row.data,
        "pending": None,
    }


def _put_beside(work: Work, row: PackedDay) -> None:
    here = (day_row.c.day == row.day, day_row.c.person == row.person)
    kept = work.db.execute(select(day_row.c.data).where(*here)).scalar_one_or_none()
    if kept is None:
        return  # somebody who came to the list after the month was signed
    same = says_the_same(unpack(kept), unpack(row.data))
    work.db.execute(
        day_row.update().where(*here).values(pending=None if same else row.data)
    )


def _targets(
    db: Connection, book: Book, marks: Marks, since: date | None, today: date
) -> Targets:
    rows: dict[str, list[date]] = defaultdict(list)
    if marks.spans:
        names = {span.person for span in marks.spans}
        query = select(day_row.c.person, day_row.c.day)
        if None not in names:
            query = query.where(day_row.c.person.in_(sorted(filter(None, names))))
        for row in db.execute(query):
            rows[row.person].append(date.fromisoformat(row.day))
        if None in names:
            marks = Marks(
                marks.upto,
                [
                    *marks.spans,
                    *(
                        Span(person, span.first, span.last)
                        for span in marks.spans
                        if span.person is None
                        for person in rows
                        if person not in book.people
                    ),
                ],
                marks.users,
            )
    beginning = beginning_of(db, since, today, book)
    return expand(marks, book, today=today, beginning=beginning, has_row=HasRow(rows))


def _batches(targets: Targets) -> tuple[Targets, list[dict[str, list[date]]]]:
    """Off the event loop: a year of a hall is 182,500 days."""
    return targets, list(targets.batches())


def _open_days(work: Work, book: Book, since: date | None) -> None:
    """Give everybody a row for each day that began since the last look.

    And for days before, when the hall's attendance turns out to begin earlier.
    """
    today = work.now.date()
    last, begun = meta_value(work, OPENED), meta_value(work, BEGUN)
    if last is None or last < today.isoformat():
        first = date.fromisoformat(last) + DAY if last else today
        mark_spans(work, [Span(None, first, today)])
        set_meta(work, OPENED, today.isoformat())
    beginning = beginning_of(work.db, since, today, book).isoformat()
    if begun is None or beginning < begun:
        end = date.fromisoformat(begun) - DAY if begun else today
        mark_spans(work, [Span(None, date.fromisoformat(beginning), end)])
    if beginning != begun:
        set_meta(work, BEGUN, beginning)


def _look_again(work: Work) -> None:
    table = day_row
    rows = work.db.execute(
        select(table.c.person, table.c.day).where(
            table.c.final.is_(False),
            or_(
                table.c.next_look <= work.now,
                and_(table.c.day == work.today, table.c.computed <= work.now - STALE),
            ),
        )
    ).all()
    mark_rows(work, rows)


def _watch_calendar(work: Work, book: Book) -> None:
    known = known_until(book.schedule().calendar, work.now.date())
    if book.people and known - work.now.date() < CALENDAR_AHEAD:
        work.raise_alarm(
            CALENDAR_ALARM,
            "attendance",
            f"holidays are known up to {known} only; import the list of the year "
            f"{known.year + 1} (halld import calendar), or its days stay unknown",
        )
    else:
        work.end_alarm(CALENDAR_ALARM, "attendance")
