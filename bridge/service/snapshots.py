"""The whole state of the hall at one change of the stream."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from bridge.domain.displays import Board
from bridge.domain.queue import hall_day
from bridge.domain.speech import announcement
from bridge.domain.views import CallView, Change, QueueView, TicketBrief, TicketState
from bridge.service.lineup import waiting
from bridge.service.shapes import as_json
from bridge.service.stream import Areas, concerns
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
    db: Connection, site: Site, areas: Areas, now: datetime
) -> tuple[int, dict[str, Any]]:
    """(last change in it, state) without devices, in one read transaction."""
    last = db.execute(select(func.max(tables.change.c.id))).scalar() or 0
    queue = queue_view(db, site, now.date())
    day = hall_day(now)
    last_called = latest_numbers(db, day)
    shown = [view for view in queue.services if _is_in(site, view.id, areas)]
    state: dict[str, Any] = {
        "time": now.isoformat(),
        "hall": {"id": site.hall.id, "name": site.hall.name},
        "services": [
            {**as_json(view), "last_called": last_called.get(view.id)} for view in shown
        ],
        "counters": [
            as_json(view)
            for view in queue.counters
            if areas is None or view.area in areas
        ],
        "calls": [as_json(view) for view in calls(db, site, day, areas, MAX_CALLS)],
        "tickets": line_up(db, site, {view.id for view in shown}),
    }
    if areas is not None:
        state["areas"] = [
            {"id": area.id, "name": area.name}
            for area in site.areas
            if area.id in areas
        ]
        if len(areas) == 1:
            state["area"] = state["areas"][0]
    return last, state


def _is_in(site: Site, service: str, areas: Areas) -> bool:
    """Whether a window of the areas serves this on some day."""
    return areas is None or any(
        counter.area in areas and service in counter.service_ids
        for counter in site.counters
    )


def latest_numbers(db: Connection, day: str) -> dict[str, str]:
    """For each service the number that was called last for the first time."""
    table, ticket = tables.call, tables.ticket
    latest = (
        select(func.max(table.c.id))
        .where(table.c.day == day, table.c.repeat == 1)
        .group_by(table.c.service)
    )
    rows = db.execute(
        select(table.c.service, ticket.c.number)
        .join(ticket, ticket.c.id == table.c.ticket)
        .where(table.c.id.in_(latest))
    )
    return {row.service: row.number for row in rows}


def line_up(
    db: Connection, site: Site, services: Collection[str]
) -> list[dict[str, Any]]:
    """Those who wait for these services, in the order of their turns.

    Numbers alone, and named as in a `ticket` change, which moves them.
    """
    ticket = tables.ticket
    rows = db.execute(
        select(
            ticket.c.number,
            ticket.c.service,
            ticket.c.state,
            ticket.c.turn,
            ticket.c.only_counter,
        )
        .where(tables.IS_QUEUED)
        .order_by(ticket.c.turn, ticket.c.id)
    )
    return [
        {
            "number": row.number,
            "service": row.service,
            "state": row.state,
            "turn": row.turn.astimezone(site.hall.zone).isoformat(),
            "only_counter": row.only_counter,
        }
        for row in rows
        if row.service in services
    ]


def calls(
    db: Connection, site: Site, day: str, areas: Areas, limit: int
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
    if areas is not None:
        query = query.where(table.c.area.in_(sorted(areas)))
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
    db: Connection, last_id: int, areas: Areas
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
    return [change for change in changes if concerns(change, areas)]


def _object(text: str) -> Mapping[str, Any]:
    body: dict[str, Any] = json.loads(text)
    return body
