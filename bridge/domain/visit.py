"""One person's visit: which ticket answers to what they draw again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.queue import OPEN, QUEUED
from bridge.domain.views import TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A ticket that somebody holds, as far as drawing again is concerned."""

    key: int
    state: TicketState
    service: str
    next_services: tuple[str, ...]
    turn: datetime

    @property
    def awaited(self) -> frozenset[str]:
        """The services that it waits for, now or after the one before."""
        if self.state in QUEUED:
            return frozenset({self.service, *self.next_services})
        return frozenset(self.next_services if self.state in OPEN else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The ticket that stands for a wish, and what is added to its visit."""

    key: int
    added: tuple[str, ...]


def drawn_again(tickets: Iterable[Held], wanted: Sequence[str]) -> Again | None:
    """What a person gets who holds tickets of today; None: a new number.

    The ticket that waits for any wanted service, of several the one whose turn is
    first. Wanted services that none of their tickets is for are added to it.
    """
    held = [ticket for ticket in tickets if ticket.state in OPEN]
    fits = [ticket for ticket in held if ticket.awaited.intersection(wanted)]
    if not fits:
        return None
    first = min(fits, key=lambda ticket: (ticket.turn, ticket.key))
    known = {first.service}.union(*(ticket.awaited for ticket in held))
    return Again(key=first.key, added=tuple(s for s in wanted if s not in known))
