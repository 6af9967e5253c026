"""What cannot be told: each fact is held against what stands already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import Connection, Row, select

from bridge.domain.attendance.days import STATES_BY_CORRECTION
from bridge.domain.attendance.facts import (
    CalendarDay,
    Confirmation,
    Correction,
    CorrectionKind,
    Cover,
    GapVerdict,
    Leave,
    Person,
    Posting,
    Session,
    Shift,
    SpotCheck,
    Status,
)
from bridge.domain.attendance.mistakes import Mistake, mistake
from bridge.domain.attendance.plan import plan_day
from bridge.service.attendance.closed import closed_months
from bridge.service.attendance.days.coverage import clocks_of
from bridge.service.attendance.facts.book import Book, enrolments_of
from bridge.service.attendance.facts.kinds import DECIDED
from bridge.service.attendance.facts.standing import find_row
from bridge.service.attendance.told import Fact, FactKind, Removal
from bridge.store.tables import punch
from bridge.store.tables.attendance import clock_gap
from devices.site import Site

LONGEST_LEAVE: Final = timedelta(days=400)
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2099, 12, 31)
AHEAD: Final = timedelta(minutes=5)

_DAY_MIN: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What facts are held against; `closed`: months (yyyy-mm) that are signed."""

    db: Connection
    book: Book
    site: Site
    now: datetime
    closed: frozenset[str]

    @classmethod
    def of(cls, db: Connection, book: Book, site: Site, now: datetime) -> Self:
        """Of the state that a connection sees."""
        return cls(db=db, book=book, site=site, now=now, closed=closed_months(db))

    @property
    def today(self) -> date:
        """The hall's day."""
        return self.now.astimezone(self.book.zone).date()


def find_punch(db: Connection, number: int) -> Row[Any] | None:
    """A stored punch."""
    return db.execute(select(punch).where(punch.c.id == number)).first()


def mistakes(fact: Fact, bench: Bench) -> Iterator[Mistake]:
    """Everything that is wrong with a fact; a decision has a check of its own."""
    check = _CHECKS.get(type(fact))
    if check is not None:
        yield from check(fact, bench)


def _person(fact: Person, bench: Bench) -> Iterator[Mistake]:
    if fact.joined and fact.left and fact.left < fact.joined:
        yield mistake("left_early", "left", left=fact.left, joined=fact.joined)
    spans = enrolments_of(fact)
    for index, (number, first, last) in enumerate(spans):
        if first > last:
            yield mistake("number_order", "enrolments", number=number)
        for other, begin, end in spans[:index]:
            if other == number and begin <= last and first <= end:
                yield mistake("number_twice", "enrolments", number=number)
    for number, first, last in spans:
        for owner, begin, end in bench.book.owners(number):
            if owner.id != fact.id and begin <= last and first <= end:
                yield mistake(
                    "number_taken",
                    "enrolments",
                    number=number,
                    person=owner.id,
                    name=owner.name,
                )


def _shift(fact: Shift, _bench: Bench) -> Iterator[Mistake]:
    yield from _sessions(fact.sessions)
    for number, variant in enumerate(fact.variants, start=1):
        yield from _sessions(variant.sessions, number)
        if (variant.season_from is None) != (variant.season_to is None):
            yield mistake("season", "variants", variant=number)
        if variant.season_from is None and not variant.weekdays:
            yield mistake("variant_when", "variants", variant=number)
    if not fact.follows_calendar and not fact.weekdays:
        yield mistake("weekdays", "weekdays")


def _sessions(sessions: Sequence[Session], variant: int = 0) -> Iterator[Mistake]:
    where, of = ("variants", "_variant") if variant else ("sessions", "")
    weights = sum(session.weight for session in sessions)
    if len(sessions) > 1 and weights > 1.0001:
        yield mistake(f"weights{of}", where, variant=variant, sum=weights)
    end_before: int | None = None
    crossed = False
    for session in sessions:
        start, end = _minutes(session)
        if crossed and session.start < sessions[0].start:
            start, end = start + _DAY_MIN, end + _DAY_MIN
        crossed = crossed or session.end <= session.start
        if end_before is not None and start < end_before:
            yield mistake(f"sessions{of}", where, variant=variant, start=session.start)
        end_before = end


def _minutes(session: Session) -> tuple[int, int]:
    start = session.start.hour * 60 + session.start.minute
    end = session.end.hour * 60 + session.end.minute
    return start, end if end > start else end + _DAY_MIN


def _posting(fact: Posting, bench: Bench) -> Iterator[Mistake]:
    yield from _known_person(fact.person, bench)
    yield from _range(fact.valid_from, fact.valid_to)
    named = [fact.shift] if not fact.rotation else list(fact.rotation)
    if fact.shift is None and not fact.rotation:
        yield mistake("shift_or_rotation", "shift")
    for name in sorted({name for name in named if name is not None}):
        if name not in bench.book.shift_ids:
            where = "rotation" if fact.rotation else "shift"
            yield mistake("no_shift", where, shift=name)
    if fact.counter is not None and bench.site.counter(fact.counter) is None:
        yield mistake("no_counter", "counter", counter=fact.counter)
    for clock in fact.clocks:
        if clock not in clocks_of(bench.site):
            yield mistake("no_clock", "clocks", clock=clock)


def _calendar_day(fact: CalendarDay, _bench: Bench) -> Iterator[Mistake]:
    if not EARLIEST <= fact.day <= LATEST:
        yield mistake("day_far", "day", day=fact.day)


def _leave(fact: Leave, bench: Bench) -> Iterator[Mistake]:
    yield from _known_person(fact.person, bench)
    if fact.cover is not None:
        yield from _known_person(fact.cover, bench, "cover")
        if fact.cover == fact.person:
            yield mistake("self", "cover")
    if fact.start.tzinfo is None or fact.end.tzinfo is None:
        yield mistake("offset", "start")
        return
    if fact.end <= fact.start:
        yield mistake("order", "end")
        return
    if fact.end - fact.start > LONGEST_LEAVE:
        yield mistake("long", "end", days=LONGEST_LEAVE.days)
        return
    yield from _not_again(fact.id, FactKind.LEAVE, bench)
    for key, kept in bench.book.leaves_of(fact.person):
        other: Leave = kept.fact
        if (
            key != fact.id
            and kept.status in {Status.PENDING, Status.APPROVED}
            and other.start < fact.end
            and fact.start < other.end
        ):
            yield mistake("overlap", "start", key=key, status=kept.status)
    zone = bench.book.zone
    first, last = fact.start.astimezone(zone).date(), fact.end.astimezone(zone).date()
    yield from _open_months(first, last, bench, "start")


def _correction(fact: Correction, bench: Bench) -> Iterator[Mistake]:
    yield from _known_person(fact.person, bench)
    yield from _not_again(fact.id, FactKind.CORRECTION, bench)
    yield from _open_months(fact.day, fact.day, bench, "day")
    if fact.day > bench.today:
        yield mistake("not_over", "day", day=fact.day)
    match fact.kind:
        case CorrectionKind.PUNCH:
            if fact.time is None or fact.time.tzinfo is None:
                yield mistake("punch_time", "time")
            elif abs(fact.time.astimezone(bench.book.zone).date() - fact.day).days > 1:
                yield mistake("punch_day", "time")
            elif fact.time > bench.now + AHEAD:
                yield mistake("not_come", "time")
        case CorrectionKind.VOID:
            row = find_punch(bench.db, fact.punch) if fact.punch is not None else None
            if row is None:
                yield mistake("needs_punch", "punch")
            else:
                yield from _own_punch(row, fact, bench)
        case CorrectionKind.STATE:
            if fact.state not in STATES_BY_CORRECTION:
                known = ", ".join(sorted(STATES_BY_CORRECTION))
                yield mistake("no_state", "state", state=fact.state, known=known)
            yield from _own_session(fact, bench)


def _own_session(fact: Correction, bench: Bench) -> Iterator[Mistake]:
    person = bench.book.people.get(fact.person)
    if fact.session is None or person is None:
        return
    due = plan_day(bench.book.schedule(), person, fact.day, bench.book.zone).due
    if fact.session >= len(due):
        yield mistake("no_session", "session", session=fact.session, count=len(due))


def _own_punch(row: Row[Any], fact: Correction, bench: Bench) -> Iterator[Mistake]:
    day = row.time.astimezone(bench.book.zone).date()
    owner = bench.book.owner(row.user_id, day)
    if owner is None or owner.id != fact.person:
        yield mistake("not_theirs", "punch", punch=row.id, person=fact.person)


def _confirmation(fact: Confirmation, bench: Bench) -> Iterator[Mistake]:
    row = find_punch(bench.db, fact.punch)
    if row is None:
        yield mistake("no_punch", "punch", punch=fact.punch)
        return
    if fact.time is not None and fact.time.tzinfo is None:
        yield mistake("time_offset", "time")
        return
    day = (fact.time or row.time).astimezone(bench.book.zone).date()
    yield from _open_months(day, day, bench)


def _spot_check(fact: SpotCheck, bench: Bench) -> Iterator[Mistake]:
    yield from _not_again(fact.id, FactKind.SPOT_CHECK, bench)
    if fact.person is not None:
        yield from _known_person(fact.person, bench)
    if fact.time.tzinfo is None:
        yield mistake("time_offset", "time")
    elif fact.time > bench.now + AHEAD:
        yield mistake("not_come", "time")


def _cover(fact: Cover, bench: Bench) -> Iterator[Mistake]:
    yield from _known_person(fact.a, bench, "a")
    yield from _known_person(fact.b, bench, "b")
    if fact.a == fact.b:
        yield mistake("self", "b")
    yield from _range(fact.valid_from, fact.valid_to)


def _gap_verdict(fact: GapVerdict, bench: Bench) -> Iterator[Mistake]:
    if fact.start.tzinfo is None or fact.end.tzinfo is None:
        yield mistake("offset", "start")
        return
    found = bench.db.execute(
        select(clock_gap.c.id).where(
            clock_gap.c.device == fact.device, clock_gap.c.start == fact.start
        )
    ).first()
    if found is None:
        yield mistake("no_gap", "start", device=fact.device)
    if fact.end <= fact.start:
        yield mistake("order", "end")


def _removal(fact: Removal, bench: Bench) -> Iterator[Mistake]:
    row = find_row(bench.db, fact.kind, fact.key)
    if row is None or row.status == Status.CANCELLED:
        yield mistake("no_fact", "key", kind=fact.kind, key=fact.key)
    elif fact.kind in DECIDED and row.first_day is not None:
        first, last = (
            date.fromisoformat(row.first_day),
            date.fromisoformat(row.last_day),
        )
        yield from _open_months(first, last, bench)
    elif fact.kind is FactKind.SHIFT:
        yield from _unused_shift(fact.key, bench)


def _unused_shift(key: str, bench: Bench) -> Iterator[Mistake]:
    """The last version of a shift stays while a posting names it."""
    name = key.partition("@")[0]
    shifts = bench.book.kept[FactKind.SHIFT]
    if any(other != key and kept.fact.id == name for other, kept in shifts.items()):
        return
    users = sorted(
        posting.id
        for posting in (
            kept.fact for kept in bench.book.kept[FactKind.POSTING].values()
        )
        if name == posting.shift or name in posting.rotation
    )
    if users:
        yield mistake(
            "shift_in_use", "key", shift=name, count=len(users), posting=users[0]
        )


def _known_person(
    person: str, bench: Bench, field: str = "person"
) -> Iterator[Mistake]:
    if person not in bench.book.kept[FactKind.PERSON]:
        yield mistake("no_person", field, person=person)


def _not_again(key: str, kind: FactKind, bench: Bench) -> Iterator[Mistake]:
    kept = bench.book.kept.get(kind)
    is_there = (
        key in kept if kept is not None else find_row(bench.db, kind, key) is not None
    )
    if key and is_there:
        yield mistake("again", kind=kind, key=key)


def _range(first: date, last: date | None) -> Iterator[Mistake]:
    if last is not None and last < first:
        yield mistake("range", "valid_to", first=first, last=last)
    if not EARLIEST <= first <= LATEST:
        yield mistake("day_far", "valid_from", day=first)


def _open_months(
    first: date, last: date, bench: Bench, field: str = ""
) -> Iterator[Mistake]:
    month = first.replace(day=1)
    while month <= last:
        if f"{month:%Y-%m}" in bench.closed:
            yield mistake("closed", field, month=f"{month:%Y-%m}")
        month = (month + timedelta(days=32)).replace(day=1)


_CHECKS: Final[Mapping[type, Callable[[Any, Bench], Iterator[Mistake]]]] = {
    Person: _person,
    Shift: _shift,
    Posting: _posting,
    CalendarDay: _calendar_day,
    Leave: _leave,
    Correction: _correction,
    Confirmation: _confirmation,
    SpotCheck: _spot_check,
    Cover: _cover,
    GapVerdict: _gap_verdict,
    Removal: _removal,
}
