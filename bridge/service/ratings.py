"""A press on an evaluator: always stored, linked to a ticket if the rule says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bridge.domain.errors import UnfitEventError
from bridge.domain.ratings import Link, Rateable, link_press
from bridge.service import desk
from bridge.service.tickets import Ticket, Window, by_key, set_window, window
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.bulk import insert_many
from devices.events import CloudEvent


@dataclass(slots=True, kw_only=True)
class _Pad:
    """An evaluator's window while its presses are taken."""

    ticket: Rateable | None
    previous_press: datetime | None
    staff: str | None = None
    """Who called the ticket, or sits there now."""


def rating_presses(work: Work, events: Sequence[CloudEvent]) -> None:
    """Presses in order; raises `UnfitEventError` for one that cannot be read."""
    pads: dict[str, _Pad] = {}
    rows: list[dict[str, Any]] = []
    for event in events:
        counter, value = _read(work, event)
        if counter is None:
            pad = _Pad(ticket=None, previous_press=None)
        elif (known := pads.get(counter)) is not None:
            pad = known
        else:
            pad = pads[counter] = _open_pad(work, counter)
        link = link_press(
            event.time, value, ticket=pad.ticket, previous_press=pad.previous_press
        )
        rows.append({**_row(event, counter, value, link), "staff": pad.staff})
        pad.previous_press = event.time
        if link.ticket is not None and pad.ticket is not None:
            pad.ticket = replace(pad.ticket, rated=True)
    insert_many(work.db, tables.rating, rows)
    for counter, pad in pads.items():
        set_window(work, counter, last_press=pad.previous_press)
        if pad.ticket is not None and pad.ticket.rated:
            desk.close_rating(work, desk.find_counter(work, counter))


def _read(work: Work, event: CloudEvent) -> tuple[str | None, int | None]:
    """(window, value) of a press."""
    counter, value = event.data.get("counter"), event.data.get("value")
    if value is not None and (type(value) is not int or not 1 <= value <= 5):
        raise UnfitEventError(f"`value` must be 1 to 5 or null, not {value!r}")
    if counter is not None and (
        not isinstance(counter, str) or work.site.counter(counter) is None
    ):
        raise UnfitEventError(f"no counter {counter!r} in the hall file")
    return counter, value


def _open_pad(work: Work, counter: str) -> _Pad:
    row = window(work.db, counter)
    ticket = _last_ticket(work, row)
    if ticket is None:
        return _Pad(ticket=None, previous_press=row.last_press, staff=row.staff)
    rateable = _rateable(work, ticket)
    return _Pad(ticket=rateable, previous_press=row.last_press, staff=ticket.staff)


def _last_ticket(work: Work, row: Window) -> Ticket | None:
    if row.ticket is not None or row.last_ticket is None:
        return row.ticket
    ticket = by_key(work.db, row.last_ticket)
    return ticket if ticket.day == work.today else None


def _rateable(work: Work, ticket: Ticket) -> Rateable:
    rated = work.db.execute(
        select(func.count())
        .select_from(tables.rating)
        .where(tables.rating.c.ticket == ticket.ref)
    ).scalar_one()
    return Rateable(
        id=ticket.ref, state=ticket.state, ended=ticket.ended, rated=rated > 0
    )


def _row(
    event: CloudEvent, counter: str | None, value: int | None, link: Link
) -> dict[str, Any]:
    data = event.data
    return {
        "source": event.source,
        "event": event.id,
        "device": event.subject,
        "counter": counter,
        "value": value,
        "linked": link.ticket is not None,
        "ticket": link.ticket,
        "reason": link.reason,
        "key": _word(data.get("key")),
        "address": _word(data.get("address")),
        "raw": _word(data.get("raw")) or "",
        "time": event.time,
        "received": event.received,
    }


def _word(value: Any) -> str | None:
    return None if value is None else str(value)
