"""Tickets and windows in the store: reading them, moving them, showing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)

from bridge.domain.errors import NotFoundError
from bridge.domain.queue import (
    AT_WINDOW,
    QUEUED,
    TicketAction,
    counter_state,
    next_state,
)
from bridge.domain.roster import services_on
from bridge.domain.views import (
    Channel,
    CounterView,
    PrintState,
    ServiceView,
    TicketBrief,
    TicketState,
    TicketView,
)
from bridge.service.lineup import Outlook, ahead_of, everybody, outlook
from bridge.service.shapes import as_json
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter, Site

_T, _C, _I = tables.ticket, tables.counter, tables.ticket_interval

# Built once: building a statement costs more than SQLite takes to run it.
_BY_KEY = select(_T).where(_T.c.id == bindparam("b_key"))
_WINDOW = (
    select(
        _C.c.paused,
        _C.c.paused_until,
        _C.c.last_ticket,
        _C.c.last_press,
        _C.c.last_call,
        _C.c.staff.label("window_staff"),
        _T,
    )
    .join_from(_C, _T, _T.c.id == _C.c.ticket, isouter=True)
    .where(_C.c.id == bindparam("b_counter"))
)
_SET_WINDOW = update(_C).where(_C.c.id == bindparam("b_counter"))
_MOVE = update(_T).where(_T.c.id == bindparam("b_key"))
_CLOSE_INTERVAL = update(_I).where(
    _I.c.ticket == bindparam("b_ticket"), _I.c.finish.is_(None)
)
_OPEN_INTERVAL = insert(_I)
_COUNT = (
    select(func.count())
    .select_from(_T)
    .where(tables.IS_QUEUED, _T.c.service == bindparam("b_service"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A row of `ticket`. `key` counts all that were drawn, `turn` is the order.

    `next_services` are what the visit is for besides; `only_staff` is whom it waits
    for, wherever they sit.
    """

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
    turn: datetime
    priority: str | None
    appointment: datetime | None
    next_services: tuple[str, ...]
    recalls: int
    staff: str | None
    only_staff: str | None
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
    paused_until: datetime | None
    staff: str | None
    last_call: datetime | None

    @property
    def occupying(self) -> Ticket | None:
        """The ticket that must be ended before the next one is called."""
        ticket = self.ticket
        return ticket if ticket is not None and ticket.state in AT_WINDOW else None


def find(db: Connection, query: Select[Any]) -> Ticket | None:
    """The first ticket of a query over `tickets()`."""
    row = db.execute(query.limit(1)).first()
    return None if row is None else ticket_of(row)


def tickets() -> Select[Any]:
    """Every ticket."""
    return select(tables.ticket)


def by_key(db: Connection, key: int) -> Ticket:
    """A ticket that is known to be there."""
    return ticket_of(db.execute(_BY_KEY, {"b_key": key}).one())


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
        ticket=None if row is None or row.id is None else ticket_of(row),
        last_ticket=None if row is None else row.last_ticket,
        last_press=None if row is None else row.last_press,
        paused_until=None if row is None else row.paused_until,
        staff=None if row is None else row.window_staff,
        last_call=None if row is None else row.last_call,
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
    columns = {**values, "state": state}
    if "next_services" in columns:
        columns["next_services"] = ",".join(moved.next_services)
    work.db.execute(_MOVE, {"b_key": ticket.key, **columns})
    if (state, moved.service, moved.counter) != (
        ticket.state,
        ticket.service,
        ticket.counter,
    ):
        work.db.execute(_CLOSE_INTERVAL, {"b_ticket": ticket.key, "finish": at})
        open_interval(work, moved, action.value, at)
    return moved


def add_services(work: Work, ticket: Ticket, services: Sequence[str]) -> Ticket:
    """Have a visit go on to more services, after those that it is for; tells it."""
    if not services:
        return ticket
    more = (*ticket.next_services, *services)
    work.db.execute(_MOVE, {"b_key": ticket.key, "next_services": ",".join(more)})
    grown = replace(ticket, next_services=more)
    tell_ticket(work, grown)
    return grown


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


def ticket_view(db: Connection, site: Site, ticket: Ticket) -> TicketView:
    """A ticket as it is told."""
    if ticket.state not in QUEUED:
        return told_ticket(site, ticket)
    day = date.fromisoformat(ticket.day)
    ahead = ahead_of(db, ticket.turn, ticket.key)
    return told_ticket(site, ticket, ahead, outlook(db, site, day))


def told_ticket(
    site: Site,
    ticket: Ticket,
    ahead: Mapping[tuple[str, str | None], int] | None = None,
    view: Outlook | None = None,
) -> TicketView:
    """A ticket with what stands ahead of it, by line, if it waits."""
    before, wait_s = 0, None
    if ahead is not None and view is not None:
        before = sum(n for line, n in ahead.items() if line[0] == ticket.service)
        wait_s = view.wait_s((ticket.service, ticket.only_counter), ahead)
    zone, ended = site.hall.zone, None
    if ticket.state in {TicketState.FINISHED, TicketState.WAITING_RATING}:
        ended = ticket.ended

    def local(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(zone)

    return TicketView(
        id=ticket.ref,
        number=ticket.number,
        service=ticket.service,
        state=ticket.state,
        waiting_before=before,
        estimated_wait_s=wait_s,
        counter=ticket.counter,
        channel=ticket.channel,
        issued_at=ticket.issued.astimezone(zone),
        called_at=local(ticket.called),
        finished_at=local(ended),
        turn=ticket.turn.astimezone(zone),
        priority=ticket.priority,
        appointment=local(ticket.appointment),
        next_services=list(ticket.next_services),
        only_counter=ticket.only_counter,
        staff=ticket.staff,
        print=ticket.print,
    )


def counter_view(counter: Counter, row: Window, site: Site, day: date) -> CounterView:
    """A window as it is told on a day."""
    ticket, until = row.ticket, row.paused_until
    return CounterView(
        id=counter.id,
        number=counter.number,
        name=counter.name,
        area=counter.area,
        services=list(services_on(counter, day)),
        state=counter_state(
            paused=row.paused, ticket=ticket.state if ticket is not None else None
        ),
        ticket=ticket.brief if ticket is not None else None,
        paused_until=until.astimezone(site.hall.zone) if until is not None else None,
        staff=row.staff,
    )


def service_views(db: Connection, site: Site, day: date) -> list[ServiceView]:
    """Every service of the hall file, with how many wait."""
    ahead, view = everybody(db), outlook(db, site, day)
    return [
        ServiceView(
            id=service.id,
            prefix=service.prefix,
            name=service.name,
            audience=service.audience,
            waiting=sum(n for line, n in ahead.items() if line[0] == service.id),
            estimated_wait_s=view.wait_s((service.id, None), ahead),
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
    area = only_area(work.site, told, ticket.counter)
    work.change("ticket", area, {**as_json(view), "waiting": told})
    work.after(lambda: work.effects.waiting_changed(told))
    return view


def only_area(site: Site, services: Iterable[str], counter: str | None) -> str | None:
    """The area where a ticket of these services matters; None: in several."""
    areas = {area for service in services for area in site.areas_of(service)}
    present = site.counter(counter) if counter is not None else None
    if present is not None:
        areas.add(present.area)
    return areas.pop() if len(areas) == 1 else None


def tell_window(work: Work, counter: Counter) -> CounterView:
    """Tell the stream and the displays of a window."""
    row = window(work.db, counter.id)
    view = counter_view(counter, row, work.site, work.now.date())
    work.tell_counter(view)
    return view


def ticket_of(row: Row[Any]) -> Ticket:
    """A row of `tickets()`."""
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
        turn=row.turn,
        priority=row.priority,
        appointment=row.appointment,
        next_services=tuple(row.next_services.split(",")) if row.next_services else (),
        recalls=row.recalls,
        staff=row.staff,
        only_staff=row.only_staff,
        print=PrintState(row.print) if row.print else None,
    )
