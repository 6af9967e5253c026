"""Which press on an evaluator counts (contract: ratings)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.queue import AT_WINDOW, RATING_WINDOW
from bridge.domain.views import TicketState

BOUNCE: Final = timedelta(milliseconds=300)
"""A press this soon after the one before at the same window is the same press."""


class Unlinked(StrEnum):
    """Why a press does not count."""

    NO_TICKET = "no_ticket"
    SECOND = "second"
    LATE = "late"
    UNKNOWN_VALUE = "unknown_value"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rateable:
    """The ticket that a window has, or had last; `ended` when its work was done."""

    id: str
    state: TicketState
    ended: datetime | None
    rated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a press counts for: a ticket, or nothing and why."""

    ticket: str | None
    reason: Unlinked | None


def link_press(
    at: datetime,
    value: int | None,
    *,
    ticket: Rateable | None,
    previous_press: datetime | None,
) -> Link:
    """Judge a press at `at`; the first for a ticket counts."""
    reason = _reason(at, value, ticket, previous_press)
    return Link(ticket=ticket.id if ticket and not reason else None, reason=reason)


def _reason(
    at: datetime,
    value: int | None,
    ticket: Rateable | None,
    previous_press: datetime | None,
) -> Unlinked | None:
    if previous_press is not None and timedelta() <= at - previous_press < BOUNCE:
        return Unlinked.BOUNCE
    if value is None:
        return Unlinked.UNKNOWN_VALUE
    if ticket is None:
        return Unlinked.NO_TICKET
    if ticket.state not in AT_WINDOW:
        if ticket.ended is None:
            return Unlinked.NO_TICKET
        if at - ticket.ended >= RATING_WINDOW:
            return Unlinked.LATE
    return Unlinked.SECOND if ticket.rated else None
