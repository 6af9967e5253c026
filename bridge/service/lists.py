"""Lists of the REST API, read page by page in a stable order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Table, func, select

from bridge.domain.errors import InvalidRequestError
from bridge.domain.views import Page, PunchView, RatingView
from bridge.service.ports import ListQuery
from bridge.store import tables
from devices.site import Site

Item = TypeVar("Item")

_PUNCH_FILTERS = frozenset({"device", "user_id", "direction", "method"})
_RATING_FILTERS = frozenset({"counter", "linked", "value", "reason", "ticket"})


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
        )

    return _page(db, tables.rating, query, _RATING_FILTERS, view)


def _page(
    db: Connection,
    table: Table,
    query: ListQuery,
    known: frozenset[str],
    view: Callable[[Row[Any]], Item],
) -> Page[Item]:
    equals: Mapping[str, Any] = query.equals or {}
    if unknown := sorted(set(equals) - known):
        raise InvalidRequestError(f"cannot filter by {', '.join(unknown)}")
    conditions = [
        table.c[name].is_(None) if value is None else table.c[name] == value
        for name, value in equals.items()
    ]
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
