"""Tickets and windows in the store: reading them, moving them, showing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from bridge.domain.errors import NotFoundError
from bridge.domain.queue import (
    AT_WINDOW,
    QUEUED,
    RECENT,
    Queued,
    TicketAction,
    counter_state,
    estimated_wait_s,
    next_state,
    next_ticket,
)
from bridge.domain.views import (
    Channel,
    CounterView,
    PrintState,
    ServiceView,
    TicketBrief,
    TicketState,
    TicketView,
)
from bridge.service.shapes import as_json
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter, Site

_T, _C, _I = tables.ticket, tables.counter, tables.ticket_interval
_IS_QUEUED = or_(*(_T.c.state == state for state in sorted(QUEUED)))

# Built once: building a statement costs more than SQLite takes to run it.
_BY_KEY = select(_T).where(_T.c.id == bindparam("b_key"))
_WINDOW = (
    select(_C.c.paused, _C.c.last_ticket, _C.c.last_press, _T)
    .join_from(_C, _T, _T.c.id == _C.c.ticket, isouter=True)
    .where(_C.c.id == bindparam("b_counter"))
)
_SET_WINDOW = update(_C).where(_C.c.id == bindparam("b_counter"))
_MOVE = update(_T).where(_T.c.id == bindparam("b_key"))
_CLOSE_INTERVAL = update(_I).where(
    _I.c.ticket == bindparam("b_ticket"), _I.c.finish.is_(None)
)
_OPEN_INTERVAL = insert(_I)
_FIRSTS = (
    select(_T.c.service, _T.c.only_counter, func.min(_T.c.id).label("id"))
    .where(_IS_QUEUED)
    .group_by(_T.c.service, _T.c.only_counter)
)
_COUNT = (
    select(func.count())
    .select_from(_T)
    .where(_IS_QUEUED, _T.c.service == bindparam("b_service"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A row of `ticket`. `key` is its place in the order of the hall."""

    key: int
    ref: str
    number: str
    service: str
    only_counter: str | None
    day: str
    state: TicketState
    counter: str | None
    channel: Channel
    calls: int
    issued: datetime
    called: datetime | None
    ended: datetime | None
    held: datetime | None
    print: PrintState | None = None

    @property
    def brief(self) -> TicketBrief:
        """What is told with a window."""
        return TicketBrief(id=self.ref, number=self.number, state=self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A row of `counter`, with its open ticket."""

    id: str
    paused: bool
    ticket: Ticket | None
    last_ticket: int | None
    last_press: datetime | None

    @property
    def occupying(self) -> Ticket | None:
        """The ticket that must be ended before the next one is called."""
        ticket = self.ticket
        return ticket if ticket is not None and ticket.state in AT_WINDOW else None


def find(db: Connection, query: Select[Any]) -> Ticket | None:
    """The first ticket of a query over `tickets()`."""
    row = db.execute(query.limit(1)).first()
    return None if row is None else _ticket(row)


def tickets() -> Select[Any]:
    """Every ticket."""
    return select(tables.ticket)


def by_key(db: Connection, key: int) -> Ticket:
    """A ticket that is known to be there."""
    return _ticket(db.execute(_BY_KEY, {"b_key": key}).one())


def by_ref(db: Connection, ref: str) -> Ticket:
    """A ticket by its public id; raises `NotFoundError`."""
    found = find(db, tickets().where(tables.ticket.c.ref == ref))
    if found is None:
        raise NotFoundError(f"no ticket {ref!r}")
    return found


def window(db: Connection, counter: str) -> Window:
    """A window that stands in the hall file."""
    row = db.execute(_WINDOW, {"b_counter": counter}).first()
    return Window(
        id=counter,
        paused=row is not None and row.paused,
        ticket=None if row is None or row.id is None else _ticket(row),
        last_ticket=None if row is None else row.last_ticket,
        last_press=None if row is None else row.last_press,
    )


def set_window(work: Work, counter: str, **values: Any) -> None:
    """Change a window's row."""
    work.db.execute(_SET_WINDOW, {"b_counter": counter, **values})


def move(
    work: Work, ticket: Ticket, action: TicketAction, at: datetime, **values: Any
) -> Ticket:
    """Do what the state table allows; raises `NoTicketError` when refused.

    `values` are other columns to set. Each state is an interval in
    `ticket_interval`.
    """
    state = next_state(ticket.state, action)
    moved = replace(ticket, state=state, **values)
    work.db.execute(_MOVE, {"b_key": ticket.key, "state": state, **values})
    if (state, moved.service, moved.counter) != (
        ticket.state,
        ticket.service,
        ticket.counter,
    ):
        work.db.execute(_CLOSE_INTERVAL, {"b_ticket": ticket.key, "finish": at})
        open_interval(work, moved, action.value, at)
    return moved


def open_interval(work: Work, ticket: Ticket, action: str, at: datetime) -> None:
    """Begin the interval of a ticket's present state."""
    row = {
        "ticket": ticket.key,
        "state": ticket.state,
        "service": ticket.service,
        "counter": ticket.counter,
        "action": action,
        "start": at,
    }
    work.db.execute(_OPEN_INTERVAL, row)


def first_for(db: Connection, counter: Counter) -> Ticket | None:
    """The ticket whose turn it is at a window."""
    chosen = next_ticket(
        [
            Queued(
                id=str(row.id),
                service=row.service,
                place=row.id,
                only_counter=row.only_counter,
            )
            for row in db.execute(_FIRSTS)
        ],
        counter=counter.id,
        services=counter.services,
    )
    return None if chosen is None else by_key(db, chosen.place)


def waiting(db: Connection) -> dict[str, int]:
    """How many wait for each service; one that nobody waits for is missing."""
    table = tables.ticket
    rows = db.execute(
        select(table.c.service, func.count())
        .where(_IS_QUEUED)
        .group_by(table.c.service)
    )
    return {row[0]: row[1] for row in rows}


def estimate(db: Connection, site: Site, service: str, ahead: int) -> int | None:
    """Seconds to wait behind `ahead` people; None when unknown."""
    table = tables.ticket
    recent = db.execute(
        select(table.c.called, table.c.ended)
        .where(table.c.service == service, table.c.state == TicketState.FINISHED)
        .where(table.c.ended.is_not(None), table.c.called.is_not(None))
        .order_by(table.c.ended.desc())
        .limit(RECENT)
    )
    durations = [(row.ended - row.called).total_seconds() for row in recent]
    paused = set(
        db.execute(select(tables.counter.c.id).where(tables.counter.c.paused)).scalars()
    )
    windows = sum(
        service in counter.services and counter.id not in paused
        for counter in site.counters
    )
    return estimated_wait_s(ahead, durations, windows)


def ticket_view(db: Connection, site: Site, ticket: Ticket) -> TicketView:
    """A ticket as it is told."""
    zone = site.hall.zone
    ahead, wait_s = 0, None
    if ticket.state in QUEUED:
        ahead = db.execute(
            _COUNT.where(_T.c.id < ticket.key), {"b_service": ticket.service}
        ).scalar_one()
        wait_s = estimate(db, site, ticket.service, ahead)
    return TicketView(
        id=ticket.ref,
        number=ticket.number,
        service=ticket.service,
        state=ticket.state,
        waiting_before=ahead,
        estimated_wait_s=wait_s,
        counter=ticket.counter,
        channel=ticket.channel,
        issued_at=ticket.issued.astimezone(zone),
        called_at=ticket.called.astimezone(zone) if ticket.called else None,
        finished_at=ticket.ended.astimezone(zone) if ticket.ended else None,
        print=ticket.print,
    )


def counter_view(counter: Counter, row: Window) -> CounterView:
    """A window as it is told."""
    ticket = row.ticket
    return CounterView(
        id=counter.id,
        number=counter.number,
        name=counter.name,
        area=counter.area,
        services=list(counter.services),
        state=counter_state(
            paused=row.paused, ticket=ticket.state if ticket is not None else None
        ),
        ticket=ticket.brief if ticket is not None else None,
    )


def service_views(db: Connection, site: Site) -> list[ServiceView]:
    """Every service of the hall file, with how many wait."""
    counts = waiting(db)
    return [
        ServiceView(
            id=service.id,
            prefix=service.prefix,
            name=service.name,
            audience=service.audience,
            waiting=counts.get(service.id, 0),
            estimated_wait_s=estimate(db, site, service.id, counts.get(service.id, 0)),
        )
        for service in site.services
    ]


def tell_ticket(work: Work, ticket: Ticket, *services: str) -> TicketView:
    """Tell the stream and the displays of a ticket, with its services' waiting."""
    view = ticket_view(work.db, work.site, ticket)
    told: Mapping[str, int] = {
        name: work.db.execute(_COUNT, {"b_service": name}).scalar_one()
        for name in dict.fromkeys((ticket.service, *services))
    }
    area = _only_area(work.site, told, ticket.counter)
    work.change("ticket", area, {**as_json(view), "waiting": told})
    work.after(lambda: work.effects.waiting_changed(told))
    return view


def _only_area(site: Site, services: Iterable[str], counter: str | None) -> str | None:
    """The area where a ticket of these services matters; None: in several."""
    wanted = set(services)
    areas = {
        each.area
        for each in site.counters
        if each.id == counter or wanted.intersection(each.services)
    }
    return areas.pop() if len(areas) == 1 else None


def tell_window(work: Work, counter: Counter) -> CounterView:
    """Tell the stream and the displays of a window."""
    view = counter_view(counter, window(work.db, counter.id))
    work.tell_counter(view)
    return view


def _ticket(row: Row[Any]) -> Ticket:
    return Ticket(
        key=row.id,
        ref=row.ref,
        number=row.number,
        service=row.service,
        only_counter=row.only_counter,
        day=row.day,
        state=TicketState(row.state),
        counter=row.counter,
        channel=Channel(row.channel),
        calls=row.calls,
        issued=row.issued,
        called=row.called,
        ended=row.ended,
        held=row.held,
        print=PrintState(row.print) if row.print else None,
    )
