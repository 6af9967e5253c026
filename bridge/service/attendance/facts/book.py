"""Everything that stands, in memory: people, hours, leave, corrections.

Read once for each state of the ledger; the rules get their inputs from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

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
    Status,
)
from bridge.domain.attendance.inputs import Calendar, Decided, Schedule
from bridge.service.attendance.facts import ledger
from bridge.service.attendance.facts.kinds import RULES, from_text, kind_of
from bridge.service.attendance.facts.standing import FactRow, all_of
from bridge.service.attendance.told import Fact, FactKind, Removal

_LONG_AGO: Final = date(1970, 1, 1)
_READ: Final = (
    FactKind.PERSON,
    FactKind.SHIFT,
    FactKind.POSTING,
    FactKind.CALENDAR_DAY,
    FactKind.CALENDAR_YEAR,
    FactKind.LEAVE,
    FactKind.CORRECTION,
    FactKind.CONFIRMATION,
    FactKind.COVER,
    FactKind.GAP_VERDICT,
)


@dataclass(slots=True)
class Standing:
    """A fact with how it stands and since when it is known."""

    fact: Any
    status: Status | None
    told: datetime


@dataclass(slots=True)
class Book:
    """All facts by kind and key. `head`: the ledger row that it goes up to."""

    zone: ZoneInfo
    national: str | None
    clocks: Sequence[str]
    head: int = 0
    kept: dict[FactKind, dict[str, Standing]] = field(
        default_factory=lambda: {kind: {} for kind in _READ}
    )
    _people: Mapping[str, Person] | None = None
    _confirmed: Mapping[int, Confirmation] | None = None
    _schedule: Schedule | None = None
    _owners: dict[str, list[tuple[Person, date, date]]] | None = None
    _decided: dict[str, list[tuple[Leave, Status, date, date]]] | None = None
    _corrected: dict[tuple[str, date], list[tuple[Correction, Status]]] | None = None
    _shift_ids: frozenset[str] | None = None
    _leave_keys: dict[str, set[str]] | None = None

    @property
    def people(self) -> Mapping[str, Person]:
        """By id."""
        if self._people is None:
            kept = self.kept[FactKind.PERSON]
            self._people = {key: kept[key].fact for key in sorted(kept)}
        return self._people

    @property
    def covers(self) -> Sequence[Cover]:
        """Who stands in for whom."""
        return [kept.fact for kept in self.kept[FactKind.COVER].values()]

    @property
    def verdicts(self) -> Sequence[GapVerdict]:
        """What was decided about gaps of clocks."""
        return [kept.fact for kept in self.kept[FactKind.GAP_VERDICT].values()]

    @property
    def shift_ids(self) -> frozenset[str]:
        """Ids of shifts, whenever they are valid."""
        if self._shift_ids is None:
            kept = self.kept[FactKind.SHIFT].values()
            self._shift_ids = frozenset(each.fact.id for each in kept)
        return self._shift_ids

    def leaves_of(self, person: str) -> Iterator[tuple[str, Standing]]:
        """Leaves of a person, decided and not, with their keys."""
        held = self.kept[FactKind.LEAVE]
        if self._leave_keys is None:
            self._leave_keys = defaultdict(set)
            for key, kept in held.items():
                self._leave_keys[kept.fact.person].add(key)
        for key in sorted(self._leave_keys.get(person, ())):
            yield key, held[key]

    def schedule(self) -> Schedule:
        """Who is due when."""
        if self._schedule is None:
            shifts: dict[str, list[Shift]] = defaultdict(list)
            for kept in self.kept[FactKind.SHIFT].values():
                shifts[kept.fact.id].append(kept.fact)
            for versions in shifts.values():
                versions.sort(key=lambda shift: shift.valid_from or _LONG_AGO)
            postings: dict[str, list[Posting]] = defaultdict(list)
            for kept in self.kept[FactKind.POSTING].values():
                postings[kept.fact.person].append(kept.fact)
            for held in postings.values():
                held.sort(key=lambda posting: (posting.valid_from, posting.id))
            days: dict[date, CalendarDay] = {
                kept.fact.day: kept.fact
                for kept in self.kept[FactKind.CALENDAR_DAY].values()
            }
            years: list[CalendarYear] = [
                kept.fact for kept in self.kept[FactKind.CALENDAR_YEAR].values()
            ]
            self._schedule = Schedule(
                calendar=Calendar(
                    days=days,
                    complete_years=frozenset(year.year for year in years),
                    national=self.national,
                ),
                shifts=dict(shifts),
                postings=dict(postings),
                clocks=tuple(self.clocks),
            )
        return self._schedule

    def narrowed(self, people: Iterable[str]) -> Schedule:
        """The schedule with the postings of some people alone."""
        whole = self.schedule()
        wanted = {
            person: whole.postings[person]
            for person in people
            if person in whole.postings
        }
        return replace(whole, postings=wanted)

    def owner(self, user_id: str, day: date) -> Person | None:
        """Whose number on the clocks this is on a day."""
        held = self.owners(user_id)
        return next((who for who, first, last in held if first <= day <= last), None)

    def owners(self, user_id: str) -> Sequence[tuple[Person, date, date]]:
        """Everybody whose number this was, with first and last day."""
        return self._enrolled().get(user_id, ())

    def decided(self, person: str, day: date) -> Decided | None:
        """Leaves and corrections that touch a day, decided and not; None: none do."""
        leaves = [
            (leave, status)
            for leave, status, first, last in self._leaves().get(person, ())
            if first <= day <= last
        ]
        corrections = self._corrections().get((person, day), ())
        if not leaves and not corrections:
            return None
        approved, pending = Status.APPROVED, Status.PENDING
        return Decided(
            leaves=[leave for leave, status in leaves if status is approved],
            pending_leaves=[leave for leave, status in leaves if status is pending],
            corrections=[each for each, status in corrections if status is approved],
            pending_corrections=[
                each for each, status in corrections if status is pending
            ],
        )

    def confirmations(self) -> Mapping[int, Confirmation]:
        """By punch."""
        if self._confirmed is None:
            kept = self.kept[FactKind.CONFIRMATION].values()
            self._confirmed = {each.fact.punch: each.fact for each in kept}
        return self._confirmed

    def with_facts(self, facts: Iterable[Fact], now: datetime) -> Book:
        """As it would be with some more facts; leaves and corrections approved."""
        book = Book(
            zone=self.zone, national=self.national, clocks=self.clocks, head=self.head
        )
        book.kept = {kind: dict(kept) for kind, kept in self.kept.items()}
        for number, fact in enumerate(facts):
            book.take(fact, now, number)
        return book

    def take(self, fact: Fact, now: datetime, number: int = 0) -> None:
        """Let one more fact hold."""
        kind = kind_of(fact)
        if isinstance(fact, Removal):
            self._hold(fact.kind, fact.key, None)
        elif isinstance(fact, Decision):
            status = Status.APPROVED if fact.approved else Status.REJECTED
            for asked in (FactKind.LEAVE, FactKind.CORRECTION):
                if (kept := self.kept[asked].get(fact.subject)) is not None:
                    self._hold(asked, fact.subject, replace(kept, status=status))
        else:
            key = RULES[kind].key(fact) or f"?{number}"
            self._hold(kind, key, Standing(fact, Status.APPROVED, now))

    def follow(self, kind: FactKind, key: str, row: FactRow | None) -> None:
        """Have a fact as its row says; None: it stands no more."""
        if row is None:
            self._hold(kind, key, None)
            return
        status = Status(row.status) if row.status else None
        self._hold(kind, key, Standing(from_text(kind, row.data), status, row.at))

    def _hold(self, kind: FactKind, key: str, standing: Standing | None) -> None:
        """Have a fact, or have it no more."""
        if kind not in self.kept:
            return
        old = self.kept[kind].pop(key, None)
        if standing is not None:
            self.kept[kind][key] = standing
        self._forget(kind)
        if kind is FactKind.LEAVE and self._leave_keys is not None:
            if old is not None:
                self._leave_keys[old.fact.person].discard(key)
            if standing is not None:
                self._leave_keys[standing.fact.person].add(key)
        if kind is FactKind.PERSON and self._owners is not None:
            for number, _, _ in enrolments_of(old.fact) if old is not None else ():
                held = self._owners[number]
                self._owners[number] = [each for each in held if each[0].id != key]
            if standing is not None:
                self._enrol(standing.fact)

    def _forget(self, kind: FactKind) -> None:
        match kind:
            case FactKind.PERSON:
                self._people = None
            case FactKind.LEAVE:
                self._decided = None
            case FactKind.CORRECTION:
                self._corrected = None
            case FactKind.CONFIRMATION:
                self._confirmed = None
            case FactKind.SHIFT:
                self._schedule = self._shift_ids = None
            case _:
                self._schedule = None

    def _enrol(self, person: Person) -> None:
        assert self._owners is not None  # noqa: S101 - narrows the type
        for user_id, first, last in enrolments_of(person):
            self._owners.setdefault(user_id, []).append((person, first, last))

    def _enrolled(self) -> dict[str, list[tuple[Person, date, date]]]:
        if self._owners is None:
            self._owners = {}
            for person in self.people.values():
                self._enrol(person)
        return self._owners

    def _leaves(self) -> dict[str, list[tuple[Leave, Status, date, date]]]:
        if self._decided is None:
            found: dict[str, list[tuple[Leave, Status, date, date]]] = defaultdict(list)
            for kept in self.kept[FactKind.LEAVE].values():
                leave: Leave = kept.fact
                first, last = touched(leave, self.zone)
                assert kept.status is not None  # noqa: S101 - leaves have one
                found[leave.person].append((leave, kept.status, first, last))
            self._decided = found
        return self._decided

    def _corrections(self) -> dict[tuple[str, date], list[tuple[Correction, Status]]]:
        if self._corrected is None:
            found: dict[tuple[str, date], list[tuple[Correction, Status]]] = (
                defaultdict(list)
            )
            for kept in sorted(
                self.kept[FactKind.CORRECTION].values(), key=lambda kept: kept.told
            ):
                each: Correction = kept.fact
                assert kept.status is not None  # noqa: S101 - corrections have one
                found[each.person, each.day].append((each, kept.status))
            self._corrected = found
        return self._corrected


def enrolments_of(person: Person) -> list[tuple[str, date, date]]:
    """Numbers of a person on the clocks, with first and last day.

    A number ends with the person's last day, so that the next owner of a number
    that is given again does not get its punches mixed.
    """
    last = person.left or date.max
    first = person.joined or date.min
    if not person.enrolments:
        return [(person.id, first, last)]
    return [
        (
            each.user_id,
            max(each.valid_from or first, first),
            min(each.valid_to or last, last),
        )
        for each in person.enrolments
    ]


def touched(leave: Leave, zone: ZoneInfo) -> tuple[date, date]:
    """Days that a leave may touch; shifts over midnight begin the day before."""
    first = leave.start.astimezone(zone).date() - timedelta(days=1)
    return first, leave.end.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at which a day begins."""
    return datetime.combine(day, time.min, zone)


def read_book(
    db: Connection, *, zone: ZoneInfo, national: str | None, clocks: Sequence[str]
) -> Book:
    """All facts that stand."""
    book = Book(zone=zone, national=national, clocks=clocks)
    book.head = ledger.head(db)[0]
    for kind in _READ:
        for row, fact in all_of(db, kind):
            status = Status(row.status) if row.status else None
            book.kept[kind][row.key] = Standing(fact, status, row.at)
    return book
