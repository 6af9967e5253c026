"""Which days must be concluded anew. Marks are taken in order and never lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from bridge.service.work import Work
from bridge.store.bulk import insert_many
from bridge.store.tables.attendance import dirty_day

TAKEN_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a person, ends included; `person` None is everybody."""

    person: str | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class UserDay:
    """A day on which a number on the clocks punched."""

    user_id: str
    day: date


@dataclass(frozen=True, slots=True)
class Marks:
    """What was marked, up to the mark `upto`."""

    upto: int
    spans: Sequence[Span]
    users: Sequence[UserDay]


def mark_user_days(work: Work, days: Iterable[tuple[str, str]]) -> None:
    """Mark the days (as text) of numbers on the clocks."""
    rows = [{"user_id": user, "first_day": day, "last_day": day} for user, day in days]
    insert_many(work.db, dirty_day, rows)


def mark_spans(work: Work, spans: Iterable[Span]) -> None:
    """Mark days of people."""
    rows = [
        {
            "person": span.person,
            "first_day": span.first.isoformat(),
            "last_day": span.last.isoformat(),
        }
        for span in spans
        if span.first <= span.last
    ]
    insert_many(work.db, dirty_day, rows)


def mark_rows(work: Work, rows: Iterable[Any]) -> None:
    """Mark the days of rows with `person` and `day`, as the store keeps them."""
    days = ((row.person, _day(row.day)) for row in rows)
    mark_spans(work, [Span(person, day, day) for person, day in days])


def take_marks(db: Connection) -> Marks:
    """The oldest marks; they stay until `drop_marks`."""
    rows = db.execute(
        select(dirty_day).order_by(dirty_day.c.id).limit(TAKEN_AT_ONCE)
    ).all()
    spans = {
        Span(row.person, _day(row.first_day), _day(row.last_day))
        for row in rows
        if row.user_id is None
    }
    users = {
        UserDay(row.user_id, _day(row.first_day))
        for row in rows
        if row.user_id is not None
    }
    return Marks(rows[-1].id if rows else 0, list(spans), list(users))


def drop_marks(work: Work, upto: int) -> None:
    """Forget marks whose days were concluded."""
    work.db.execute(delete(dirty_day).where(dirty_day.c.id <= upto))


def _day(text: str) -> date:
    return date.fromisoformat(text)
