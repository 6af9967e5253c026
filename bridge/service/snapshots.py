"""The whole state of the hall at one change of the stream."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from bridge.domain.displays import Board
from bridge.domain.queue import hall_day
from bridge.domain.speech import announcement
from bridge.domain.views import CallView, Change, QueueView, TicketBrief, TicketState
from bridge.service.lineup import waiting
from bridge.service.shapes import as_json
from bridge.service.stream import concerns
from bridge.service.tickets import counter_view, service_views, window
from bridge.store import tables
from devices.site import Site

MAX_CALLS: Final = 20
MAX_CHANGES: Final = 1000
"""Beyond this a snapshot is shorter."""


def queue_view(db: Connection, site: Site, day: date) -> QueueView:
    """Services and windows on a day."""
    return QueueView(
        services=service_views(db, site, day),
        counters=[
            counter_view(each, window(db, each.id), site, day) for each in site.counters
        ],
    )


def snapshot(
    db: Connection, site: Site, area: str | None, now: datetime
) -> tuple[int, dict[str, Any]]:
    """(last change in it, state) without devices, in one read transaction."""
    last = db.execute(select(func.max(tables.change.c.id))).scalar() or 0
    queue = queue_view(db, site, now.date())
    services = {
        service
        for counter in site.counters
        if area in {None, counter.area}
        for service in counter.service_ids
    }
    state: dict[str, Any] = {
        "time": now.isoformat(),
        "hall": {"id": site.hall.id, "name": site.hall.name},
        "services": [
            as_json(view)
            for view in queue.services
            if area is None or view.id in services
        ],
        "counters": [
            as_json(view) for view in queue.counters if area in {None, view.area}
        ],
        "calls": [
            as_json(view) for view in calls(db, site, hall_day(now), area, MAX_CALLS)
        ],
    }
    if area is not None:
        found = site.area(area)
        state["area"] = {"id": area, "name": found.name if found else ""}
    return last, state


def calls(
    db: Connection, site: Site, day: str, area: str | None, limit: int
) -> list[CallView]:
    """Calls of a day, newest first."""
    table, ticket = tables.call, tables.ticket
    query = (
        select(table, ticket.c.ref, ticket.c.number, ticket.c.state)
        .join(ticket, ticket.c.id == table.c.ticket)
        .where(table.c.day == day)
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    if area is not None:
        query = query.where(table.c.area == area)
    views: list[CallView] = []
    for row in db.execute(query):
        counter = site.counter(row.counter)
        views.append(
            CallView(
                id=str(row.id),
                ticket=TicketBrief(
                    id=row.ref, number=row.number, state=TicketState(row.state)
                ),
                counter=row.counter,
                counter_number=counter.number if counter else 0,
                counter_name=counter.name if counter else "",
                area=row.area,
                service=row.service,
                at=row.at.astimezone(site.hall.zone),
                repeat=row.repeat,
                text=row.text,
                staff=row.staff,
                speech=announcement(
                    site, number=row.number, counter=counter, service=row.service
                ),
            )
        )
    return views


def board(db: Connection, site: Site, day: str) -> Board:
    """What displays shall follow, from the store."""
    latest: dict[str, CallView] = {}
    for view in calls(db, site, day, None, 100 * MAX_CALLS):
        latest.setdefault(view.counter, view)
    return Board(
        counters={
            each.id: counter_view(
                each, window(db, each.id), site, date.fromisoformat(day)
            )
            for each in site.counters
        },
        waiting=waiting(db),
        calls=latest,
    )


def changes_since(
    db: Connection, last_id: int, area: str | None
) -> Sequence[Change] | None:
    """Changes after `last_id`; None when it is unknown or too long ago."""
    table = tables.change
    first, last = db.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
    if not (first or 1) - 1 <= last_id <= (last or 0):
        return None
    rows = db.execute(
        select(table)
        .where(table.c.id > last_id)
        .order_by(table.c.id)
        .limit(MAX_CHANGES + 1)
    ).all()
    if len(rows) > MAX_CHANGES:
        return None
    changes = (
        Change(id=row.id, kind=row.kind, area=row.area, data=_object(row.data))
        for row in rows
    )
    return [change for change in changes if concerns(change, area)]


def _object(text: str) -> Mapping[str, Any]:
    body: dict[str, Any] = json.loads(text)
    return body
