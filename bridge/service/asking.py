"""What the web asks of a window, by the words of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.domain.errors import CounterPausedError, InvalidRequestError
from bridge.domain.queue import TicketAction
from bridge.domain.turns import Position
from bridge.domain.views import CounterAction, CounterView, TicketView
from bridge.service import choosing, desk, passing, seats
from bridge.service.tickets import window
from bridge.service.work import Work
from devices.site import Counter

Arguments = Mapping[str, Any]
Answer = TicketView | CounterView

_WHEN_OPEN: Final = frozenset(
    {CounterAction.CALL, CounterAction.RECALL, CounterAction.RESUME_TICKET}
)
"""What a paused window refuses: it would bring somebody there."""


def act(
    work: Work, counter_id: str, action: CounterAction, arguments: Arguments
) -> Answer:
    """Do what the web asks of a window; raises `RuleError`."""
    counter = desk.find_counter(work, counter_id)
    if action in _WHEN_OPEN and window(work.db, counter.id).paused:
        raise CounterPausedError(f"{counter.id} is paused")
    return _ACTIONS[action](work, counter, arguments)


def _call(work: Work, counter: Counter, arguments: Arguments) -> Answer:
    number, ref = _text(arguments, "number"), _text(arguments, "ticket")
    if number is not None and ref is not None:
        raise InvalidRequestError("call takes `number` or `ticket`, not both")
    chosen = choosing.by_number(work, counter, number) if number is not None else None
    if ref is not None:
        chosen = choosing.by_id(work, ref)
    return desk.call_free(work, counter, work.now, chosen)


def _recall(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.recall(work, counter, work.now)


def _start(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.start(work, counter, work.now)


def _finish(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.end(work, counter, TicketAction.FINISH, work.now)


def _no_show(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.end(work, counter, TicketAction.NO_SHOW, work.now)


def _hold(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.end(work, counter, TicketAction.HOLD, work.now)


def _resume(work: Work, counter: Counter, arguments: Arguments) -> Answer:
    return desk.resume(work, counter, work.now, ref=_text(arguments, "ticket"))


def _transfer(work: Work, counter: Counter, arguments: Arguments) -> Answer:
    return desk.transfer(
        work,
        counter,
        work.now,
        service=_text(arguments, "service"),
        target=_text(arguments, "counter"),
        staff=_text(arguments, "staff"),
        position=_position(arguments),
    )


def _return(work: Work, counter: Counter, _: Arguments) -> Answer:
    return passing.give_back(work, counter, desk.occupying(work, counter), work.now)


def _sign_in(work: Work, counter: Counter, arguments: Arguments) -> Answer:
    staff = _text(arguments, "staff")
    if staff is None:
        raise InvalidRequestError("sign-in needs `staff`")
    return seats.sign_in(work, counter, staff, work.now)


def _sign_out(work: Work, counter: Counter, _: Arguments) -> Answer:
    return seats.sign_out(work, counter, work.now)


def _pause(work: Work, counter: Counter, arguments: Arguments) -> Answer:
    until = _until(arguments, work.now)
    return desk.set_paused(work, counter, paused=True, until=until)


def _open(work: Work, counter: Counter, _: Arguments) -> Answer:
    return desk.set_paused(work, counter, paused=False)


_ACTIONS: Final[
    Mapping[CounterAction, Callable[[Work, Counter, Arguments], Answer]]
] = {
    CounterAction.CALL: _call,
    CounterAction.RECALL: _recall,
    CounterAction.START: _start,
    CounterAction.FINISH: _finish,
    CounterAction.NO_SHOW: _no_show,
    CounterAction.HOLD: _hold,
    CounterAction.RESUME_TICKET: _resume,
    CounterAction.TRANSFER: _transfer,
    CounterAction.RETURN: _return,
    CounterAction.SIGN_IN: _sign_in,
    CounterAction.SIGN_OUT: _sign_out,
    CounterAction.PAUSE: _pause,
    CounterAction.OPEN: _open,
}


def _text(arguments: Arguments, name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"`{name}` must be a text")
    return value


def _position(arguments: Arguments) -> Position:
    try:
        return Position(_text(arguments, "position") or Position.AGE)
    except ValueError:
        raise InvalidRequestError("`position` is front, end or age") from None


def _until(arguments: Arguments, at: datetime) -> datetime | None:
    minutes = arguments.get("minutes")
    if minutes is None:
        return None
    if isinstance(minutes, bool) or not isinstance(minutes, int | float):
        raise InvalidRequestError("`minutes` must be a number")
    if not 0 < minutes <= 1440:
        raise InvalidRequestError("`minutes` must be above 0 and at most 1440")
    return at + timedelta(minutes=minutes)
