"""What marked days follow from, read together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, select

from bridge.domain.attendance.inputs import Punch
from bridge.service.attendance.days.batches import Batch
from bridge.service.attendance.days.coverage import coverage
from bridge.service.attendance.days.dirty import Marks
from bridge.service.attendance.facts.book import Book, day_start, enrolments_of
from bridge.service.attendance.told import FactKind
from bridge.store.tables import punch

BATCH_DAYS: Final = 400
"""Days of people in one batch: a worker takes them in a fraction of a second."""
LONGEST_PAST: Final = timedelta(days=400)
"""So far back people are counted whose first day nobody told."""
FIRST_PUNCH_YEAR: Final = 2010
FEW_NUMBERS: Final = 300
DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Targets:
    """Days to conclude, and days whose rows must go, by person."""

    days: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    gone: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))

    def batches(self) -> Iterator[dict[str, list[date]]]:
        """The days in batches, a month at a time: punches are read by time."""
        months: dict[str, dict[str, list[date]]] = defaultdict(dict)
        for person, days in self.days.items():
            for day in sorted(days):
                months[f"{day:%Y-%m}"].setdefault(person, []).append(day)
        for month in sorted(months, reverse=True):
            batch: dict[str, list[date]] = {}
            size = 0
            for person, held in months[month].items():
                batch[person] = held
                size += len(held)
                if size >= BATCH_DAYS:
                    yield batch
                    batch, size = {}, 0
            if batch:
                yield batch


class HasRow:
    """Which days of a person have a row now."""

    def __init__(self, rows: Mapping[str, Sequence[date]]) -> None:
        self._rows = rows

    def __call__(self, person: str, first: date, last: date) -> Iterator[date]:
        """Days with a row, ends included."""
        for day in self._rows.get(person, ()):
            if first <= day <= last:
                yield day


def expand(
    marks: Marks, book: Book, *, today: date, beginning: date, has_row: HasRow
) -> Targets:
    """Days of people from marks. `beginning`: no row stands before it."""
    targets = Targets()
    people = book.people
    firsts = {name: first_day(book, name, beginning) for name in people}
    for mark in marks.users:
        for day in (mark.day - DAY, mark.day, mark.day + DAY):
            owner = book.owner(mark.user_id, day)
            if owner is not None and firsts[owner.id] <= day <= _last(
                book, owner.id, today
            ):
                targets.days[owner.id].add(day)
    for span in marks.spans:
        names = [span.person] if span.person is not None else list(people)
        for name in names:
            first, last = (
                (firsts[name], _last(book, name, today))
                if name in people
                else (date.max, date.min)
            )
            for day in _days(max(span.first, first), min(span.last, last)):
                targets.days[name].add(day)
            for day in has_row(name, span.first, span.last):
                if not first <= day <= last:
                    targets.gone[name].add(day)
    return targets


def first_day(book: Book, person: str, beginning: date) -> date:
    """The first day that is counted: joined, or posted, or known so long."""
    joined = book.people[person].joined
    if joined is None:
        postings = book.schedule().postings.get(person, ())
        told = book.kept[FactKind.PERSON][person].told.astimezone(book.zone).date()
        joined = postings[0].valid_from if postings else told - LONGEST_PAST
    return max(joined, beginning)


def _last(book: Book, person: str, today: date) -> date:
    return min(book.people[person].left or today, today)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


def beginning_of(db: Connection, since: date | None, today: date, book: Book) -> date:
    """The first day of the hall's attendance.

    As set; else of the first real punch, or of the first person who was told.
    """
    if since is not None:
        return since
    first = db.execute(
        select(punch.c.time)
        .where(punch.c.time >= datetime(FIRST_PUNCH_YEAR, 1, 1, tzinfo=UTC))
        .order_by(punch.c.time)
        .limit(1)
    ).scalar_one_or_none()
    told = [kept.told for kept in book.kept[FactKind.PERSON].values()]
    moments: list[datetime] = [*([first] if first is not None else []), *told]
    return min([today, *(moment.astimezone(book.zone).date() for moment in moments)])


def gather(
    db: Connection, book: Book, days: Mapping[str, Sequence[date]], now: datetime
) -> Batch:
    """The batch of some days."""
    first = min(min(each) for each in days.values())
    last = max(max(each) for each in days.values())
    decided = {
        (name, day): found
        for name, each in days.items()
        for day in each
        if (found := book.decided(name, day)) is not None
    }
    punches = punches_of(db, book, days, first, last)
    seen = {each.id for held in punches.values() for each in held}
    return Batch(
        people={name: book.people[name] for name in days},
        days=days,
        schedule=book.narrowed(days),
        punches=punches,
        decided=decided,
        confirmations={
            number: each
            for number, each in book.confirmations().items()
            if number in seen
        },
        coverage=coverage(db, book.clocks, book.verdicts, book.zone),
        now=now,
    )


def punches_of(
    db: Connection, book: Book, people: Iterable[str], first: date, last: date
) -> dict[str, list[Punch]]:
    """Punches by person, by time, from a day before to a day after.

    With those that a clock dated wrong and that came, or were confirmed to be, then.
    """
    wanted = {name: book.people[name] for name in people}
    numbers = {number for who in wanted.values() for number, _, _ in enrolments_of(who)}
    start, end = day_start(first - DAY, book.zone), day_start(last + 2 * DAY, book.zone)
    confirmed = [
        each.punch
        for each in book.confirmations().values()
        if each.time is not None and start <= each.time < end
    ]
    found: dict[str, dict[int, Punch]] = defaultdict(dict)
    for condition, by_time in (
        (and_(punch.c.time >= start, punch.c.time < end), True),
        (
            and_(
                punch.c.flags != "", punch.c.received >= start, punch.c.received < end
            ),
            False,
        ),
        (punch.c.id.in_(confirmed), False),
    ):
        query = select(punch).where(condition)
        if len(numbers) <= FEW_NUMBERS:
            query = query.where(punch.c.user_id.in_(sorted(numbers)))
        for row in db.execute(query):
            moment = row.time if by_time else row.received
            owner = book.owner(row.user_id, moment.astimezone(book.zone).date())
            if owner is not None and owner.id in wanted:
                found[owner.id].setdefault(row.id, _punch(row, book))
    return {
        name: sorted(held.values(), key=lambda each: (each.time, each.id))
        for name, held in found.items()
    }


def _punch(row: Row[Any], book: Book) -> Punch:
    return Punch(
        id=row.id,
        user_id=row.user_id,
        time=row.time.astimezone(book.zone),
        direction=row.direction,
        device=row.device,
        received=row.received.astimezone(book.zone),
        flags=tuple(row.flags.split(",")) if row.flags else (),
        drift_s=row.drift_s,
    )
