"""Each up, down and why of a device is a stored event."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from sqlalchemy import Connection, insert, select

from bridge.service.directory import DeviceChange, Directory, Standing
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.errors import StoreError
from devices.site import Site

Transact = Callable[[Callable[[Work], None]], Awaitable[None]]


class DeviceHistory:
    """Writes what changed, soon; tells it on the live stream."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._waiting: deque[DeviceChange] = deque()
        self._arrived = asyncio.Event()

    def note(self, changes: Sequence[DeviceChange]) -> None:
        """Keep changes on record, soon."""
        self._waiting.extend(changes)
        if changes:
            self._arrived.set()

    async def run(self, transact: Transact) -> None:
        """Write until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            changes = list(self._waiting)
            self._waiting.clear()
            # The writer shows its failure; the state itself is told all the same.
            with suppress(StoreError):
                await transact(lambda work, changes=changes: _record(work, changes))  # type: ignore[misc]

    def recall(self, db: Connection, directory: Directory) -> None:
        """Tell the directory what was last written of each device."""
        table = tables.device_event
        for entry in self._site.devices:
            last = db.execute(
                select(table)
                .where(table.c.device == entry.id)
                .order_by(table.c.id.desc())
                .limit(1)
            ).first()
            if last is not None:
                standing = Standing(state=last.state, reason=last.reason, since=last.at)
                directory.remember(entry.id, standing)


def _record(work: Work, changes: Sequence[DeviceChange]) -> None:
    for change in changes:
        entry, standing = work.site.device(change.device), change.standing
        since = work.local(standing.since) if standing.since else work.now
        work.db.execute(
            insert(tables.device_event).values(
                device=change.device,
                state=standing.state,
                reason=standing.reason,
                session=change.session,
                at=since,
            )
        )
        data = {
            "id": change.device,
            "name": entry.label if entry else change.device,
            "state": standing.state,
            "reason": standing.reason,
            "since": since.isoformat(),
        }
        work.change("device", None, data)
