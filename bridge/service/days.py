"""The turn of the hall-day, and what is thrown away in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, select, update

from bridge.domain.queue import OPEN, RATING_WINDOW, TicketAction
from bridge.domain.views import TicketState
from bridge.service.desk import close_rating, set_paused
from bridge.service.passing import return_held
from bridge.service.seats import close_seats
from bridge.service.tickets import (
    by_key,
    move,
    set_window,
    tell_ticket,
    tell_window,
    window,
)
from bridge.service.visits import note_rates
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter

KEEP_CHANGES: Final = 10_000
KEEP_ANSWERS: Final = timedelta(hours=24)
KEEP_JOBS: Final = timedelta(days=30)
LAST_DAY: Final = "day"


def roll_day(work: Work) -> bool:
    """Expire what earlier days left open; by the day it last ran, not by the hour.

    Held tickets of another day go too. True when a new day began.
    """
    last = meta_value(work, LAST_DAY)
    if last is not None and last >= work.today:
        return False
    table = tables.ticket
    left = work.db.execute(
        select(table.c.id)
        .where(table.c.state.in_(sorted(OPEN)), table.c.day < work.today)
        .order_by(table.c.id)
    ).scalars()
    for key in list(left):
        ticket = by_key(work.db, key)
        tell_ticket(work, move(work, ticket, TicketAction.EXPIRE, work.now))
    for counter in work.site.counters:
        present = window(work.db, counter.id).ticket
        left_open = present is not None and present.day < work.today
        if left_open:
            set_window(work, counter.id, ticket=None)
        if left_open or counter.roster:
            tell_window(work, counter)
    close_seats(work)
    note_rates(work)
    set_meta(work, LAST_DAY, work.today)
    return True


def close_late_ratings(work: Work) -> None:
    """Finish, unrated, what has waited for its rating long enough."""
    counter, ticket = tables.counter, tables.ticket
    due = select(counter.c.id).join(ticket, ticket.c.id == counter.c.ticket)
    due = due.where(
        ticket.c.state == TicketState.WAITING_RATING,
        ticket.c.ended <= work.now - RATING_WINDOW,
    )
    for each in _windows(work, due):
        close_rating(work, each)


def keep_time(work: Work) -> None:
    """What happens by itself: ratings close, pauses end, held ones wait again."""
    close_late_ratings(work)
    table = tables.counter
    due = select(table.c.id).where(table.c.paused_until <= work.now)
    for counter in _windows(work, due):
        set_paused(work, counter, paused=False)
    return_held(work)


def _windows(work: Work, ids: Select[Any]) -> list[Counter]:
    found = work.db.execute(ids).scalars().all()
    known = (work.site.counter(name) for name in found)
    return [counter for counter in known if counter is not None]


def trim(work: Work) -> None:
    """Drop old changes of the stream, old answers and old print jobs."""
    newest = work.db.execute(select(func.max(tables.change.c.id))).scalar() or 0
    work.db.execute(
        delete(tables.change).where(tables.change.c.id <= newest - KEEP_CHANGES)
    )
    work.db.execute(
        delete(tables.print_job).where(tables.print_job.c.queued < work.now - KEEP_JOBS)
    )
    work.db.execute(
        delete(tables.idempotency).where(
            tables.idempotency.c.at < work.now - KEEP_ANSWERS
        )
    )


def ensure_windows(work: Work) -> None:
    """Give every window of the hall file its row."""
    known = set(work.db.execute(select(tables.counter.c.id)).scalars())
    for counter in work.site.counters:
        if counter.id not in known:
            row = {"id": counter.id, "paused": False}
            work.db.execute(insert(tables.counter).values(**row))


def meta_value(work: Work, key: str) -> str | None:
    """A value kept by name."""
    return work.db.execute(
        select(tables.meta.c.value).where(tables.meta.c.key == key)
    ).scalar_one_or_none()


def set_meta(work: Work, key: str, value: str) -> None:
    """Keep a value by name."""
    changed = work.db.execute(
        update(tables.meta).where(tables.meta.c.key == key).values(value=value)
    )
    if not changed.rowcount:
        work.db.execute(insert(tables.meta).values(key=key, value=value))
