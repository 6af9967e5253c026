"""Stand-ins (顶岗) that were due, and whether they came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, select

from bridge.domain.attendance import cover as rule
from bridge.domain.attendance.facts import Cover
from bridge.domain.attendance.results import DayResult
from bridge.service.attendance.days.rows import unpack
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.views import CoverStanding
from bridge.service.work import Work
from bridge.store.tables.attendance import day_row

UNCOVERED_ALARM: Final = "stand-in-missing"
UNCOVERED: Final = rule.CoverState.UNCOVERED.value
DAY: Final = timedelta(days=1)


def stand_ins(
    db: Connection, book: Book, first: date, end: date
) -> list[CoverStanding]:
    """Stand-ins that were due, `first` <= day < `end`, by time and place."""
    covers = [
        each
        for each in book.covers
        if each.valid_from < end and (each.valid_to is None or each.valid_to >= first)
    ]
    if not covers:
        return []
    results = _results(db, covers, first - DAY, end + DAY)
    return [
        CoverStanding(
            cover=each.cover,
            place=each.place,
            day=each.day,
            a=each.a,
            a_name=_name(book, each.a),
            b=each.b,
            b_name=_name(book, each.b),
            start=each.start,
            end=each.end,
            state=each.state.value,
            reason="" if each.reason is None else each.reason.value,
        )
        for each in rule.stand_ins(covers, results)
        if first <= each.day < end
    ]


def watch(work: Work, book: Book) -> None:
    """An alarm while somebody is away today and nobody stands in."""
    today = work.now.date()
    missing = {
        each.cover: each
        for each in stand_ins(work.db, book, today, today + DAY)
        if each.state == UNCOVERED
    }
    for cover in work.open_alarms(UNCOVERED_ALARM):
        if cover not in missing:  # also where the stand-in was taken back
            work.end_alarm(UNCOVERED_ALARM, cover)
    for cover, each in missing.items():
        work.raise_alarm(
            UNCOVERED_ALARM,
            cover,
            f"{each.place}: {each.a} is away from {each.start:%H:%M} to "
            f"{each.end:%H:%M} and {each.b} does not stand in ({each.reason})",
        )


def _results(
    db: Connection, covers: Sequence[Cover], first: date, end: date
) -> dict[str, list[DayResult]]:
    people = sorted({name for each in covers for name in (each.a, each.b)})
    rows = db.execute(
        select(day_row.c.data)
        .where(
            day_row.c.day >= first.isoformat(),
            day_row.c.day < end.isoformat(),
            day_row.c.person.in_(people),
        )
        .order_by(day_row.c.day)
    )
    found: dict[str, list[DayResult]] = defaultdict(list)
    for row in rows:
        result = unpack(row.data)
        found[result.person].append(result)
    return found


def _name(book: Book, person: str) -> str:
    who = book.people.get(person)
    return who.name if who else person
