"""What facts would change, without writing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, select

from bridge.domain.attendance.mistakes import Mistake
from bridge.service.attendance.days.batches import conclude_batch
from bridge.service.attendance.days.dirty import Marks
from bridge.service.attendance.days.gathering import (
    HasRow,
    Targets,
    beginning_of,
    expand,
    gather,
)
from bridge.service.attendance.days.rows import says_the_same, unpack
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.facts.checks import Bench, mistakes
from bridge.service.attendance.facts.telling import spans_of
from bridge.service.attendance.settings import Settings
from bridge.service.attendance.told import Fact
from bridge.service.attendance.views import DayChange
from bridge.store.tables.attendance import day_row
from devices.site import Site

MOST: Final = 1000
MOST_LOOKED_AT: Final = 20_000
"""Days: a change of everybody's hours is shown by its newest months."""


def preview(
    db: Connection, book: Book, settings: Settings, facts: Sequence[Fact], now: datetime
) -> list[DayChange]:
    """The days that would differ, the newest months first."""
    today = now.date()
    later = book.with_facts(facts, now)
    spans = [span for fact in facts for span in spans_of(book, fact, today)]
    targets = expand(
        Marks(0, spans, ()),
        later,
        today=today,
        beginning=beginning_of(db, settings.since, today, book),
        has_row=HasRow(_rows_of(db, {span.person for span in spans if span.person})),
    )
    changes = list(_gone(db, book, targets))
    looked_at = 0
    for days in targets.batches():
        batch = gather(db, later, days, now)
        for result in conclude_batch(batch):
            kept = db.execute(
                select(day_row.c.data).where(
                    day_row.c.day == result.day.isoformat(),
                    day_row.c.person == result.person,
                )
            ).scalar_one_or_none()
            before = unpack(kept) if kept is not None else None
            if before is None or not says_the_same(before, result):
                changes.append(
                    DayChange(
                        person=result.person,
                        name=later.people[result.person].name,
                        day=result.day,
                        before=before,
                        after=result,
                    )
                )
        looked_at += batch.size
        if len(changes) >= MOST or looked_at >= MOST_LOOKED_AT:
            break
    return changes[:MOST]


def _rows_of(db: Connection, people: Iterable[str]) -> Mapping[str, Sequence[date]]:
    """Days of people that have a row."""
    days: dict[str, list[date]] = {}
    query = select(day_row.c.person, day_row.c.day).where(
        day_row.c.person.in_(sorted(people))
    )
    for row in db.execute(query):
        days.setdefault(row.person, []).append(date.fromisoformat(row.day))
    return days


def _gone(db: Connection, book: Book, targets: Targets) -> Iterator[DayChange]:
    """Days that would have no row any more, the newest first."""
    for person, days in targets.gone.items():
        query = (
            select(day_row.c.day, day_row.c.data)
            .where(
                day_row.c.person == person,
                day_row.c.day.in_([day.isoformat() for day in days]),
            )
            .order_by(day_row.c.day.desc())
        )
        known = book.people.get(person)
        for row in db.execute(query):
            yield DayChange(
                person=person,
                name=known.name if known is not None else person,
                day=date.fromisoformat(row.day),
                before=unpack(row.data),
                after=None,
            )


def check(
    db: Connection, book: Book, site: Site, facts: Sequence[Fact], now: datetime
) -> list[tuple[int, Mistake]]:
    """What `tell` would refuse, each fact held against those before it."""
    later = book.with_facts((), now)
    bench = Bench.of(db, later, site, now)
    found: list[tuple[int, Mistake]] = []
    for place, fact in enumerate(facts):
        wrong = list(mistakes(fact, bench))
        found.extend((place, mistake) for mistake in wrong)
        if not wrong:
            later.take(fact, now, place)
    return found
