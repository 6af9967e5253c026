"""Today at a glance: how many of what, and what to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from bridge.domain.attendance.results import DayState
from bridge.service.attendance.clocks import behind
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.labels import read_labels
from bridge.service.attendance.listing import EXCEPTIONS, day_view
from bridge.service.attendance.months import undecided_in
from bridge.service.attendance.stand_ins import UNCOVERED, stand_ins
from bridge.service.attendance.views import ClockStanding, DayRow, Today
from bridge.store.tables.attendance import day_row

MOST_EXCEPTIONS: Final = 200
_ORDER: Final = {state: place for place, state in enumerate(EXCEPTIONS)}


def glance(
    db: Connection, book: Book, clocks: Sequence[ClockStanding], now: datetime
) -> Today:
    """Counts of today's rows, exceptions worst first, and what waits."""
    today = now.date()
    counts: Counter[DayState] = Counter()
    rows: list[DayRow] = []
    month = f"{today:%Y-%m}"
    labels = read_labels(db, book, month, month)
    query = select(day_row).where(day_row.c.day == today.isoformat())
    for row in db.execute(query):
        state = DayState(row.states.split(",")[0])
        counts[state] += 1
        if state in _ORDER:
            rows.append(day_view(row, labels))
    rows.sort(key=lambda row: (_ORDER[row.result.state], row.result.person))
    due = stand_ins(db, book, today, today + timedelta(days=1))
    return Today(
        day=today,
        now=now,
        counts=dict(counts),
        exceptions=rows[:MOST_EXCEPTIONS],
        undecided=undecided_in(db, date.min, date.max),
        clocks_behind=behind(clocks, now),
        uncovered=[each for each in due if each.state == UNCOVERED],
    )
