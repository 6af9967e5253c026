"""A key of a caller: the same actions as the web's, with the window's policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case

from bridge.domain.errors import QueueEmptyError, RuleError, UnfitEventError
from bridge.domain.keys import Meaning, Press, read_press
from bridge.domain.queue import OPEN, TicketAction, ticket_number
from bridge.domain.views import TicketState
from bridge.service import desk
from bridge.service.tickets import Ticket, find, first_for, tickets, window
from bridge.service.work import Work
from bridge.store import tables
from devices.events import CloudEvent
from devices.site import Counter, OnCallWhileOpen

_ENDING = {
    Meaning.FINISH: TicketAction.FINISH,
    Meaning.NO_SHOW: TicketAction.NO_SHOW,
    Meaning.HOLD: TicketAction.HOLD,
    Meaning.RATE: TicketAction.RATE,
}
_EITHER = {
    Meaning.CALL_OR_RECALL: (Meaning.CALL, Meaning.RECALL),
    Meaning.FINISH_OR_NO_SHOW: (Meaning.FINISH, Meaning.NO_SHOW),
}
"""Keys for two things: the second while a ticket is called and nobody came yet."""


def caller_keys(work: Work, events: Sequence[CloudEvent]) -> None:
    """Presses in order; raises `UnfitEventError` for one that cannot be read."""
    for event in events:
        _press(work, event)


def _press(work: Work, event: CloudEvent) -> None:
    data = event.data
    key, digits = data.get("key"), data.get("digits") or ""
    if not isinstance(key, str) or not isinstance(digits, str):
        raise UnfitEventError("caller.key needs the texts `key` and `digits`")
    name = data.get("counter")
    if name is None:
        return  # an unknown address: kept on record, concerns no window
    counter = work.site.counter(name) if isinstance(name, str) else None
    if counter is None:
        raise UnfitEventError(f"no counter {name!r} in the hall file")
    press = read_press(key, digits)
    if press.opens_paused and window(work.db, counter.id).paused:
        desk.set_paused(work, counter, paused=False)
    try:
        _obey(work, counter, press, event.time)
    except RuleError:
        address = data.get("address")
        if isinstance(address, int):
            device = event.subject
            work.after(lambda: work.effects.beep(device, address))


def _obey(work: Work, counter: Counter, press: Press, at: datetime) -> None:
    meaning = _plain(work, counter, press.meaning)
    match meaning:
        case Meaning.CALL:
            _call(work, counter, press.number, at)
        case Meaning.RECALL:
            desk.recall(work, counter, at)
        case Meaning.START:
            desk.start(work, counter, at)
        case Meaning.RESUME_TICKET:
            held = None
            if press.number is not None:
                held = _by_number(work, counter, press.number).ref
            desk.resume(work, counter, at, ref=held)
        case Meaning.TRANSFER:
            desk.transfer(work, counter, at, target=_window_of(work, press.number))
        case Meaning.PAUSE:
            desk.set_paused(work, counter, paused=True)
        case Meaning.FINISH | Meaning.NO_SHOW | Meaning.HOLD | Meaning.RATE:
            desk.end(work, counter, _ENDING[meaning], at)
        case Meaning.OPEN | Meaning.NOTHING:
            pass


def _plain(work: Work, counter: Counter, meaning: Meaning) -> Meaning:
    """What a key for two things means now."""
    if meaning not in _EITHER:
        return meaning
    present = window(work.db, counter.id).occupying
    called = present is not None and present.state is TicketState.CALLED
    return _EITHER[meaning][called]


def _call(work: Work, counter: Counter, number: int | None, at: datetime) -> None:
    """Call the next ticket or the one of a number, whatever is open."""
    present = window(work.db, counter.id).occupying
    wanted = None if number is None else _by_number(work, counter, number)
    if present is not None:
        policy = work.site.policy(counter)
        if policy is OnCallWhileOpen.IGNORE:
            raise RefusedPressError(f"{counter.id} has a ticket open")
        same = wanted is not None and wanted.key == present.key
        if policy is OnCallWhileOpen.RECALL or same:
            desk.recall(work, counter, at)
            return
        desk.end(work, counter, TicketAction.FINISH, at)
    ticket = wanted or first_for(work.db, counter)
    if ticket is None:
        desk.close_rating(work, counter)
        raise QueueEmptyError(f"nobody waits for {counter.id}")
    desk.call(work, counter, ticket, at)


def _by_number(work: Work, counter: Counter, number: int) -> Ticket:
    """Today's ticket of a number at the window's services: waiting ones first."""
    table = tables.ticket
    callable_states = [*sorted(OPEN - {TicketState.WAITING_RATING}), "no_show"]
    order = case(
        (table.c.state.in_([TicketState.WAITING, TicketState.TRANSFERRED]), 0),
        (table.c.state == TicketState.NO_SHOW, 2),
        else_=1,
    )
    numbers = [
        ticket_number(service.prefix, number)
        for service in work.site.services
        if service.id in counter.services
    ]
    found = find(
        work.db,
        tickets()
        .where(table.c.day == work.today, table.c.number.in_(numbers))
        .where(table.c.state.in_(callable_states))
        .where((table.c.counter.is_(None)) | (table.c.counter == counter.id))
        .order_by(order, table.c.id),
    )
    if found is None:
        raise QueueEmptyError(f"no ticket with number {number} for {counter.id}")
    return found


def _window_of(work: Work, number: int | None) -> str:
    for counter in work.site.counters:
        if counter.number == number:
            return counter.id
    raise RefusedPressError(f"no window {number} to transfer to")


class RefusedPressError(RuleError):
    """A press that the window's policy refuses."""

    problem = "refused"
