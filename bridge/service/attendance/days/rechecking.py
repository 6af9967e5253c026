"""Whether the rows of a month are what follows from the facts: before it is signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sqlalchemy import Connection, select

from bridge.domain.attendance.results import DayResult
from bridge.service.attendance.days.batches import conclude_batch
from bridge.service.attendance.days.dirty import Marks, Span
from bridge.service.attendance.days.gathering import (
    HasRow,
    beginning_of,
    expand,
    gather,
)
from bridge.service.attendance.days.rows import says_the_same, unpack
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.months import bounds
from bridge.service.attendance.settings import Settings
from bridge.store.tables.attendance import day_row


def differing(
    db: Connection, book: Book, settings: Settings, month: str, now: datetime
) -> list[Span]:
    """Days of a month whose rows say something else, are missing, or too many."""
    first, last = bounds(month)
    kept = _rows(db, first, last)
    held: dict[str, list[date]] = defaultdict(list)
    for person, day in kept:
        held[person].append(day)
    targets = expand(
        Marks(0, [Span(None, first, last)], ()),
        book,
        today=now.date(),
        beginning=beginning_of(db, settings.since, now.date(), book),
        has_row=HasRow(held),
    )
    due = {(who, day) for who, days in targets.days.items() for day in days}
    found = [Span(who, day, day) for who, day in sorted(kept.keys() - due)]
    for days in targets.batches():
        for result in conclude_batch(gather(db, book, days, now)):
            found.extend(_differs(result, kept))
    return found


def _differs(
    result: DayResult, kept: Mapping[tuple[str, date], bytes]
) -> Iterator[Span]:
    data = kept.get((result.person, result.day))
    if data is None or not says_the_same(unpack(data), result):
        yield Span(result.person, result.day, result.day)


def _rows(db: Connection, first: date, last: date) -> dict[tuple[str, date], bytes]:
    rows = db.execute(
        select(day_row.c.person, day_row.c.day, day_row.c.data).where(
            day_row.c.day >= first.isoformat(), day_row.c.day <= last.isoformat()
        )
    )
    return {(row.person, date.fromisoformat(row.day)): row.data for row in rows}
