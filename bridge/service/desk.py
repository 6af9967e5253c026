"""What happens at the windows, whether a key or the web asks for it.

Each function works inside one transaction; what is refused raises a `RuleError`
before anything was changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from bridge.domain.displays import call_text
from bridge.domain.errors import (
    CounterPausedError,
    InvalidRequestError,
    NotFoundError,
    NoTicketError,
    QueueEmptyError,
    TicketOpenError,
)
from bridge.domain.queue import TicketAction, next_state, ticket_number
from bridge.domain.views import (
    CallView,
    Channel,
    CounterAction,
    CounterView,
    PrintState,
    TicketState,
    TicketView,
)
from bridge.service.tickets import (
    Ticket,
    by_key,
    by_ref,
    find,
    first_for,
    move,
    open_interval,
    set_window,
    tell_ticket,
    tell_window,
    tickets,
    window,
)
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter

_ENDING = {
    CounterAction.FINISH: TicketAction.FINISH,
    CounterAction.NO_SHOW: TicketAction.NO_SHOW,
    CounterAction.HOLD: TicketAction.HOLD,
}
_WHEN_OPEN = {CounterAction.CALL, CounterAction.RECALL, CounterAction.RESUME_TICKET}
"""What a paused window refuses: it would bring somebody there."""


def issue(
    work: Work,
    service_id: str,
    channel: Channel,
    subject_ref: str | None,
    printing: PrintState | None = None,
) -> TicketView:
    """Draw a ticket; raises `NotFoundError`."""
    service = work.site.service(service_id)
    if service is None:
        raise NotFoundError(f"no service {service_id!r}")
    count = _next_count(work, service.id)
    made = work.db.execute(
        insert(tables.ticket).values(
            ref=uuid.uuid4().hex,
            number=ticket_number(service.prefix, count),
            service=service.id,
            origin_service=service.id,
            day=work.today,
            state=TicketState.WAITING,
            channel=channel,
            subject_ref=subject_ref,
            print=printing,
            calls=0,
            issued=work.now,
        )
    )
    ticket = by_key(work.db, (made.inserted_primary_key or (0,))[0])
    open_interval(work, ticket, "issue", work.now)
    return tell_ticket(work, ticket)


def act(
    work: Work,
    counter_id: str,
    action: CounterAction,
    arguments: Mapping[str, Any],
) -> TicketView | CounterView:
    """Do what the web asks of a window."""
    counter, at = find_counter(work, counter_id), work.now
    if action in _WHEN_OPEN and window(work.db, counter.id).paused:
        raise CounterPausedError(f"{counter.id} is paused")
    answer: TicketView | CounterView
    match action:
        case CounterAction.CALL:
            answer = _call_next(work, counter, at)
        case CounterAction.RECALL:
            answer = recall(work, counter, at)
        case CounterAction.START:
            answer = start(work, counter, at)
        case CounterAction.RESUME_TICKET:
            answer = resume(work, counter, at, ref=_text(arguments, "ticket"))
        case CounterAction.TRANSFER:
            service, target = _text(arguments, "service"), _text(arguments, "counter")
            answer = transfer(work, counter, at, service=service, target=target)
        case CounterAction.PAUSE | CounterAction.OPEN:
            paused = action is CounterAction.PAUSE
            answer = set_paused(work, counter, paused=paused)
        case CounterAction.FINISH | CounterAction.NO_SHOW | CounterAction.HOLD:
            answer = end(work, counter, _ENDING[action], at)
    return answer


def find_counter(work: Work, counter_id: str) -> Counter:
    """A window of the hall file; raises `NotFoundError`."""
    counter = work.site.counter(counter_id)
    if counter is None:
        raise NotFoundError(f"no counter {counter_id!r}")
    return counter


def call(work: Work, counter: Counter, ticket: Ticket, at: datetime) -> TicketView:
    """Call a ticket to a window that has none at it."""
    next_state(ticket.state, TicketAction.CALL)
    return _bring(work, counter, ticket, TicketAction.CALL, at)


def recall(work: Work, counter: Counter, at: datetime) -> TicketView:
    """Announce the window's ticket again."""
    ticket = _occupying(work, counter)
    moved = move(work, ticket, TicketAction.RECALL, at, calls=ticket.calls + 1)
    _announce(work, counter, moved, at)
    return tell_ticket(work, moved)


def start(work: Work, counter: Counter, at: datetime) -> TicketView:
    """The citizen is there."""
    moved = move(work, _occupying(work, counter), TicketAction.START, at)
    tell_window(work, counter)
    return tell_ticket(work, moved)


def end(work: Work, counter: Counter, action: TicketAction, at: datetime) -> TicketView:
    """End what is at the window: finish, rate, no-show or hold."""
    row = window(work.db, counter.id)
    ticket = row.occupying
    if ticket is None and action is TicketAction.FINISH and row.ticket is not None:
        ticket = row.ticket  # waits for its rating
        at = ticket.ended or at
    if ticket is None:
        raise NoTicketError(f"{counter.id} has no ticket open")
    values: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    if action in {TicketAction.FINISH, TicketAction.RATE}:
        values, kept = {"ended": at}, {"last_ticket": ticket.key}
    elif action is TicketAction.HOLD:
        values = {"held": at}
    moved = move(work, ticket, action, at, **values)
    if action is not TicketAction.RATE:
        kept["ticket"] = None
    set_window(work, counter.id, **kept)
    tell_window(work, counter)
    return tell_ticket(work, moved)


def close_rating(work: Work, counter: Counter) -> None:
    """Stop waiting for a rating; the ticket is finished."""
    ticket = window(work.db, counter.id).ticket
    if ticket is not None and ticket.state is TicketState.WAITING_RATING:
        moved = move(work, ticket, TicketAction.CLOSE, work.now)
        set_window(work, counter.id, ticket=None)
        tell_ticket(work, moved)
        tell_window(work, counter)


def resume(
    work: Work, counter: Counter, at: datetime, *, ref: str | None = None
) -> TicketView:
    """Call a held ticket again: the one named, or the one held here last."""
    if window(work.db, counter.id).occupying is not None:
        raise TicketOpenError(f"{counter.id} has a ticket open")
    if ref is not None:
        ticket: Ticket | None = by_ref(work.db, ref)
    else:
        table = tables.ticket
        ticket = find(
            work.db,
            tickets()
            .where(table.c.state == TicketState.HELD, table.c.counter == counter.id)
            .order_by(table.c.held.desc(), table.c.id.desc()),
        )
    if ticket is None:
        raise NoTicketError(f"{counter.id} holds no ticket")
    next_state(ticket.state, TicketAction.RESUME)
    return _bring(work, counter, ticket, TicketAction.RESUME, at)


def transfer(
    work: Work,
    counter: Counter,
    at: datetime,
    *,
    service: str | None = None,
    target: str | None = None,
) -> TicketView:
    """Send the window's ticket to another service, or to one other window."""
    if (service is None) == (target is None):
        raise InvalidRequestError("transfer needs either a service or a counter")
    if service is not None and work.site.service(service) is None:
        raise NotFoundError(f"no service {service!r}")
    if target is not None:
        find_counter(work, target)
    ticket = _occupying(work, counter)
    moved = move(
        work,
        ticket,
        TicketAction.TRANSFER,
        at,
        service=service or ticket.service,
        only_counter=target,
        counter=None,
    )
    set_window(work, counter.id, ticket=None)
    tell_window(work, counter)
    return tell_ticket(work, moved, ticket.service)


def set_paused(work: Work, counter: Counter, *, paused: bool) -> CounterView:
    """Pause a window or open it; its ticket stays."""
    set_window(work, counter.id, paused=paused)
    return tell_window(work, counter)


def _bring(
    work: Work, counter: Counter, ticket: Ticket, action: TicketAction, at: datetime
) -> TicketView:
    close_rating(work, counter)
    moved = move(
        work,
        ticket,
        action,
        at,
        counter=counter.id,
        only_counter=None,
        calls=ticket.calls + 1,
        called=ticket.called or at,
    )
    set_window(work, counter.id, ticket=moved.key)
    view = tell_ticket(work, moved)
    tell_window(work, counter)
    _announce(work, counter, moved, at)
    return view


def _announce(work: Work, counter: Counter, ticket: Ticket, at: datetime) -> None:
    text = call_text(work.site, ticket.number, counter)
    made = work.db.execute(
        insert(tables.call).values(
            ticket=ticket.key,
            counter=counter.id,
            area=counter.area,
            service=ticket.service,
            day=work.today,
            at=at,
            repeat=ticket.calls,
            text=text,
        )
    )
    work.tell_call(
        CallView(
            id=str((made.inserted_primary_key or (0,))[0]),
            ticket=ticket.brief,
            counter=counter.id,
            counter_number=counter.number,
            counter_name=counter.name,
            area=counter.area,
            service=ticket.service,
            at=work.local(at),
            repeat=ticket.calls,
            text=text,
        )
    )


def _occupying(work: Work, counter: Counter) -> Ticket:
    ticket = window(work.db, counter.id).occupying
    if ticket is None:
        raise NoTicketError(f"{counter.id} has no ticket open")
    return ticket


def _call_next(work: Work, counter: Counter, at: datetime) -> TicketView:
    if window(work.db, counter.id).occupying is not None:
        raise TicketOpenError(f"{counter.id} has a ticket open")
    ticket = first_for(work.db, counter)
    if ticket is None:
        raise QueueEmptyError(f"nobody waits for {counter.id}")
    return call(work, counter, ticket, at)


def _text(arguments: Mapping[str, Any], name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"`{name}` must be a text")
    return value


def _next_count(work: Work, service: str) -> int:
    table = tables.number_sequence
    key = (table.c.service == service, table.c.day == work.today)
    last = work.db.execute(select(table.c.last).where(*key)).scalar_one_or_none()
    count = (last or 0) + 1
    if last is None:
        row = {"service": service, "day": work.today, "last": count}
        work.db.execute(insert(table).values(**row))
    else:
        work.db.execute(update(table).where(*key).values(last=count))
    return count
