"""Which ticket is meant: by the number on its paper, as a window may call it."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import case

from bridge.domain.errors import NoTicketError
from bridge.domain.queue import OPEN, ticket_number
from bridge.domain.roster import services_on
from bridge.domain.views import TicketState
from bridge.service.tickets import Ticket, by_ref, find, tickets
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Counter

_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_CALLABLE: Final = sorted((OPEN - {TicketState.WAITING_RATING}) | {TicketState.NO_SHOW})
_T = tables.ticket
_ORDER = case(
    (_T.c.state.in_([TicketState.WAITING, TicketState.TRANSFERRED]), 0),
    (_T.c.state == TicketState.NO_SHOW, 2),
    else_=1,
)
"""Those who wait come first, those who missed their call last."""


def by_count(work: Work, counter: Counter, count: int) -> Ticket | None:
    """Today's ticket of a number without its letters that the window may call."""
    numbers = {ticket_number(each.prefix, count) for each in work.site.services}
    return _callable(work, counter, sorted(numbers))


def by_number(work: Work, counter: Counter, number: str) -> Ticket:
    """Today's ticket of a number, such as A005 or 5, that the window may call.

    Raises `NoTicketError`.
    """
    wanted = number.strip().upper()
    if _DIGITS.fullmatch(wanted):
        found = by_count(work, counter, int(wanted))
    else:
        found = _callable(work, counter, [wanted])
    if found is None:
        raise NoTicketError(f"no ticket {number} that {counter.id} may call")
    return found


def by_id(work: Work, ref: str) -> Ticket:
    """A ticket of today by its id; raises `NotFoundError` or `NoTicketError`."""
    ticket = by_ref(work.db, ref)
    if ticket.day != work.today:
        raise NoTicketError(f"{ticket.number} is of {ticket.day}")
    return ticket


def _callable(work: Work, counter: Counter, numbers: list[str]) -> Ticket | None:
    served = services_on(counter, work.now.date())
    own, here = _T.c.only_counter == counter.id, _T.c.counter == counter.id
    return find(
        work.db,
        tickets()
        .where(_T.c.day == work.today, _T.c.number.in_(numbers))
        .where(_T.c.state.in_(_CALLABLE))
        .where(own | here | _T.c.service.in_(list(served)))
        .where(own | _T.c.only_counter.is_(None))
        .where(_T.c.counter.is_(None) | here)
        .order_by(_ORDER, _T.c.id),
    )
