"""Who sits at which window: each stay is an interval."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import insert, select, update

from bridge.domain.errors import NotSignedInError
from bridge.domain.views import CounterView
from bridge.service.tickets import (
    set_window,
    tell_ticket,
    tell_window,
    ticket_of,
    tickets,
    window,
)
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter

_S, _T, _C = tables.seat, tables.ticket, tables.counter


def sign_in(work: Work, counter: Counter, staff: str, at: datetime) -> CounterView:
    """Seat somebody at a window; whoever sat there leaves, and they leave elsewhere.

    Tickets that wait for this person come along.
    """
    if window(work.db, counter.id).staff != staff:
        other = seat_of(work, staff)
        if other is not None:
            sign_out(work, other, at)
        _leave(work, counter, at)
        work.db.execute(insert(_S), {"counter": counter.id, "staff": staff, "time": at})
        set_window(work, counter.id, staff=staff)
        _bring_along(work, counter, staff)
    return tell_window(work, counter)


def sign_out(work: Work, counter: Counter, at: datetime) -> CounterView:
    """Nobody sits at the window from now on."""
    _leave(work, counter, at)
    set_window(work, counter.id, staff=None)
    return tell_window(work, counter)


def seat_of(work: Work, staff: str) -> Counter | None:
    """The window where somebody sits."""
    found = work.db.execute(select(_C.c.id).where(_C.c.staff == staff)).scalars()
    known = (work.site.counter(name) for name in found)
    return next((counter for counter in known if counter is not None), None)


def need_seat_of(work: Work, staff: str) -> Counter:
    """The window where somebody sits; raises `NotSignedInError`."""
    counter = seat_of(work, staff)
    if counter is None:
        raise NotSignedInError(f"{staff!r} is not signed in at a window")
    return counter


def close_seats(work: Work) -> None:
    """Sign everybody out who came on an earlier day, as of that day's end."""
    zone = work.site.hall.zone
    for row in work.db.execute(select(_S).where(_S.c.until.is_(None))).all():
        begun = row.time.astimezone(zone)
        midnight = datetime.combine(begun.date() + timedelta(days=1), time(), zone)
        if midnight > work.now:
            continue
        work.db.execute(update(_S).where(_S.c.id == row.id).values(until=midnight))
        set_window(work, row.counter, staff=None)
        counter = work.site.counter(row.counter)
        if counter is not None:
            tell_window(work, counter)


def _leave(work: Work, counter: Counter, at: datetime) -> None:
    work.db.execute(
        update(_S)
        .where(_S.c.counter == counter.id, _S.c.until.is_(None))
        .values(until=at)
    )


def _bring_along(work: Work, counter: Counter, staff: str) -> None:
    rows = work.db.execute(
        tickets().where(tables.IS_QUEUED, _T.c.only_staff == staff)
    ).all()
    for row in rows:
        if row.only_counter == counter.id:
            continue
        change = update(_T).where(_T.c.id == row.id).values(only_counter=counter.id)
        work.db.execute(change)
        moved = work.db.execute(tickets().where(_T.c.id == row.id)).one()
        tell_ticket(work, ticket_of(moved))
