"""Whom a window may call, and whom it has held or missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, or_

from bridge.domain.errors import NotFoundError
from bridge.domain.queue import QUEUED, hall_day
from bridge.domain.roster import services_on
from bridge.domain.turns import Queued, in_order
from bridge.domain.views import TicketState, TicketView, WindowLineView
from bridge.service.lineup import outlook, places
from bridge.service.tickets import Ticket, ticket_of, tickets, told_ticket
from bridge.store import tables
from devices.site import Counter, Site

MOST: Final = 100
"""So many of each are told; nobody reads more on a pad."""

_T, _I = tables.ticket, tables.ticket_interval


def window_line(
    db: Connection, site: Site, counter_id: str, now: datetime
) -> WindowLineView:
    """A window's people at a moment in the hall's zone; raises `NotFoundError`."""
    counter = site.counter(counter_id)
    if counter is None:
        raise NotFoundError(f"no counter {counter_id!r}")
    waiting = _waiting(db, counter, now)
    return WindowLineView(
        waiting=_views(db, site, waiting[:MOST], now),
        total=len(waiting),
        held=_views(db, site, _held(db, counter), now),
        missed=_views(db, site, _missed(db, site, counter, now), now),
    )


def _waiting(db: Connection, counter: Counter, now: datetime) -> list[Ticket]:
    weights = services_on(counter, now.date())
    served = _T.c.only_counter.is_(None) & _T.c.service.in_(list(weights))
    rows = db.execute(
        tickets().where(tables.IS_QUEUED, or_(_T.c.only_counter == counter.id, served))
    )
    found = {row.id: ticket_of(row) for row in rows}
    line = [
        Queued(
            key=each.key,
            service=each.service,
            turn=each.turn,
            only_counter=each.only_counter,
        )
        for each in found.values()
    ]
    ordered = in_order(line, counter=counter.id, weights=weights, now=now)
    return [found[each.key] for each in ordered]


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


def _views(
    db: Connection, site: Site, found: Sequence[Ticket], now: datetime
) -> list[TicketView]:
    view = outlook(db, site, now.date())
    ahead = places(db, {each.key for each in found if each.state in QUEUED})
    return [told_ticket(site, each, ahead.get(each.key), view) for each in found]
