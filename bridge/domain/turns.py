"""Whose turn it is. One instant a ticket, its `turn`, carries the whole order.

A turn is when somebody came, less the head start of their class. The smallest turn
is next, so everybody ages towards being the next and nobody can be kept out: who
comes later than the longest head start stands behind, whatever their class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.errors import AppointmentError
from devices.queueing import AppointmentSettings

TICK: Final = timedelta(microseconds=1)
"""The smallest step between two turns."""


class Position(StrEnum):
    """Where a transferred ticket stands among those who wait there."""

    FRONT = "front"
    END = "end"
    AGE = "age"
    """By its turn, as if it had waited there all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A ticket that waits, as far as the order is concerned.

    `key` increases with each ticket drawn; it decides between equal turns.
    """

    key: int
    service: str
    turn: datetime
    only_counter: str | None = None


def first_turn(
    issued: datetime,
    *,
    ahead_min: float = 0,
    appointment: datetime | None = None,
    limits: AppointmentSettings | None = None,
) -> datetime:
    """The turn of a new ticket: from its appointed time, or from when it was drawn.

    Raises `AppointmentError` when an appointment is too far from now.
    """
    if appointment is None:
        return issued - timedelta(minutes=ahead_min)
    allowed = limits or AppointmentSettings()
    early = appointment - issued
    if early > timedelta(minutes=allowed.before_min):
        raise AppointmentError(
            f"too early: the ticket can be drawn from {allowed.before_min:g} minutes "
            "before the appointed time"
        )
    if -early > timedelta(minutes=allowed.after_min):
        raise AppointmentError(
            "too late: the ticket could be drawn until "
            f"{allowed.after_min:g} minutes after the appointed time"
        )
    return appointment - timedelta(minutes=ahead_min)


def score(turn: datetime, weight: float, now: datetime) -> float:
    """How urgent a ticket is: the time since its turn, times the service's weight.

    A turn that is still to come is the less urgent the farther it is.
    """
    age_s = (now - turn).total_seconds()
    return age_s * weight if age_s >= 0 else age_s / weight


def next_ticket(
    tickets: Iterable[Queued],
    *,
    counter: str,
    weights: Mapping[str, float],
    now: datetime,
) -> Queued | None:
    """Whose turn it is at a window that serves `weights` (service to weight).

    A ticket for one window is for that window alone, whatever its service is.
    """
    mine = _callable(tickets, counter, weights)
    return min(mine, key=_order(weights, now), default=None)


def in_order(
    tickets: Iterable[Queued],
    *,
    counter: str,
    weights: Mapping[str, float],
    now: datetime,
) -> list[Queued]:
    """All that a window may call, as it would call them if time stood still."""
    return sorted(_callable(tickets, counter, weights), key=_order(weights, now))


def _callable(
    tickets: Iterable[Queued], counter: str, weights: Mapping[str, float]
) -> list[Queued]:
    return [
        ticket
        for ticket in tickets
        if ticket.only_counter == counter
        or (ticket.only_counter is None and ticket.service in weights)
    ]


def _order(
    weights: Mapping[str, float], now: datetime
) -> Callable[[Queued], tuple[float, datetime, int]]:
    top = max(weights.values(), default=1.0)

    def urgency(ticket: Queued) -> tuple[float, datetime, int]:
        own = ticket.only_counter is not None
        weight = top if own else weights[ticket.service]
        return -score(ticket.turn, weight, now), ticket.turn, ticket.key

    def turn(ticket: Queued) -> tuple[float, datetime, int]:
        return 0, ticket.turn, ticket.key

    # Exactly by turn where weights are equal: a float would round it.
    return turn if len(set(weights.values())) <= 1 else urgency


def turn_at(
    position: Position,
    *,
    turn: datetime,
    now: datetime,
    first: datetime | None,
    last: datetime | None,
) -> datetime:
    """The turn of a ticket sent to a line whose first and last turn are given."""
    match position:
        case Position.FRONT:
            return turn if first is None else min(turn, first - TICK)
        case Position.END:
            return now if last is None else max(now, last + TICK)
        case Position.AGE:
            return turn


def turn_behind(turn: datetime, last_before: datetime | None) -> datetime:
    """The turn of one who waits again behind somebody; None: behind nobody."""
    return turn if last_before is None else max(turn, last_before + TICK)
