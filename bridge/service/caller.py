"""A key of a caller: the same actions as the web's, with the window's policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert

from bridge.domain.errors import QueueEmptyError, RuleError, UnfitEventError
from bridge.domain.keys import Meaning, Press, read_press
from bridge.domain.queue import AT_WINDOW, TicketAction
from bridge.domain.views import TicketState
from bridge.service import desk, seats
from bridge.service.choosing import by_count
from bridge.service.tickets import Ticket, Window, window
from bridge.service.work import Work
from bridge.store import tables
from devices.events import CloudEvent
from devices.queueing import OnCallWhileOpen
from devices.site import Counter

STALE: Final = timedelta(seconds=30)
"""A key that would call somebody and arrives later than this calls nobody."""

_KEEP = insert(tables.caller_key)
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
        _keep(work, event, None, "unknown-address")
        return  # concerns no window
    counter = work.site.counter(name) if isinstance(name, str) else None
    if counter is None:
        raise UnfitEventError(f"no counter {name!r} in the hall file")
    press = read_press(key, digits)
    skew = work.skews.get(event.place.node, timedelta())
    if press.brings_somebody and work.now - event.time - skew > STALE:
        _keep(work, event, counter, "stale")
        return
    reason = None
    row = window(work.db, counter.id)
    if press.opens_paused and row.paused:
        desk.set_paused(work, counter, paused=False)
    try:
        _obey(work, row, counter, press, event.time)
    except RuleError as error:
        reason = error.problem
        address = data.get("address")
        if isinstance(address, int):
            device = event.subject
            work.after(lambda: work.effects.beep(device, address))
    _keep(work, event, counter, reason)


def _keep(
    work: Work, event: CloudEvent, counter: Counter | None, reason: str | None
) -> None:
    data: Any = event.data
    address = data.get("address")
    row = {
        "device": event.subject,
        "counter": None if counter is None else counter.id,
        "address": None if address is None else str(address),
        "key": data["key"],
        "digits": data.get("digits") or "",
        "reason": reason,
        "time": event.time,
        "received": event.received,
    }
    work.db.execute(_KEEP, row)


def _obey(
    work: Work, row: Window, counter: Counter, press: Press, at: datetime
) -> None:
    meaning = _plain(row, press.meaning)
    match meaning:
        case Meaning.CALL:
            _call(work, row, counter, press.number, at)
        case Meaning.RECALL:
            desk.recall(work, counter, at)
        case Meaning.START:
            desk.start(work, counter, at)
        case Meaning.RESUME_TICKET:
            desk.resume(work, counter, at, ref=_held(work, counter, press))
        case Meaning.TRANSFER:
            desk.transfer(work, counter, at, target=_window_of(work, press.number))
        case Meaning.PAUSE:
            desk.set_paused(work, counter, paused=True)
        case Meaning.FINISH | Meaning.NO_SHOW | Meaning.HOLD | Meaning.RATE:
            desk.end(work, counter, _ENDING[meaning], at)
        case Meaning.SIGN_IN | Meaning.SIGN_OUT:
            _seat(work, counter, press, at)
        case Meaning.OPEN | Meaning.NOTHING:
            pass


def _seat(work: Work, counter: Counter, press: Press, at: datetime) -> None:
    if press.meaning is Meaning.SIGN_OUT:
        seats.sign_out(work, counter, at)
        return
    if not press.digits:
        raise RefusedPressError("a number is typed before the login key")
    seats.sign_in(work, counter, press.digits, at)


def _held(work: Work, counter: Counter, press: Press) -> str | None:
    if press.number is None:
        return None
    return _by_number(work, counter, press.number).ref


def _plain(row: Window, meaning: Meaning) -> Meaning:
    """What a key for two things means now."""
    if meaning not in _EITHER:
        return meaning
    present = row.occupying
    called = present is not None and present.state is TicketState.CALLED
    return _EITHER[meaning][called]


def _call(
    work: Work, row: Window, counter: Counter, number: int | None, at: datetime
) -> None:
    """Call the next ticket or the one of a number, whatever is open."""
    desk.check_pace(work, counter, at)
    present = row.occupying
    wanted = None if number is None else _by_number(work, counter, number)
    if present is not None:
        policy = work.site.policy(counter)
        if policy is OnCallWhileOpen.IGNORE:
            raise RefusedPressError(f"{counter.id} has a ticket open")
        if wanted is not None and wanted.key == present.key:
            desk.recall(work, counter, at)
            return
        if policy is OnCallWhileOpen.FINISH_AND_NEXT:
            desk.end(work, counter, TicketAction.FINISH, at, row=row)
        elif desk.recall(work, counter, at).state in AT_WINDOW:
            return
    ticket = wanted or desk.next_for(work, counter)
    if ticket is None:
        desk.close_rating(work, counter)
        raise QueueEmptyError(f"nobody waits for {counter.id}")
    desk.call(work, counter, ticket, at)


def _by_number(work: Work, counter: Counter, number: int) -> Ticket:
    found = by_count(work, counter, number)
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
