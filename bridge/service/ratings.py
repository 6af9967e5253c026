"""A press on an evaluator: always stored, linked to a ticket if the rule says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select

from bridge.domain.errors import UnfitEventError
from bridge.domain.ratings import Link, Rateable, link_press
from bridge.domain.views import TicketState
from bridge.service import desk
from bridge.service.tickets import Ticket, Window, by_key, set_window, window
from bridge.service.work import Work
from bridge.store import tables
from devices.events import CloudEvent
from devices.site import Counter


def rating_presses(work: Work, events: Sequence[CloudEvent]) -> None:
    """Presses in order; raises `UnfitEventError` for one that cannot be read."""
    for event in events:
        _press(work, event)


def _press(work: Work, event: CloudEvent) -> None:
    value = event.data.get("value")
    known = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5
    if value is not None and not known:
        raise UnfitEventError(f"`value` must be 1 to 5 or null, not {value!r}")
    name = event.data.get("counter")
    if name is None:
        _store(
            work,
            event,
            None,
            value,
            link_press(event.time, value, ticket=None, previous_press=None),
        )
        return
    counter = work.site.counter(name) if isinstance(name, str) else None
    if counter is None:
        raise UnfitEventError(f"no counter {name!r} in the hall file")
    row = window(work.db, counter.id)
    link = link_press(
        event.time,
        value,
        ticket=_rateable(work, row),
        previous_press=row.last_press,
    )
    _store(work, event, counter.id, value, link)
    set_window(work, counter.id, last_press=event.time)
    if link.ticket is not None:
        _thank(work, counter, row)


def _thank(work: Work, counter: Counter, row: Window) -> None:
    """A ticket that waited for this press is done."""
    if row.ticket is not None and row.ticket.state is TicketState.WAITING_RATING:
        desk.close_rating(work, counter)


def _rateable(work: Work, row: Window) -> Rateable | None:
    ticket: Ticket | None = row.ticket
    if ticket is None and row.last_ticket is not None:
        ticket = by_key(work.db, row.last_ticket)
        if ticket.day != work.today:
            return None
    if ticket is None:
        return None
    rated = work.db.execute(
        select(func.count())
        .select_from(tables.rating)
        .where(tables.rating.c.ticket == ticket.ref)
    ).scalar_one()
    return Rateable(
        id=ticket.ref, state=ticket.state, ended=ticket.ended, rated=rated > 0
    )


def _store(
    work: Work, event: CloudEvent, counter: str | None, value: Any, link: Link
) -> None:
    data = event.data
    work.db.execute(
        insert(tables.rating).values(
            source=event.source,
            event=event.id,
            device=event.subject,
            counter=counter,
            value=value,
            linked=link.ticket is not None,
            ticket=link.ticket,
            reason=link.reason,
            key=_word(data.get("key")),
            address=_word(data.get("address")),
            raw=_word(data.get("raw")) or "",
            time=event.time,
            received=event.received,
        )
    )


def _word(value: Any) -> str | None:
    return None if value is None else str(value)
