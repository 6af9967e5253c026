"""Whom a window may call, and whom it has held or missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, or_, select

from bridge.domain.errors import NotFoundError
from bridge.domain.queue import hall_day
from bridge.domain.roster import services_on
from bridge.domain.turns import Queued, in_order
from bridge.domain.views import TicketState, WindowLineView
from bridge.service.tickets import Ticket, ticket_of, tickets, told_ticket
from bridge.store import tables
from devices.site import Counter, Site

MOST: Final = 50
"""So many of each are told; nobody reads more on a pad."""

_T, _I = tables.ticket, tables.ticket_interval


def window_line(
    db: Connection, site: Site, counter_id: str, now: datetime
) -> WindowLineView:
    """A window's people at a moment in the hall's zone; raises `NotFoundError`."""
    counter = site.counter(counter_id)
    if counter is None:
        raise NotFoundError(f"no counter {counter_id!r}")
    keys = _line(db, counter, now)
    first = {
        row.id: ticket_of(row)
        for row in db.execute(tickets().where(_T.c.id.in_(keys[:MOST])))
    }
    return WindowLineView(
        waiting=[
            replace(told_ticket(site, first[key]), waiting_before=place)
            for place, key in enumerate(keys[:MOST])
        ],
        total=len(keys),
        held=[told_ticket(site, each) for each in _held(db, counter)],
        missed=[told_ticket(site, each) for each in _missed(db, site, counter, now)],
    )


def _line(db: Connection, counter: Counter, now: datetime) -> list[int]:
    weights = services_on(counter, now.date())
    served = _T.c.only_counter.is_(None) & _T.c.service.in_(list(weights))
    rows = db.execute(
        select(_T.c.id, _T.c.service, _T.c.turn, _T.c.only_counter).where(
            tables.IS_QUEUED, or_(_T.c.only_counter == counter.id, served)
        )
    )
    waiting = [
        Queued(
            key=row.id,
            service=row.service,
            turn=row.turn,
            only_counter=row.only_counter,
        )
        for row in rows
    ]
    ordered = in_order(waiting, counter=counter.id, weights=weights, now=now)
    return [each.key for each in ordered]


def _held(db: Connection, counter: Counter) -> list[Ticket]:
    query = (
        tickets()
        .where(_T.c.state == TicketState.HELD, _T.c.counter == counter.id)
        .order_by(_T.c.held.desc(), _T.c.id.desc())
        .limit(MOST)
    )
    return [ticket_of(row) for row in db.execute(query)]


def _missed(
    db: Connection, site: Site, counter: Counter, now: datetime
) -> list[Ticket]:
    within_min = site.queue.rejoin.within_min
    if not within_min:
        return []
    served = list(services_on(counter, now.date()))
    query = (
        tickets()
        .join(_I, (_I.c.ticket == _T.c.id) & _I.c.finish.is_(None))
        .where(_T.c.day == hall_day(now), _T.c.state == TicketState.NO_SHOW)
        .where(or_(_T.c.counter == counter.id, _T.c.service.in_(served)))
        .where(_I.c.start >= now - timedelta(minutes=within_min))
        .order_by(_I.c.start.desc(), _T.c.id.desc())
        .limit(MOST)
    )
    return [ticket_of(row) for row in db.execute(query)]
