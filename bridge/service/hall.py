"""The hall: rules, store, displays and stream behind one door."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, insert, select

from bridge.domain.errors import NotFoundError
from bridge.domain.views import (
    CallView,
    Change,
    Channel,
    CounterAction,
    CounterView,
    DeviceView,
    Page,
    PunchView,
    QueueView,
    RatingView,
    TicketState,
    TicketView,
)
from bridge.service import days, desk, lists, snapshots
from bridge.service.bus import Bus
from bridge.service.directory import DeviceChange, Directory, Standing
from bridge.service.displays import RENEW_EVERY_S, Displays
from bridge.service.intake import retry_quarantined
from bridge.service.once import do_once
from bridge.service.ports import ListQuery, Once
from bridge.service.shapes import as_json
from bridge.service.stream import Hub, Reader
from bridge.service.tickets import by_ref, ticket_view
from bridge.service.work import Alarm, Work
from bridge.store import tables
from bridge.store.database import Database
from bridge.store.errors import StoreError
from bridge.store.writer import Unit, Writer
from devices.commands import Reply, ReplyStatus
from devices.kinds import DeviceState
from devices.site import Site

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
TRIM_EVERY_S: Final = 3600.0
REVISION: Final = "desired_revision"

Result = TypeVar("Result")


class Hall:
    """Fills `HallPort` for the web, `Effects` for handlers; the bus attaches."""

    def __init__(
        self,
        site: Site,
        database: Database,
        writer: Writer,
        clock: Callable[[], datetime],
    ) -> None:
        self._site = site
        self._database = database
        self._writer = writer
        self._clock = clock
        self._hub = Hub()
        self._alarms: dict[tuple[str, str], Alarm] = {}
        self._bus: Bus | None = None
        self._day = ""
        self._device_changes: deque[DeviceChange] = deque()
        self._device_changed = asyncio.Event()
        self.directory = Directory(site)
        self.counts: dict[str, float] = {}
        """Counters for `metrics`, by name."""
        self.displays: Displays

    # -- the web's port --------------------------------------------------------

    @property
    def site(self) -> Site:
        """The hall file."""
        return self._site

    @property
    def store_id(self) -> str:
        """The id that was made with the database."""
        return self._database.store_id

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""
        return self._clock().astimezone(self._site.hall.zone)

    async def issue_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        once: Once | None = None,
    ) -> TicketView:
        """Draw a ticket."""
        answer = await self.transact(
            lambda work: do_once(
                work, once, lambda: desk.issue(work, service, channel, subject_ref)
            )
        )
        assert isinstance(answer, TicketView)  # noqa: S101 - narrows the type
        return answer

    async def counter_action(
        self,
        counter: str,
        action: CounterAction,
        *,
        arguments: Mapping[str, Any] | None = None,
        once: Once | None = None,
    ) -> TicketView | CounterView:
        """Do what a window asks; the ticket concerned, or the window."""
        return await self.transact(
            lambda work: do_once(
                work, once, lambda: desk.act(work, counter, action, arguments or {})
            )
        )

    async def ticket(self, ticket_id: str) -> TicketView:
        """One ticket; raises `NotFoundError`."""
        return await self._database.read(
            lambda db: ticket_view(db, self._site, by_ref(db, ticket_id))
        )

    async def queue(self) -> QueueView:
        """Services and windows now."""
        return await self._database.read(
            lambda db: snapshots.queue_view(db, self._site)
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

    def devices(self) -> Sequence[DeviceView]:
        """Every device of the hall file, by id."""
        return self.directory.views(self._site)

    async def command(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a command to a device and wait for its reply."""
        if self._site.device(device) is None:
            raise NotFoundError(f"no device {device!r}")
        if self._bus is None:
            return Reply(
                id="none",
                status=ReplyStatus.ERROR,
                code="bus_down",
                message="the bridge has no connection to the broker yet",
            )
        return await self._bus.request(device, name, args, timeout_s)

    async def snapshot(self, area: str | None) -> tuple[int, Mapping[str, Any]]:
        """(id of the last change in it, the whole state) for the live stream."""
        now = self.now()
        last, state = await self._database.read(
            lambda db: snapshots.snapshot(db, self._site, area, now)
        )
        if area is None:
            state["devices"] = [as_json(view) for view in self.devices()]
        return last, state

    async def changes_since(
        self, last_id: int, area: str | None
    ) -> Sequence[Change] | None:
        """Changes after `last_id`; None when unknown or too old."""
        return await self._database.read(
            lambda db: snapshots.changes_since(db, last_id, area)
        )

    @asynccontextmanager
    async def subscribe(self, area: str | None) -> AsyncIterator[Reader]:
        """Changes from now on, narrowed to an area; bounded."""
        with self._hub.reading(area) as reader:
            yield reader

    def troubles(self) -> Sequence[str]:
        """Why the hall is not ready; empty when it is."""
        found = [self._writer.reason] if self._writer.reason else []
        if self._bus is None:
            found.append("broker: not connected yet")
        elif self._bus.reason:
            found.append(f"broker: {self._bus.reason}")
        return [*found, *self.directory.troubles()]

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Open alarms: `{"id", "kind", "since", "message"}`."""
        own = sorted(self._alarms.values(), key=lambda alarm: int(alarm.id))
        return [*(as_json(alarm) for alarm in own), *self.directory.alarms()]

    def metrics(self) -> Mapping[str, float]:
        """Gauges and counters by Prometheus name, without labels."""
        views = self.devices()
        ready = sum(view.state == DeviceState.READY for view in views)
        return {
            **self.counts,
            "halld_commits_total": self._writer.commits,
            "halld_devices": len(views),
            "halld_devices_ready": ready,
            "halld_alarms_open": len(self.alarms()),
            "halld_tickets_waiting": sum(self.displays.board.waiting.values()),
            "halld_bus_connected": float(
                self._bus is not None and not self._bus.reason
            ),
        }

    # -- the bus and the command line ------------------------------------------

    def attach(self, bus: Bus) -> None:
        """Reach devices through `bus` from now on."""
        self._bus = bus
        self.displays.attach(bus.show)

    async def transact(self, job: Callable[[Work], Result]) -> Result:
        """Run a job in the next transaction; returns after its commit."""

        def run(unit: Unit) -> Result:
            work = Work(unit=unit, site=self._site, now=self.now(), effects=self)
            if work.today != self._day:
                days.roll_day(work)
                unit.after.append(lambda: self._set_day(work.today))
            return job(work)

        return await self._writer.run(run)

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on a reader's connection."""
        return await self._database.read(query)

    async def retry_inbox(self) -> tuple[int, int]:
        """Run quarantined events again; (now done, still quarantined)."""
        return await self.transact(retry_quarantined)

    def note_devices(self, changes: Sequence[DeviceChange]) -> None:
        """Keep on record, soon, that devices went up or down."""
        if changes:
            self._device_changes.extend(changes)
            self._device_changed.set()

    # -- effects after a commit ------------------------------------------------

    def changed(self, change: Change) -> None:
        """Tell the live stream."""
        self._hub.publish(change)

    def counter_changed(self, view: CounterView) -> None:
        """Let displays follow a window."""
        self.displays.board.counters[view.id] = view
        self.displays.touch()

    def waiting_changed(self, waiting: Mapping[str, int]) -> None:
        """Let displays follow the queue."""
        self.displays.board.waiting.update(waiting)
        self.displays.touch()

    def called(self, call: CallView) -> None:
        """Let displays follow a call."""
        self.displays.board.calls[call.counter] = call
        self.displays.touch()

    def alarm_changed(self, key: tuple[str, str], now_open: Alarm | None) -> None:
        """An alarm opened, spoke anew, or ended."""
        if now_open is None:
            self._alarms.pop(key, None)
            return
        if key not in self._alarms:
            log.warning("alarm %s: %s", now_open.kind, now_open.message)
        self._alarms[key] = now_open

    def beep(self, device: str, address: int) -> None:
        """Tell the person at a caller that the press led to nothing."""
        self.displays.touch(force=device)
        if self._bus is not None and self._site.device(device) is not None:
            self._bus.send(device, "beep", {"address": address})

    # -- life ------------------------------------------------------------------

    async def start(self) -> None:
        """Turn the day if it is due and read what displays shall follow."""

        def prepare(work: Work) -> None:
            days.ensure_windows(work)
            days.close_late_ratings(work)
            days.trim(work)

        await self.transact(prepare)
        today = self.now()
        board = self._database.read_now(
            lambda db: snapshots.board(db, self._site, today.date().isoformat())
        )
        revision = await self.transact(lambda work: days.meta_value(work, REVISION))
        self.displays = Displays(
            self._site,
            board,
            self.directory,
            now=self.now,
            last_revision=int(revision or 0),
        )
        self._database.read_now(self._recall)

    async def run(self) -> None:
        """Timers and history, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._record_devices())
            tasks.create_task(self._repeat(TICK_S, self._tick))
            tasks.create_task(self._repeat(RENEW_EVERY_S, self._renew))
            tasks.create_task(self._repeat(TRIM_EVERY_S, self._trim))

    async def _repeat(self, every_s: float, step: Callable[[], Any]) -> None:
        while True:
            await asyncio.sleep(every_s)
            # The writer logs and shows the failure; the next turn tries again.
            with suppress(StoreError):
                await step()

    async def _tick(self) -> None:
        rated = any(
            view.ticket is not None and view.ticket.state is TicketState.WAITING_RATING
            for view in self.displays.board.counters.values()
        )
        if rated or self.now().date().isoformat() != self._day:
            await self.transact(days.close_late_ratings)

    async def _renew(self) -> None:
        self.displays.renew()
        revision = str(self.displays.last_revision)
        await self.transact(lambda work: days.set_meta(work, REVISION, revision))

    async def _trim(self) -> None:
        await self.transact(days.trim)

    async def _record_devices(self) -> None:
        while True:
            await self._device_changed.wait()
            self._device_changed.clear()
            changes = list(self._device_changes)
            self._device_changes.clear()
            # History of devices is worth no retry: the state itself is shown.
            with suppress(StoreError):
                await self.transact(lambda work: self._record(work, changes))  # noqa: B023 - awaited here

    def _record(self, work: Work, changes: Sequence[DeviceChange]) -> None:
        for change in changes:
            entry = self._site.device(change.device)
            standing = change.standing
            work.db.execute(
                insert(tables.device_event).values(
                    device=change.device,
                    state=standing.state,
                    reason=standing.reason,
                    session=change.session,
                    at=standing.since or work.now,
                )
            )
            since = work.local(standing.since) if standing.since else work.now
            data = {
                "id": change.device,
                "name": entry.label if entry else change.device,
                "state": standing.state,
                "reason": standing.reason,
                "since": since.isoformat(),
            }
            work.change("device", None, data)

    def _recall(self, db: Connection) -> None:
        zone = self._site.hall.zone
        for row in db.execute(
            select(tables.alarm).where(tables.alarm.c.ended.is_(None))
        ):
            self._alarms[row.kind, row.subject] = Alarm(
                id=str(row.id),
                kind=row.kind,
                since=row.since.astimezone(zone),
                message=row.message,
            )
        table = tables.device_event
        for entry in self._site.devices:
            last = db.execute(
                select(table)
                .where(table.c.device == entry.id)
                .order_by(table.c.id.desc())
                .limit(1)
            ).first()
            if last is not None:
                self.directory.remember(
                    entry.id,
                    Standing(state=last.state, reason=last.reason, since=last.at),
                )

    def _set_day(self, day: str) -> None:
        self._day = day


@asynccontextmanager
async def open_hall(
    *, site: Site, data: Path, clock: Callable[[], datetime]
) -> AsyncIterator[Hall]:
    """Open the hall's store below `data` and keep it running.

    Raises `StoreInUseError` or `StoreCorruptError`, with what to do.
    """
    database = await asyncio.to_thread(Database(data / "store").open)
    try:
        async with Writer(database) as writer:
            hall = Hall(site, database, writer, clock)
            await hall.start()
            running = asyncio.create_task(hall.run())
            try:
                yield hall
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
    finally:
        await asyncio.to_thread(database.close)
