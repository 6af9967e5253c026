"""What happens at the windows, whether a key or the web asks for it.

Each function works inside one transaction; what is refused raises a `RuleError`
before anything was changed.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from bridge.domain.displays import call_text
from bridge.domain.errors import (
    HoldLimitError,
    NotFoundError,
    NoTicketError,
    QueueEmptyError,
    TicketOpenError,
    TooSoonError,
)
from bridge.domain.queue import AT_WINDOW, TicketAction, next_state, ticket_number
from bridge.domain.roster import services_on
from bridge.domain.speech import announcement
from bridge.domain.turns import Position
from bridge.domain.views import (
    CallView,
    Channel,
    CounterView,
    PrintState,
    TicketState,
    TicketView,
)
from bridge.service import passing
from bridge.service.admission import admit
from bridge.service.lineup import next_key
from bridge.service.ports import Errand
from bridge.service.tickets import (
    Ticket,
    Window,
    by_key,
    by_ref,
    find,
    move,
    open_interval,
    set_window,
    tell_ticket,
    tell_window,
    tickets,
    window,
)
from bridge.service.visits import note_visit
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter

_N = tables.number_sequence

# Built once: building a statement costs more than SQLite takes to run it.
_ADD = insert(tables.ticket)
_ADD_CALL = insert(tables.call)
_OF_DAY = (_N.c.service == bindparam("b_service"), _N.c.day == bindparam("b_day"))
_LAST = select(_N.c.last).where(*_OF_DAY)
_COUNT_ON = update(_N).where(*_OF_DAY)
_FIRST = insert(_N)


def issue(
    work: Work,
    service_id: str,
    channel: Channel,
    subject_ref: str | None,
    *,
    printing: PrintState | None = None,
    errand: Errand | None = None,
) -> TicketView:
    """Draw a ticket; raises `NotFoundError`, or another `RuleError` of `admit`."""
    service = work.site.service(service_id)
    if service is None:
        raise NotFoundError(f"no service {service_id!r}")
    admitted = admit(work, service, errand or Errand())
    count = _next_count(work, service.id)
    row = {
        "ref": uuid.uuid4().hex,
        "number": ticket_number(service.prefix, count),
        "service": service.id,
        "origin_service": service.id,
        "day": work.today,
        "state": TicketState.WAITING,
        "channel": channel,
        "subject_ref": subject_ref,
        "print": printing,
        "calls": 0,
        "issued": work.now,
        **admitted,
    }
    made = work.db.execute(_ADD, row)
    ticket = by_key(work.db, (made.inserted_primary_key or (0,))[0])
    open_interval(work, ticket, "issue", work.now)
    return tell_ticket(work, ticket)


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
    """Announce the window's ticket again; at the limit it is a no-show instead."""
    ticket = occupying(work, counter)
    limit = work.site.rules(counter).recall_limit
    is_called = ticket.state is TicketState.CALLED
    if limit is not None and is_called and ticket.recalls >= limit:
        return end(work, counter, TicketAction.NO_SHOW, at)
    counts = {"calls": ticket.calls + 1, "recalls": ticket.recalls + is_called}
    moved = move(work, ticket, TicketAction.RECALL, at, **counts)
    _announce(work, counter, moved, at)
    return tell_ticket(work, moved)


def start(work: Work, counter: Counter, at: datetime) -> TicketView:
    """The citizen is there."""
    moved = move(work, occupying(work, counter), TicketAction.START, at)
    tell_window(work, counter)
    return tell_ticket(work, moved)


def end(
    work: Work,
    counter: Counter,
    action: TicketAction,
    at: datetime,
    *,
    row: Window | None = None,
) -> TicketView:
    """End what is at the window: finish, rate, no-show or hold.

    A visit with more services goes on: the ticket waits for the next. `row` is the
    window as it stands, if it was read already.
    """
    row = row or window(work.db, counter.id)
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
        _check_hold(work, counter)
        values = {"held": at}
    if action is TicketAction.FINISH and ticket.next_services:
        action, values = TicketAction.NEXT, {**values, **_next_service(ticket)}
    moved = move(work, ticket, action, at, **values)
    if "ended" in values and ticket.state in AT_WINDOW:
        note_visit(work, ticket, counter.id, at)
    if action is not TicketAction.RATE:
        kept["ticket"] = None
    set_window(work, counter.id, **kept)
    tell_window(work, counter)
    return tell_ticket(work, moved, ticket.service)


def close_rating(work: Work, counter: Counter) -> Window:
    """Stop waiting for a rating; the ticket is finished, or waits for what is next.

    Gives the window as it was.
    """
    row = window(work.db, counter.id)
    ticket = row.ticket
    if ticket is not None and ticket.state is TicketState.WAITING_RATING:
        values = _next_service(ticket) if ticket.next_services else {}
        action = TicketAction.NEXT if values else TicketAction.CLOSE
        moved = move(work, ticket, action, work.now, **values)
        set_window(work, counter.id, ticket=None)
        tell_ticket(work, moved, ticket.service)
        tell_window(work, counter)
    return row


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
    staff: str | None = None,
    position: Position = Position.AGE,
) -> TicketView:
    """Send the window's ticket to a service, to a window, or to who sits at one."""
    return passing.transfer(
        work,
        counter,
        occupying(work, counter),
        at,
        service=service,
        target=target,
        staff=staff,
        position=position,
    )


def set_paused(
    work: Work, counter: Counter, *, paused: bool, until: datetime | None = None
) -> CounterView:
    """Pause a window, for good or until then, or open it; its ticket stays."""
    set_window(work, counter.id, paused=paused, paused_until=until)
    return tell_window(work, counter)


def next_for(work: Work, counter: Counter) -> Ticket | None:
    """The ticket whose turn it is at a window."""
    weights = services_on(counter, work.now.date())
    key = next_key(work.db, counter, weights, work.now)
    return None if key is None else by_key(work.db, key)


def call_free(
    work: Work, counter: Counter, at: datetime, chosen: Ticket | None = None
) -> TicketView:
    """Call whose turn it is, or the chosen one; raises when somebody is there."""
    if window(work.db, counter.id).occupying is not None:
        raise TicketOpenError(f"{counter.id} has a ticket open")
    check_pace(work, counter, at)
    ticket = chosen or next_for(work, counter)
    if ticket is None:
        raise QueueEmptyError(f"nobody waits for {counter.id}")
    return call(work, counter, ticket, at)


def check_pace(work: Work, counter: Counter, at: datetime) -> None:
    """Raise `TooSoonError` when the window called a moment before."""
    least_s = work.site.rules(counter).min_between_calls_s
    if not least_s:
        return
    last = window(work.db, counter.id).last_call
    if last is None:
        return
    if timedelta() <= at - last < timedelta(seconds=least_s):
        raise TooSoonError(f"{counter.id} called less than {least_s:g} s ago")


def _bring(
    work: Work, counter: Counter, ticket: Ticket, action: TicketAction, at: datetime
) -> TicketView:
    row = close_rating(work, counter)
    moved = move(
        work,
        ticket,
        action,
        at,
        counter=counter.id,
        only_counter=None,
        only_staff=None,
        calls=ticket.calls + 1,
        recalls=0,
        called=ticket.called or at,
        staff=row.staff,
    )
    set_window(work, counter.id, ticket=moved.key, last_call=at)
    view = tell_ticket(work, moved)
    tell_window(work, counter)
    _announce(work, counter, moved, at)
    return view


def _announce(work: Work, counter: Counter, ticket: Ticket, at: datetime) -> None:
    text = call_text(work.site, ticket.number, counter)
    row = {
        "ticket": ticket.key,
        "counter": counter.id,
        "area": counter.area,
        "service": ticket.service,
        "day": work.today,
        "at": at,
        "repeat": ticket.calls,
        "text": text,
        "staff": ticket.staff,
    }
    made = work.db.execute(_ADD_CALL, row)
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
            staff=ticket.staff,
            speech=announcement(
                work.site,
                number=ticket.number,
                counter=counter,
                service=ticket.service,
            ),
        )
    )


def occupying(work: Work, counter: Counter) -> Ticket:
    """The window's ticket; raises `NoTicketError`."""
    ticket = window(work.db, counter.id).occupying
    if ticket is None:
        raise NoTicketError(f"{counter.id} has no ticket open")
    return ticket


def _next_service(ticket: Ticket) -> dict[str, Any]:
    first, *rest = ticket.next_services
    return {
        "service": first,
        "next_services": tuple(rest),
        "counter": None,
        "only_counter": None,
    }


def _check_hold(work: Work, counter: Counter) -> None:
    limit = work.site.rules(counter).hold_limit
    table = tables.ticket
    if limit is None:
        return
    held = work.db.execute(
        select(func.count()).where(
            table.c.state == TicketState.HELD, table.c.counter == counter.id
        )
    ).scalar_one()
    if held >= limit:
        raise HoldLimitError(f"{counter.id} holds {held} tickets already")


def _next_count(work: Work, service: str) -> int:
    key = {"b_service": service, "b_day": work.today}
    last = work.db.execute(_LAST, key).scalar_one_or_none()
    count = (last or 0) + 1
    if last is None:
        row = {"service": service, "day": work.today, "last": count}
        work.db.execute(_FIRST, row)
    else:
        work.db.execute(_COUNT_ON, {**key, "last": count})
    return count
