"""The states of a ticket and of a window, and numbers.

Everything about a ticket's state stands in `TRANSITIONS`; docs draw it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.errors import NoTicketError
from bridge.domain.views import CounterState, TicketState


class TicketAction(StrEnum):
    """What can happen to a ticket."""

    CALL = "call"
    RECALL = "recall"
    START = "start"
    FINISH = "finish"
    RATE = "rate"
    """Finish, and ask the citizen for a rating."""
    CLOSE = "close"
    """The rating came, or nobody waits for it any longer."""
    NO_SHOW = "no-show"
    HOLD = "hold"
    RESUME = "resume-ticket"
    TRANSFER = "transfer"
    NEXT = "next-service"
    """One service of the visit is done, the ticket waits for the next."""
    RETURN = "return"
    """Back to those who wait, at its old turn."""
    REJOIN = "rejoin"
    """Missed the call and waits again."""
    EXPIRE = "expire"
    """The hall-day ended."""


_S = TicketState
_A = TicketAction

TRANSITIONS: Final[Mapping[tuple[TicketState, TicketAction], TicketState]] = {
    (_S.WAITING, _A.CALL): _S.CALLED,
    (_S.WAITING, _A.EXPIRE): _S.EXPIRED,
    (_S.CALLED, _A.RECALL): _S.CALLED,
    (_S.CALLED, _A.START): _S.SERVING,
    (_S.CALLED, _A.FINISH): _S.FINISHED,
    (_S.CALLED, _A.RATE): _S.WAITING_RATING,
    (_S.CALLED, _A.NO_SHOW): _S.NO_SHOW,
    (_S.CALLED, _A.HOLD): _S.HELD,
    (_S.CALLED, _A.TRANSFER): _S.TRANSFERRED,
    (_S.CALLED, _A.NEXT): _S.WAITING,
    (_S.CALLED, _A.RETURN): _S.WAITING,
    (_S.CALLED, _A.EXPIRE): _S.EXPIRED,
    (_S.SERVING, _A.RECALL): _S.SERVING,
    (_S.SERVING, _A.START): _S.SERVING,
    (_S.SERVING, _A.FINISH): _S.FINISHED,
    (_S.SERVING, _A.RATE): _S.WAITING_RATING,
    (_S.SERVING, _A.NO_SHOW): _S.NO_SHOW,
    (_S.SERVING, _A.HOLD): _S.HELD,
    (_S.SERVING, _A.TRANSFER): _S.TRANSFERRED,
    (_S.SERVING, _A.NEXT): _S.WAITING,
    (_S.SERVING, _A.EXPIRE): _S.EXPIRED,
    (_S.HELD, _A.RESUME): _S.CALLED,
    (_S.HELD, _A.CALL): _S.CALLED,
    (_S.HELD, _A.RETURN): _S.WAITING,
    (_S.HELD, _A.EXPIRE): _S.EXPIRED,
    (_S.TRANSFERRED, _A.CALL): _S.CALLED,
    (_S.TRANSFERRED, _A.EXPIRE): _S.EXPIRED,
    (_S.WAITING_RATING, _A.FINISH): _S.FINISHED,
    (_S.WAITING_RATING, _A.CLOSE): _S.FINISHED,
    (_S.WAITING_RATING, _A.NEXT): _S.WAITING,
    (_S.WAITING_RATING, _A.EXPIRE): _S.FINISHED,
    (_S.NO_SHOW, _A.CALL): _S.CALLED,
    (_S.NO_SHOW, _A.REJOIN): _S.WAITING,
}
"""State and action to the next state. A pair that is missing is refused.

A transferred ticket waits at the other service or window. A no-show comes back
by its number, or waits again.
"""

QUEUED: Final = frozenset({_S.WAITING, _S.TRANSFERRED})
"""Waits for a window."""
AT_WINDOW: Final = frozenset({_S.CALLED, _S.SERVING})
"""Occupies a window: it must be ended before the next one is called."""
OPEN: Final = QUEUED | AT_WINDOW | {_S.HELD, _S.WAITING_RATING}
"""Not ended: expires at the end of the hall-day."""

RATING_WINDOW: Final = timedelta(seconds=15)
"""How long after its end a ticket may be rated (contract: ratings)."""


def next_state(state: TicketState, action: TicketAction) -> TicketState:
    """Where an action leads; raises `NoTicketError` when it is refused."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise NoTicketError(f"a ticket that is {state} cannot {action}") from None


def counter_state(*, paused: bool, ticket: TicketState | None) -> CounterState:
    """What a window does, from whether it is paused and its ticket's state."""
    if paused:
        return CounterState.PAUSED
    if ticket is TicketState.CALLED:
        return CounterState.CALLING
    if ticket in {TicketState.SERVING, TicketState.WAITING_RATING}:
        return CounterState.SERVING
    return CounterState.IDLE


def ticket_number(prefix: str, count: int) -> str:
    """The `count`-th number of a service's day: A001, and A1000 after A999."""
    return f"{prefix}{count:03d}"


def hall_day(moment: datetime) -> str:
    """The hall-day of a moment given in the hall's zone, as YYYY-MM-DD."""
    return moment.date().isoformat()
