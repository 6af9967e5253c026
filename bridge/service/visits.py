"""Each service done at a window, and how long services take."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, case, delete, insert, select, update

from bridge.domain.queue import AT_WINDOW
from bridge.domain.waiting import INSTANT, OUTLIER, robust_mean
from bridge.service.tickets import Ticket
from bridge.service.work import Work
from bridge.store import tables

RECENT: Final = 60
"""How many visits of a service its mean time looks back."""
RECENT_DAYS: Final = 14

_V, _I, _R = tables.visit, tables.ticket_interval, tables.service_rate
_INTERVALS = select(_I.c.state, _I.c.start, _I.c.finish).where(
    _I.c.ticket == bindparam("b_ticket"),
    _I.c.counter == bindparam("b_counter"),
    _I.c.service == bindparam("b_service"),
)
_LATEST = (
    select(_V.c.seconds, _V.c.ended)
    .where(_V.c.service == bindparam("b_service"))
    .order_by(_V.c.id.desc())
    .limit(RECENT)
)
_ADD = insert(_V)
_SET_RATE = update(_R).where(_R.c.service == bindparam("b_service"))
_MS = bindparam("b_ms", type_=Integer)
_ADD_TO_RATE = (
    update(_R)
    .where(
        _R.c.service == bindparam("b_service"),
        _R.c.mean_ms <= _MS * INSTANT,
        _R.c.mean_ms * OUTLIER >= _MS,
    )
    .values(
        mean_ms=_R.c.mean_ms
        + (_MS - _R.c.mean_ms)
        // case((_R.c.samples < RECENT, _R.c.samples + 1), else_=RECENT),
        samples=case((_R.c.samples < RECENT, _R.c.samples + 1), else_=RECENT),
    )
)
"""One more visit, without reading the last ones again: what a press has time for."""


def note_visit(work: Work, ticket: Ticket, counter: str, at: datetime) -> None:
    """Keep that a ticket's service was done at a window, after its state changed.

    The time at the window counts, without the time it was held.
    """
    key = {"b_ticket": ticket.key, "b_counter": counter, "b_service": ticket.service}
    seconds = sum(
        ((row.finish or at) - row.start).total_seconds()
        for row in work.db.execute(_INTERVALS, key)
        if row.state in AT_WINDOW
    )
    took_s = max(0, round(seconds))
    row = {
        "ticket": ticket.key,
        "service": ticket.service,
        "counter": counter,
        "staff": ticket.staff,
        "day": work.today,
        "seconds": took_s,
        "ended": at,
    }
    work.db.execute(_ADD, row)
    known = {"b_service": ticket.service, "b_ms": took_s * 1000}
    if not work.db.execute(_ADD_TO_RATE, known).rowcount:
        note_rate(work, ticket.service)  # the first one, or an outlier


def note_rate(work: Work, service: str) -> None:
    """Keep how long a service takes now, from its visits of the last days."""
    rate = robust_mean(
        [
            row.seconds
            for row in work.db.execute(_LATEST, {"b_service": service})
            if (work.now - row.ended).days < RECENT_DAYS
        ]
    )
    if rate is None:
        work.db.execute(delete(_R).where(_R.c.service == service))
        return
    row = {"mean_ms": round(rate.mean_s * 1000), "samples": rate.samples}
    if not work.db.execute(_SET_RATE, {"b_service": service, **row}).rowcount:
        work.db.execute(insert(_R).values(service=service, **row))


def note_rates(work: Work) -> None:
    """Keep how long every service takes now; what is too old no longer counts."""
    for service in work.site.services:
        note_rate(work, service.id)
