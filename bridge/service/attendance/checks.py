"""What cannot be told: each fact is held against what stands already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

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
from bridge.service.attendance.book import Book, enrolments_of
from bridge.service.attendance.coverage import clocks_of
from bridge.service.attendance.kinds import DECIDED
from bridge.service.attendance.port import Fact, FactKind, Removal
from bridge.service.attendance.standing import find_row
from bridge.store.attendance_tables import clock_gap, month_state
from bridge.store.tables import punch
from devices.site import Site

LONGEST_LEAVE: Final = timedelta(days=400)
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2099, 12, 31)
AHEAD: Final = timedelta(minutes=5)

_DAY_MIN: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a fact is held against."""

    db: Connection
    book: Book
    site: Site
    now: datetime

    @property
    def today(self) -> date:
        """The hall's day."""
        return self.now.astimezone(self.book.zone).date()

    def closed(self, day: date) -> bool:
        """Whether the month of a day is closed."""
        return bool(
            self.db.execute(
                select(month_state.c.closed).where(
                    month_state.c.month == f"{day:%Y-%m}"
                )
            ).scalar_one_or_none()
        )

    def punch(self, number: int) -> Row[Any] | None:
        """A stored punch."""
        return self.db.execute(select(punch).where(punch.c.id == number)).first()


def mistakes(fact: Fact, bench: Bench) -> Iterator[str]:
    """Everything that is wrong with a fact; a decision has a check of its own."""
    check = _CHECKS.get(type(fact))
    if check is not None:
        yield from check(fact, bench)


def _person(fact: Person, bench: Bench) -> Iterator[str]:
    if fact.joined and fact.left and fact.left < fact.joined:
        yield f"left {fact.left} is before joined {fact.joined}"
    spans = enrolments_of(fact)
    for index, (number, first, last) in enumerate(spans):
        if first > last:
            yield f"number {number} ends before it begins"
        for other, begin, end in spans[:index]:
            if other == number and begin <= last and first <= end:
                yield f"number {number} stands twice"
    for number, first, last in spans:
        for owner, begin, end in bench.book.owners(number):
            if owner.id != fact.id and begin <= last and first <= end:
                yield (
                    f"number {number} belongs to {owner.id} {owner.name} at that "
                    "time; end that first"
                )


def _shift(fact: Shift, _bench: Bench) -> Iterator[str]:
    yield from _sessions(fact.sessions, "")
    for index, variant in enumerate(fact.variants):
        yield from _sessions(variant.sessions, f"variant {index + 1}: ")
        if (variant.season_from is None) != (variant.season_to is None):
            yield f"variant {index + 1}: a season needs season_from and season_to"
        if variant.season_from is None and not variant.weekdays:
            yield f"variant {index + 1}: needs weekdays or a season"
    if not fact.follows_calendar and not fact.weekdays:
        yield "without the calendar it needs weekdays"


def _sessions(sessions: Any, where: str) -> Iterator[str]:
    weights = sum(session.weight for session in sessions)
    if len(sessions) > 1 and weights > 1.0001:
        yield (
            f"{where}the weights of its sessions add up to {weights:g}, more than a "
            "day; give each its part (weight: 0.5)"
        )
    end_before: int | None = None
    crossed = False
    for session in sessions:
        start, end = _minutes(session)
        if crossed and session.start < sessions[0].start:
            start, end = start + _DAY_MIN, end + _DAY_MIN
        crossed = crossed or session.end <= session.start
        if end_before is not None and start < end_before:
            yield (
                f"{where}session {session.start:%H:%M} begins before the one before "
                "it ends"
            )
        end_before = end


def _minutes(session: Session) -> tuple[int, int]:
    start = session.start.hour * 60 + session.start.minute
    end = session.end.hour * 60 + session.end.minute
    return start, end if end > start else end + _DAY_MIN


def _posting(fact: Posting, bench: Bench) -> Iterator[str]:
    yield from _known_person(fact.person, bench)
    yield from _range(fact.valid_from, fact.valid_to)
    named = [fact.shift] if not fact.rotation else list(fact.rotation)
    if fact.shift is None and not fact.rotation:
        yield "needs a shift or a rotation"
    shifts = {kept.fact.id for kept in bench.book.kept[FactKind.SHIFT].values()}
    for name in sorted({name for name in named if name is not None}):
        if name not in shifts:
            yield f"no shift {name!r}"
    if fact.counter is not None and bench.site.counter(fact.counter) is None:
        yield f"no window {fact.counter!r} in the hall file"
    for clock in fact.clocks:
        if clock not in clocks_of(bench.site):
            yield f"no clock {clock!r} in the hall file"


def _calendar_day(fact: CalendarDay, _bench: Bench) -> Iterator[str]:
    if not EARLIEST <= fact.day <= LATEST:
        yield f"{fact.day} is no day that a hall plans for"


def _leave(fact: Leave, bench: Bench) -> Iterator[str]:
    yield from _known_person(fact.person, bench)
    if fact.cover is not None:
        yield from _known_person(fact.cover, bench)
        if fact.cover == fact.person:
            yield "nobody stands in for themselves"
    if fact.start.tzinfo is None or fact.end.tzinfo is None:
        yield "start and end need an offset"
        return
    if fact.end <= fact.start:
        yield "it ends before it begins"
        return
    if fact.end - fact.start > LONGEST_LEAVE:
        yield f"longer than {LONGEST_LEAVE.days} days"
        return
    yield from _not_again(fact.id, FactKind.LEAVE, bench)
    for key, kept in bench.book.kept[FactKind.LEAVE].items():
        other: Leave = kept.fact
        if (
            key != fact.id
            and other.person == fact.person
            and kept.status in {Status.PENDING, Status.APPROVED}
            and other.start < fact.end
            and fact.start < other.end
        ):
            yield f"overlaps {key}, which is {kept.status}"
    zone = bench.book.zone
    first, last = fact.start.astimezone(zone).date(), fact.end.astimezone(zone).date()
    yield from _open_months(first, last, bench)


def _correction(fact: Correction, bench: Bench) -> Iterator[str]:
    yield from _known_person(fact.person, bench)
    yield from _not_again(fact.id, FactKind.CORRECTION, bench)
    yield from _open_months(fact.day, fact.day, bench)
    if fact.day > bench.today:
        yield f"{fact.day} is not over; a plan is a leave or a posting"
    match fact.kind:
        case CorrectionKind.PUNCH:
            if fact.time is None or fact.time.tzinfo is None:
                yield "needs the `time` of the punch, with offset"
            elif abs(fact.time.astimezone(bench.book.zone).date() - fact.day).days > 1:
                yield "its time is not of that day"
            elif fact.time > bench.now + AHEAD:
                yield "its time has not come yet"
        case CorrectionKind.VOID:
            row = bench.punch(fact.punch) if fact.punch is not None else None
            if row is None:
                yield "needs the id of a `punch` that there is"
            else:
                yield from _own_punch(row, fact, bench)
        case CorrectionKind.STATE:
            if fact.state not in STATES_BY_CORRECTION:
                known = ", ".join(sorted(STATES_BY_CORRECTION))
                yield f"no state {fact.state!r}; one of {known}"


def _own_punch(row: Row[Any], fact: Correction, bench: Bench) -> Iterator[str]:
    day = row.time.astimezone(bench.book.zone).date()
    owner = bench.book.owner(row.user_id, day)
    if owner is None or owner.id != fact.person:
        yield f"punch {row.id} is not of {fact.person}"


def _confirmation(fact: Confirmation, bench: Bench) -> Iterator[str]:
    row = bench.punch(fact.punch)
    if row is None:
        yield f"no punch {fact.punch}"
        return
    if fact.time is not None and fact.time.tzinfo is None:
        yield "its time needs an offset"
        return
    day = (fact.time or row.time).astimezone(bench.book.zone).date()
    yield from _open_months(day, day, bench)


def _spot_check(fact: SpotCheck, bench: Bench) -> Iterator[str]:
    yield from _not_again(fact.id, FactKind.SPOT_CHECK, bench)
    if fact.person is not None:
        yield from _known_person(fact.person, bench)
    if fact.time.tzinfo is None:
        yield "its time needs an offset"
    elif fact.time > bench.now + AHEAD:
        yield "its time has not come yet"


def _cover(fact: Cover, bench: Bench) -> Iterator[str]:
    yield from _known_person(fact.a, bench)
    yield from _known_person(fact.b, bench)
    if fact.a == fact.b:
        yield "nobody stands in for themselves"
    yield from _range(fact.valid_from, fact.valid_to)


def _gap_verdict(fact: GapVerdict, bench: Bench) -> Iterator[str]:
    if fact.start.tzinfo is None or fact.end.tzinfo is None:
        yield "start and end need an offset"
        return
    found = bench.db.execute(
        select(clock_gap.c.id).where(
            clock_gap.c.device == fact.device, clock_gap.c.start == fact.start
        )
    ).first()
    if found is None:
        yield f"clock {fact.device!r} has no gap that begins then"
    if fact.end <= fact.start:
        yield "it ends before it begins"


def _removal(fact: Removal, bench: Bench) -> Iterator[str]:
    row = find_row(bench.db, fact.kind, fact.key)
    if row is None or row.status == Status.CANCELLED:
        yield f"no {fact.kind} {fact.key!r}"
    elif fact.kind in DECIDED and row.first_day is not None:
        first, last = (
            date.fromisoformat(row.first_day),
            date.fromisoformat(row.last_day),
        )
        yield from _open_months(first, last, bench)


def _known_person(person: str, bench: Bench) -> Iterator[str]:
    if person not in bench.book.people:
        yield f"no person {person!r}"


def _not_again(key: str, kind: FactKind, bench: Bench) -> Iterator[str]:
    if key and find_row(bench.db, kind, key) is not None:
        yield f"{kind} {key!r} is there already; withdraw it and write a new one"


def _range(first: date, last: date | None) -> Iterator[str]:
    if last is not None and last < first:
        yield f"ends {last}, before it begins {first}"
    if not EARLIEST <= first <= LATEST:
        yield f"{first} is no day that a hall plans for"


def _open_months(first: date, last: date, bench: Bench) -> Iterator[str]:
    month = first.replace(day=1)
    while month <= last:
        if bench.closed(month):
            yield f"month {month:%Y-%m} is closed; reopen it first"
        month = (month + timedelta(days=32)).replace(day=1)


_CHECKS: Final[Mapping[type, Callable[[Any, Bench], Iterator[str]]]] = {
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
