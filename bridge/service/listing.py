"""What the hall tells from its store, on a reader's connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bridge.domain.views import (
    CallerKeyView,
    Change,
    DeviceView,
    Page,
    PunchView,
    QueueView,
    RatingView,
    SeatView,
    TicketView,
    WindowLineView,
)
from bridge.service import lists, snapshots
from bridge.service.directory import Directory
from bridge.service.ports import ListQuery
from bridge.service.shapes import as_json
from bridge.service.stream import Areas
from bridge.service.tickets import by_ref, ticket_view
from bridge.service.windowline import window_line
from bridge.store.database import Database
from devices.site import Site


class Listing:
    """The part of `HallPort` that only reads."""

    _site: Site
    _database: Database
    _clock: Callable[[], datetime]
    directory: Directory

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

    def devices(self) -> Sequence[DeviceView]:
        """Every device of the hall file, by id."""
        return self.directory.views(self._site)

    async def snapshot(self, areas: Areas) -> tuple[int, Mapping[str, Any]]:
        """(id of the last change in it, the whole state) for the live stream."""
        now = self._clock().astimezone(self._site.hall.zone)
        last, state = await self._database.read(
            lambda db: snapshots.snapshot(db, self._site, areas, now)
        )
        if areas is None:
            state["devices"] = [as_json(view) for view in self.devices()]
        return last, state

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
