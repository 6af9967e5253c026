"""Lists of the REST API, read page by page in a stable order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from bridge.domain.errors import InvalidRequestError
from bridge.domain.queue import QUEUED
from bridge.domain.views import (
    CallerKeyView,
    Page,
    PunchView,
    RatingView,
    SeatView,
    TicketView,
)
from bridge.service.lineup import outlook, places
from bridge.service.ports import ListQuery
from bridge.service.tickets import ticket_of, told_ticket
from bridge.store import tables
from devices.site import Site

Item = TypeVar("Item")

_PUNCH_FILTERS = frozenset({"device", "user_id", "direction", "method"})
_RATING_FILTERS = frozenset({"counter", "linked", "value", "reason", "ticket", "staff"})
_KEY_FILTERS = frozenset({"device", "counter", "address", "key", "reason"})
_SEAT_FILTERS = frozenset({"counter", "staff", "until"})
_TICKET_FILTERS = frozenset({"state", "service", "counter", "day", "number", "staff"})


def punch_page(db: Connection, site: Site, query: ListQuery) -> Page[PunchView]:
    """Punches by time, then id."""
    zone = site.hall.zone

    def view(row: Row[Any]) -> PunchView:
        return PunchView(
            id=row.id,
            device=row.device,
            user_id=row.user_id,
            time=row.time.astimezone(zone),
            received_time=row.received.astimezone(zone),
            direction=row.direction,
            method=row.method,
            flags=row.flags.split(",") if row.flags else [],
            raw=row.raw,
        )

    return _page(db, tables.punch, query, _PUNCH_FILTERS, view)


def rating_page(db: Connection, site: Site, query: ListQuery) -> Page[RatingView]:
    """Presses by time, then id."""
    zone = site.hall.zone

    def view(row: Row[Any]) -> RatingView:
        return RatingView(
            id=row.id,
            time=row.time.astimezone(zone),
            counter=row.counter,
            value=row.value,
            linked=row.linked,
            ticket=row.ticket,
            reason=row.reason,
            staff=row.staff,
        )

    return _page(db, tables.rating, query, _RATING_FILTERS, view)


def caller_key_page(
    db: Connection, site: Site, query: ListQuery
) -> Page[CallerKeyView]:
    """Keys of callers by time, then id."""
    zone = site.hall.zone

    def view(row: Row[Any]) -> CallerKeyView:
        return CallerKeyView(
            id=row.id,
            time=row.time.astimezone(zone),
            received_time=row.received.astimezone(zone),
            device=row.device,
            counter=row.counter,
            address=row.address,
            key=row.key,
            digits=row.digits,
            reason=row.reason,
        )

    return _page(db, tables.caller_key, query, _KEY_FILTERS, view)


def seat_page(db: Connection, site: Site, query: ListQuery) -> Page[SeatView]:
    """Who sat where, by time, then id."""
    zone = site.hall.zone

    def view(row: Row[Any]) -> SeatView:
        return SeatView(
            id=row.id,
            counter=row.counter,
            staff=row.staff,
            time=row.time.astimezone(zone),
            until=row.until.astimezone(zone) if row.until is not None else None,
        )

    return _page(db, tables.seat, query, _SEAT_FILTERS, view)


def ticket_page(
    db: Connection, site: Site, query: ListQuery, day: date
) -> Page[TicketView]:
    """Tickets as they were drawn; `day` is today."""
    table, matching = tables.ticket, _conditions(tables.ticket, query, _TICKET_FILTERS)
    total = db.execute(
        select(func.count()).select_from(table).where(*matching)
    ).scalar_one()
    rows = db.execute(
        select(table)
        .where(*matching)
        .order_by(table.c.id)
        .limit(query.limit)
        .offset(query.offset)
    )
    found = [ticket_of(row) for row in rows]
    view = outlook(db, site, day)
    ahead = places(db, {each.key for each in found if each.state in QUEUED})
    items = [told_ticket(site, each, ahead.get(each.key), view) for each in found]
    return Page(items=items, total=total)


def _page(
    db: Connection,
    table: Table,
    query: ListQuery,
    known: frozenset[str],
    view: Callable[[Row[Any]], Item],
) -> Page[Item]:
    conditions = _conditions(table, query, known)
    if query.from_time is not None:
        conditions.append(table.c.time >= query.from_time)
    if query.to_time is not None:
        conditions.append(table.c.time < query.to_time)
    total = db.execute(
        select(func.count()).select_from(table).where(*conditions)
    ).scalar_one()
    rows = db.execute(
        select(table)
        .where(*conditions)
        .order_by(table.c.time, table.c.id)
        .limit(query.limit)
        .offset(query.offset)
    )
    return Page(items=[view(row) for row in rows], total=total)


def _conditions(
    table: Table, query: ListQuery, known: frozenset[str]
) -> list[ColumnElement[bool]]:
    equals: Mapping[str, Any] = query.equals or {}
    if unknown := sorted(set(equals) - known):
        raise InvalidRequestError(f"cannot filter by {', '.join(unknown)}")
    return [
        table.c[name].is_(None) if value is None else table.c[name] == value
        for name, value in equals.items()
    ]
