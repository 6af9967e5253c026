"""One day and everything that led to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from bridge.domain.attendance.facts import Person, Shift
from bridge.domain.attendance.results import DayResult
from bridge.domain.errors import NotFoundError
from bridge.service.attendance.days.rows import unpack
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.facts.ledger import entry_of
from bridge.service.attendance.facts.standing import Reading, find_row, known
from bridge.service.attendance.labels import read_labels
from bridge.service.attendance.listing import day_view
from bridge.service.attendance.told import FactKind
from bridge.service.attendance.views import DayExplained, Entry, Known
from bridge.store.tables.attendance import day_row, fact, ledger

MOST_ENTRIES: Final = 200


def explained(
    db: Connection, book: Book, reading: Reading, person: str, day: date
) -> DayExplained:
    """A day's row with its facts; raises `NotFoundError`."""
    row = db.execute(
        select(day_row).where(
            day_row.c.day == day.isoformat(), day_row.c.person == person
        )
    ).first()
    if row is None:
        raise NotFoundError(_why_none(book, person, day))
    month = f"{day:%Y-%m}"
    view = day_view(row, read_labels(db, book, month, month))
    result = view.result
    leaves = _facts(db, reading, FactKind.LEAVE, result.leaves)
    corrections = _facts(db, reading, FactKind.CORRECTION, result.corrections)
    checks = _checks(db, reading, person, day)
    keys = [*result.postings, *(each.id for each in (*leaves, *corrections, *checks))]
    punches = [str(each.punch) for each in result.punches if each.punch is not None]
    return DayExplained(
        row=view,
        person=book.people.get(person) or Person(id=person, name=person),
        shift=_shift(book, result),
        postings=[
            each
            for each in book.schedule().postings.get(person, ())
            if each.id in result.postings
        ],
        leaves=leaves,
        corrections=corrections,
        spot_checks=checks,
        entries=_entries(db, book, person, keys, punches),
        computed=row.computed.astimezone(book.zone),
        pending=unpack(row.pending) if row.pending is not None else None,
    )


def _why_none(book: Book, person: str, day: date) -> str:
    if person not in book.people:
        return f"no person {person!r}"
    return f"{person} has no row on {day}: before or after their time, or not come yet"


def _facts(db: Connection, reading: Reading, kind: FactKind, keys: Any) -> list[Known]:
    rows = (find_row(db, kind, key) for key in keys)
    return [known(row, reading) for row in rows if row is not None]


def _checks(db: Connection, reading: Reading, person: str, day: date) -> list[Known]:
    rows = db.execute(
        select(fact)
        .where(
            fact.c.kind == FactKind.SPOT_CHECK.value,
            fact.c.person == person,
            fact.c.first_day == day.isoformat(),
        )
        .order_by(fact.c.at)
    )
    return [known(row, reading) for row in rows]


def _shift(book: Book, result: DayResult) -> Shift | None:
    """The version of the shift that held that day."""
    versions = book.schedule().shifts.get(result.shift or "", ())
    held = [
        each
        for each in versions
        if each.valid_from is None or each.valid_from <= result.day
    ]
    return held[-1] if held else None


def _entries(
    db: Connection, book: Book, person: str, keys: list[str], punches: list[str]
) -> list[Entry]:
    rows = db.execute(
        select(ledger)
        .where(
            or_(
                (ledger.c.kind == FactKind.PERSON.value) & (ledger.c.key == person),
                (ledger.c.kind != FactKind.PERSON.value) & ledger.c.key.in_(keys),
                (ledger.c.kind == FactKind.CONFIRMATION.value)
                & ledger.c.key.in_(punches),
            )
        )
        .order_by(ledger.c.id)
        .limit(MOST_ENTRIES)
    )
    return [replace(entry_of(row), at=row.at.astimezone(book.zone)) for row in rows]
