"""What the hall tells from its store, on a reader's connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from bridge.domain.views import (
    CallerKeyView,
    Change,
    Page,
    PunchView,
    QueueView,
    RatingView,
    SeatView,
    TicketView,
    WindowLineView,
)
from bridge.service import lists, snapshots
from bridge.service.ports import ListQuery
from bridge.service.stream import Areas
from bridge.service.tickets import by_ref, ticket_view
from bridge.service.windowline import window_line
from bridge.store.database import Database
from devices.site import Site


class Listing:
    """The part of `HallPort` that only reads the store."""

    _site: Site
    _database: Database
    _clock: Callable[[], datetime]

    async def ticket(self, ticket_id: str) -> TicketView:
        """One ticket; raises `NotFoundError`."""
        return await self._database.read(
            lambda db: ticket_view(db, self._site, by_ref(db, ticket_id))
        )

    async def queue(self) -> QueueView:
        """Services and windows now."""
        return await self._database.read(
            lambda db: snapshots.queue_view(db, self._site, self._today())
        )

    async def window_line(self, counter: str) -> WindowLineView:
        """Whom a window may call, holds and missed; raises `NotFoundError`."""
        now = self._clock().astimezone(self._site.hall.zone)
        return await self._database.read(
            lambda db: window_line(db, self._site, counter, now)
        )

    async def changes_since(
        self, last_id: int, areas: Areas
    ) -> Sequence[Change] | None:
        """Changes after `last_id`; None when unknown or too old."""
        return await self._database.read(
            lambda db: snapshots.changes_since(db, last_id, areas)
        )

    async def punches(self, query: ListQuery) -> Page[PunchView]:
        """Punches by time, then id."""
        return await self._database.read(
            lambda db: lists.punch_page(db, self._site, query)
        )

    async def ratings(self, query: ListQuery) -> Page[RatingView]:
        """Presses by time, then id."""
        return await self._database.read(
            lambda db: lists.rating_page(db, self._site, query)
        )

    async def tickets(self, query: ListQuery) -> Page[TicketView]:
        """Tickets as they were drawn."""
        today = self._today()
        return await self._database.read(
            lambda db: lists.ticket_page(db, self._site, query, today)
        )

    async def caller_keys(self, query: ListQuery) -> Page[CallerKeyView]:
        """Keys of callers by time, then id."""
        return await self._database.read(
            lambda db: lists.caller_key_page(db, self._site, query)
        )

    async def seats(self, query: ListQuery) -> Page[SeatView]:
        """Who sat where, by time, then id."""
        return await self._database.read(
            lambda db: lists.seat_page(db, self._site, query)
        )

    def _today(self) -> date:
        return self._clock().astimezone(self._site.hall.zone).date()
