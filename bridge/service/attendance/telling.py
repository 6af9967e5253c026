"""Facts into the ledger: checked, written, applied, their days marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from bridge.domain.attendance.facts import (
    Confirmation,
    Decision,
    Leave,
    Person,
    Status,
)
from bridge.domain.errors import DecisionError, FactsError, NotFoundError
from bridge.service.attendance import ledger
from bridge.service.attendance.book import Book, touched
from bridge.service.attendance.checks import Bench, mistakes
from bridge.service.attendance.dirty import Span, mark_spans, mark_user_days
from bridge.service.attendance.kinds import RULES, from_text, kind_of, to_json
from bridge.service.attendance.port import Fact, FactKind, Removal
from bridge.service.attendance.standing import (
    Reading,
    apply,
    find_row,
    known,
    subject_row,
)
from bridge.service.work import Work

UNTOUCHED = frozenset({FactKind.SPOT_CHECK, FactKind.COVER, FactKind.CONFIRMATION})
"""Kinds that no day follows from by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a ledger row is about: of a decision or removal, what it concerns."""

    kind: FactKind
    key: str
    entry: int


def tell(
    work: Work,
    book: Book,
    reading: Reading,
    *,
    facts: Sequence[Fact],
    by: str,
    reason: str,
) -> list[Told]:
    """Write facts, all or none; gives what each is about.

    `book` must be up to date; it is brought along. Raises `FactsError`,
    `DecisionError` or `NotFoundError`.
    """
    wrong: list[tuple[int, str]] = []
    told: list[Told] = []
    for place, given in enumerate(facts):
        fact = with_id(work, given)
        bench = Bench(db=work.db, book=book, site=work.site, now=work.now)
        found = list(mistakes(fact, bench))
        wrong.extend((place, text) for text in found)
        if found:
            continue  # the rest is held against those that are right
        told.append(_write(work, book, reading, fact, by=by, reason=reason))
    if wrong:
        raise FactsError(wrong)
    return told


def with_id(work: Work, fact: Fact) -> Fact:
    """The fact with an id of ours where it has none."""
    prefix = RULES[kind_of(fact)].prefix
    if not prefix or not hasattr(fact, "id") or fact.id:
        return fact
    values: Any = {"id": f"{prefix}{ledger.next_number(work.db)}"}
    return replace(fact, **values)


def _write(
    work: Work, book: Book, reading: Reading, fact: Fact, *, by: str, reason: str
) -> Told:
    kind = kind_of(fact)
    key = RULES[kind].key(fact)
    data = to_json(kind, fact)
    target = (kind, key)
    if isinstance(fact, Decision):
        status, target = _decided(work, reading, fact, by)
        data["status"] = status.value
    if isinstance(fact, Removal):
        target = (fact.kind, fact.key)
    spans = list(spans_of(work.db, book, fact, work.now.date()))
    entry = ledger.append(
        work, actor=by, kind=kind.value, key=key, reason=reason, data=data
    )
    apply(work.db, entry, reading.zone)
    mark_spans(work, spans)
    if isinstance(fact, Confirmation):
        _mark_punch(work, book, fact)
    book.refresh(work.db, *target)
    return Told(kind=target[0], key=target[1], entry=entry.id)


def _decided(
    work: Work, reading: Reading, fact: Decision, by: str
) -> tuple[Status, tuple[FactKind, str]]:
    row = subject_row(work.db, fact.subject)
    if row is None:
        raise NotFoundError(f"no leave or correction {fact.subject!r}")
    asked = known(row, reading)
    if asked.status is not Status.PENDING:
        raise DecisionError(f"{fact.subject} is {asked.status} already")
    person = asked.fact.person
    holder = find_row(work.db, FactKind.PERSON, person)
    names = {person, asked.actor}
    if holder is not None:
        names.add(from_text(FactKind.PERSON, holder.data).name)
    if fact.approved and by in names:
        raise DecisionError(
            f"{by} asked for {fact.subject}, or it is theirs; somebody else decides"
        )
    target = (asked.kind, fact.subject)
    if not fact.approved:
        return Status.REJECTED, target
    if fact.level < (asked.level or 1):
        raise DecisionError(
            f"{fact.subject} needs level {asked.level} ({asked.role}), "
            f"not level {fact.level}"
        )
    return Status.APPROVED, target


def spans_of(db: Connection, book: Book, fact: Any, today: date) -> Iterator[Span]:
    """The days that a fact touches, and those that it touched before."""
    kind, new, old = kind_of(fact), fact, None
    if isinstance(fact, Decision):
        row = subject_row(db, fact.subject)
        if row is None:
            return
        kind, new = FactKind(row.kind), from_text(FactKind(row.kind), row.data)
    elif isinstance(fact, Removal):
        kind, new = fact.kind, None
        old = _standing(db, kind, fact.key)
    else:
        old = _standing(db, kind, RULES[kind].key(fact))
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
        yield Span(rule.person(each), first or date.min, min(last or today, today))


def _standing(db: Connection, kind: FactKind, key: str) -> Any:
    row = find_row(db, kind, key)
    return from_text(kind, row.data) if row is not None else None


def _same_days(person: Person | None, old: Person | None) -> bool:
    """Whether a person's record changed in nothing that days follow from."""
    if old is None or person is None:
        return False
    return (person.enrolments, person.joined, person.left) == (
        old.enrolments,
        old.joined,
        old.left,
    )


def _mark_punch(work: Work, book: Book, fact: Confirmation) -> None:
    row = Bench(db=work.db, book=book, site=work.site, now=work.now).punch(fact.punch)
    if row is None:
        return
    moments = [row.time, row.received, *([fact.time] if fact.time else [])]
    days = {moment.astimezone(book.zone).date().isoformat() for moment in moments}
    mark_user_days(work, [(row.user_id, day) for day in sorted(days)])
