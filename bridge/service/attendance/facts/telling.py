"""Facts into the ledger: checked, written, applied, their days marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from bridge.domain.attendance.facts import (
    Confirmation,
    Decision,
    Leave,
    Person,
    Status,
)
from bridge.domain.attendance.leave import barred
from bridge.domain.errors import DecisionError, FactsError, NotFoundError, RuleError
from bridge.service.attendance.days.dirty import Span, mark_spans, mark_user_days
from bridge.service.attendance.facts import ledger
from bridge.service.attendance.facts.book import Book, touched
from bridge.service.attendance.facts.checks import Bench, find_punch, mistakes
from bridge.service.attendance.facts.kinds import DECIDED, RULES, kind_of, to_json
from bridge.service.attendance.facts.standing import (
    FactRows,
    Place,
    Reading,
    apply,
    known,
)
from bridge.service.attendance.port import Signed
from bridge.service.attendance.told import Fact, FactKind, Removal
from bridge.service.work import Work
from devices.site import Site

PLANS: Final = frozenset(
    {
        FactKind.SHIFT,
        FactKind.POSTING,
        FactKind.CALENDAR_DAY,
        FactKind.CALENDAR_YEAR,
    }
)
"""Kinds that say when people are due: windows of a day end where others begin."""
NEXT_DAY: Final = timedelta(days=1)
UNTOUCHED: Final = frozenset(
    {FactKind.SPOT_CHECK, FactKind.COVER, FactKind.CONFIRMATION}
)
"""Kinds that no day follows from by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be told, by whom and why; `signed` as `AttendancePort.tell` has it."""

    facts: Sequence[Fact]
    by: str
    reason: str
    signed: Mapping[int, Signed] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many rows it takes."""
        return len(self.facts) + len(self.signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a ledger row is about: of a decision or removal, what it concerns."""

    kind: FactKind
    key: str
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Facts that were checked and are ready to be written.

    `book`: what stands with them. `after`: the ledger row that they come behind;
    where another was written since, they must be drafted again.
    """

    book: Book
    pen: ledger.Pen
    rows: FactRows
    told: list[Told] = field(default_factory=list)
    spans: dict[Span, None] = field(default_factory=dict)
    user_days: list[tuple[str, str]] = field(default_factory=list)

    @property
    def after(self) -> int:
        """Number of that row."""
        return self.pen.after

    def write(self, work: Work) -> list[Told]:
        """Write all of it; gives what each fact is about."""
        self.pen.write(work.db)
        self.rows.write(work.db)
        mark_spans(work, self.spans)
        mark_user_days(work, self.user_days)
        return self.told


def draft(
    db: Connection,
    book: Book,
    site: Site,
    reading: Reading,
    *,
    wish: Wish,
    now: datetime,
) -> Draft:
    """Check facts and prepare their rows, each with its signature's behind it.

    `book` must be up to date with `db`; it is brought along. Raises `FactsError`,
    `DecisionError` or `NotFoundError`.
    """
    pen = ledger.Pen(ledger.head(db), at=now, actor=wish.by, reason=wish.reason)
    made = Draft(book=book, pen=pen, rows=FactRows(db))
    made.rows.fetch(_places(wish))
    bench = Bench.of(db, book, site, now)
    wrong: list[tuple[int, str]] = []
    refused: RuleError | None = None
    for place, given in enumerate(wish.facts):
        fact = _with_id(given, pen.next_number)
        found = list(mistakes(fact, bench))
        wrong.extend((place, mistake.text()) for mistake in found)
        if found:
            continue  # the rest is held against those that are right
        try:
            by = (wish.by, wish.signed.get(place))
            made.told.append(_take_signed(made, fact, bench, reading, by=by))
        except (DecisionError, NotFoundError) as error:
            refused = refused or error  # what is wrong with other facts goes first
    if wrong:
        raise FactsError(wrong)
    if refused is not None:
        raise refused
    book.head = pen.next_number - 1
    return made


def _places(wish: Wish) -> Iterator[Place]:
    """Rows that facts will change, as far as they are known before."""
    for place, fact in enumerate(wish.facts):
        if isinstance(fact, Decision):
            yield from ((kind, fact.subject) for kind in DECIDED)
        elif isinstance(fact, Removal):
            yield fact.kind, fact.key
        elif key := RULES[kind_of(fact)].key(fact):
            yield kind_of(fact), key
            if place in wish.signed:
                yield from ((kind, key) for kind in DECIDED)


def _with_id(fact: Fact, number: int) -> Fact:
    """The fact with an id of ours where it has none."""
    prefix = RULES[kind_of(fact)].prefix
    if not prefix or not hasattr(fact, "id") or fact.id:
        return fact
    values: Any = {"id": f"{prefix}{number}"}
    return replace(fact, **values)


def _take_signed(
    made: Draft,
    fact: Fact,
    bench: Bench,
    reading: Reading,
    *,
    by: tuple[str, Signed | None],
) -> Told:
    """Take a fact and the signature on it. `by`: who tells it, who signed it."""
    teller, paper = by
    if paper is None:
        return _take(made, fact, bench, reading, teller)
    if isinstance(fact, Decision):
        return _take(made, fact, bench, reading, paper.by)
    told = _take(made, fact, bench, reading, teller)
    row = made.rows.subject(told.key)
    if row is None or row.kind != told.kind:
        raise DecisionError(f"{told.key!r} is not the id of this {told.kind} alone")
    decision = Decision(
        subject=told.key,
        approved=True,
        level=paper.level or known(row, reading).level or 1,
        note=paper.note,
    )
    return _take(made, decision, bench, reading, paper.by)


def _take(made: Draft, fact: Fact, bench: Bench, reading: Reading, by: str) -> Told:
    book, kind = made.book, kind_of(fact)
    target = (kind, RULES[kind].key(fact))
    data = to_json(kind, fact)
    if isinstance(fact, Decision):
        status, asked = _decided(made, reading, fact, by)
        data["status"] = status.value
    spans = spans_of(book, fact, bench.today)
    made.spans.update(dict.fromkeys(spans))
    entry = made.pen.note(kind=kind.value, key=target[1], data=data, actor=by)
    apply(made.rows, entry, reading.zone)
    if isinstance(fact, Decision):
        target = asked
    if isinstance(fact, Removal):
        target = (fact.kind, fact.key)
    if isinstance(fact, Confirmation):
        made.user_days.extend(_punched(bench, fact))
    book.follow(*target, made.rows.get(*target))
    return Told(kind=target[0], key=target[1], entry=entry.id)


def _decided(
    made: Draft, reading: Reading, fact: Decision, by: str
) -> tuple[Status, Place]:
    row = made.rows.subject(fact.subject)
    if row is None:
        raise NotFoundError(f"no leave or correction {fact.subject!r}")
    asked = known(row, reading)
    name = f"{fact.subject} ({asked.kind} of {asked.fact.person} on {row.first_day})"
    if asked.status is not Status.PENDING:
        raise DecisionError(f"{name} is {asked.status} already")
    person = made.book.kept[FactKind.PERSON].get(asked.fact.person)
    whose = person.fact.name if person is not None else ""
    if fact.approved and by in barred(asked.fact.person, whose, asked.actor):
        raise DecisionError(
            f"{by} asked for {name}, or it is theirs; somebody else decides"
        )
    target = (asked.kind, fact.subject)
    if not fact.approved:
        return Status.REJECTED, target
    if fact.level < (asked.level or 1):
        raise DecisionError(
            f"{name} needs level {asked.level} ({asked.role}), not level {fact.level}"
        )
    return Status.APPROVED, target


def spans_of(book: Book, fact: Fact, today: date) -> Iterator[Span]:
    """The days that a fact touches, and those that it touched before."""
    kind = kind_of(fact)
    new: Any = fact
    old: Any = None
    if isinstance(fact, Decision):
        found = ((each, _standing(book, each, fact.subject)) for each in DECIDED)
        kind, new = next((pair for pair in found if pair[1] is not None), (kind, None))
    elif isinstance(fact, Removal):
        kind, new = fact.kind, None
        old = _standing(book, kind, fact.key)
    else:
        old = _standing(book, kind, RULES[kind].key(fact))
    if kind in UNTOUCHED or (kind is FactKind.PERSON and _same_days(new, old)):
        return
    for each in (new, old):
        if each is None:
            continue
        rule = RULES[kind]
        first, last = rule.days(each, book.zone)
        if isinstance(each, Leave):
            first, last = touched(each, book.zone)
        if isinstance(each, Person):
            first, last = None, None
        if kind in PLANS:
            first = first - NEXT_DAY if first and first > date.min else None
            last = last + NEXT_DAY if last and last < date.max else None
        yield Span(rule.person(each), first or date.min, min(last or today, today))


def _standing(book: Book, kind: FactKind, key: str) -> Any:
    kept = book.kept.get(kind, {}).get(key)
    return kept.fact if kept is not None else None


def _same_days(person: Person | None, old: Person | None) -> bool:
    """Whether a person's record changed in nothing that days follow from."""
    if old is None or person is None:
        return False
    return (person.enrolments, person.joined, person.left) == (
        old.enrolments,
        old.joined,
        old.left,
    )


def _punched(bench: Bench, fact: Confirmation) -> list[tuple[str, str]]:
    """The days of the number that a confirmed punch may count for."""
    row = find_punch(bench.db, fact.punch)
    if row is None:
        return []
    moments = [row.time, row.received, *([fact.time] if fact.time else [])]
    zone = bench.book.zone
    days = {moment.astimezone(zone).date().isoformat() for moment in moments}
    return [(row.user_id, day) for day in sorted(days)]
