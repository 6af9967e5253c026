"""Stand-ins (顶岗) that were due, and the alarm when nobody is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, select

from bridge.domain.attendance.cover import cover_days
from bridge.domain.attendance.results import DayResult
from bridge.service.attendance.book import Book
from bridge.service.attendance.port import CoverStanding
from bridge.service.attendance.rows import unpack
from bridge.store.attendance_tables import day_row

UNCOVERED_ALARM: Final = "stand-in-missing"


def stand_ins(
    db: Connection, book: Book, first: date, end: date, now: datetime
) -> Sequence[CoverStanding]:
    """Stand-ins that were due, `first` <= day < `end`, by time."""
    covers = book.covers
    if not covers:
        return ()
    people = sorted({name for each in covers for name in (each.a, each.b)})
    rows = db.execute(
        select(day_row.c.data).where(
            day_row.c.day >= first.isoformat(),
            day_row.c.day < end.isoformat(),
            day_row.c.person.in_(people),
        )
    )
    days: dict[date, dict[str, DayResult]] = defaultdict(dict)
    for row in rows:
        result = unpack(row.data)
        days[result.day][result.person] = result
    found: list[CoverStanding] = []
    for day in sorted(days):
        for each in cover_days(covers, days[day], now):
            found.append(
                CoverStanding(
                    cover=each.cover.id,
                    place=each.cover.place,
                    day=day,
                    a=each.cover.a,
                    a_name=_name(book, each.cover.a),
                    b=each.cover.b,
                    b_name=_name(book, each.cover.b),
                    start=each.start,
                    end=each.end,
                    state=each.state,
                    reason=each.reason,
                )
            )
    return found


def _name(book: Book, person: str) -> str:
    who = book.people.get(person)
    return who.name if who else person
