"""Tickets that leave a window and wait again: transferred, returned, rejoined."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bridge.domain.errors import InvalidRequestError, NotFoundError, TooLateError
from bridge.domain.queue import TicketAction, next_state
from bridge.domain.roster import services_on
from bridge.domain.turns import Position, turn_at, turn_behind
from bridge.domain.views import TicketState, TicketView
from bridge.service.lineup import turns_of_counter, turns_of_service
from bridge.service.seats import need_seat_of
from bridge.service.tickets import (
    Ticket,
    by_ref,
    move,
    set_window,
    tell_ticket,
    tell_window,
    ticket_of,
    tickets,
)
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter, Site

_T, _I, _CALL = tables.ticket, tables.ticket_interval, tables.call


def transfer(
    work: Work,
    counter: Counter,
    ticket: Ticket,
    at: datetime,
    *,
    service: str | None = None,
    target: str | None = None,
    staff: str | None = None,
    position: Position = Position.AGE,
) -> TicketView:
    """Send the window's ticket to a service, to a window, or to who sits at one."""
    if sum(each is not None for each in (service, target, staff)) != 1:
        raise InvalidRequestError("transfer needs one of service, counter and staff")
    if service is not None and work.site.service(service) is None:
        raise NotFoundError(f"no service {service!r}")
    there = need_seat_of(work, staff) if staff is not None else None
    if target is not None:
        there = work.site.counter(target)
        if there is None:
            raise NotFoundError(f"no counter {target!r}")
    if there is not None:
        weights = services_on(there, work.now.date())
        line = turns_of_counter(work.db, there, weights)
    else:
        line = turns_of_service(work.db, service or ticket.service)
    moved = move(
        work,
        ticket,
        TicketAction.TRANSFER,
        at,
        service=service or ticket.service,
        only_counter=there.id if there is not None else None,
        only_staff=staff,
        counter=None,
        turn=turn_at(
            position,
            turn=ticket.turn,
            now=work.now,
            first=line[0] if line else None,
            last=line[-1] if line else None,
        ),
    )
    set_window(work, counter.id, ticket=None)
    tell_window(work, counter)
    return tell_ticket(work, moved, ticket.service)


def give_back(work: Work, counter: Counter, ticket: Ticket, at: datetime) -> TicketView:
    """Let the window's ticket wait again at its turn: it was called by mistake."""
    moved = move(work, ticket, TicketAction.RETURN, at, counter=None, only_counter=None)
    set_window(work, counter.id, ticket=None)
    tell_window(work, counter)
    return tell_ticket(work, moved)


def rejoin(work: Work, ref: str) -> TicketView:
    """Let one who missed the call wait again, a few places behind.

    Raises `TooLateError` outside the limits of the hall file.
    """
    ticket, rules = by_ref(work.db, ref), work.site.queue.rejoin
    next_state(ticket.state, TicketAction.REJOIN)
    missed: datetime = work.db.execute(
        select(_I.c.start).where(_I.c.ticket == ticket.key, _I.c.finish.is_(None))
    ).scalar_one()
    if (
        ticket.day != work.today
        or not rules.within_min
        or work.now - missed > timedelta(minutes=rules.within_min)
    ):
        raise TooLateError(
            f"{ticket.number} missed its call more than {rules.within_min:g} min ago"
        )
    if rules.within_tickets is not None:
        called = work.db.execute(
            select(func.count(_CALL.c.ticket.distinct())).where(
                _CALL.c.day == work.today,
                _CALL.c.service == ticket.service,
                _CALL.c.at > missed,
            )
        ).scalar_one()
        if called > rules.within_tickets:
            raise TooLateError(f"{called} tickets were called after {ticket.number}")
    line = turns_of_service(work.db, ticket.service)[: rules.after]
    turn = turn_behind(ticket.turn, line[-1] if line else None)
    moved = move(
        work,
        ticket,
        TicketAction.REJOIN,
        work.now,
        counter=None,
        only_counter=None,
        turn=turn,
    )
    return tell_ticket(work, moved)


def return_held(work: Work) -> None:
    """Let those wait again whom a window has held for too long."""
    for ticket in _overdue(work.db, work.site, work.now):
        values = {"counter": None, "only_counter": None}
        tell_ticket(work, move(work, ticket, TicketAction.RETURN, work.now, **values))


def has_timeouts(site: Site) -> bool:
    """Whether some window of the hall may hold a ticket for so long only."""
    rules = (site.rules(counter) for counter in site.counters)
    return any(each.hold_timeout_min is not None for each in rules)


def held_too_long(db: Connection, site: Site, now: datetime) -> bool:
    """Whether `return_held` has something to do."""
    return bool(_overdue(db, site, now))


def _overdue(db: Connection, site: Site, now: datetime) -> list[Ticket]:
    found: list[Ticket] = []
    for row in db.execute(tickets().where(_T.c.state == TicketState.HELD)):
        counter = site.counter(row.counter or "")
        limit = None if counter is None else site.rules(counter).hold_timeout_min
        if limit is None or row.held is None:
            continue
        if now - row.held >= timedelta(minutes=limit):
            found.append(ticket_of(row))
    return found
