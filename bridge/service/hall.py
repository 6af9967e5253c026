"""The hall: rules, store, displays and stream behind one door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from bridge.domain.errors import InvalidRequestError, NotFoundError
from bridge.domain.queue import hall_day
from bridge.domain.views import (
    Channel,
    CounterAction,
    CounterView,
    Drawn,
    TicketState,
    TicketView,
)
from bridge.service import asking, days, passing, snapshots
from bridge.service.aftermath import Aftermath
from bridge.service.attendance.keeper import Attendance
from bridge.service.bus import Bus
from bridge.service.directory import DeviceChange, Directory
from bridge.service.displays import RENEW_EVERY_S, Displays
from bridge.service.drawing import Drawing
from bridge.service.estimates import LOOK_EVERY_S, Estimates
from bridge.service.history import DeviceHistory
from bridge.service.intake import LOST_RANGE, ROLLED_BACK
from bridge.service.listing import Listing
from bridge.service.once import do_once
from bridge.service.ports import Errand, Once
from bridge.service.printing import Printing
from bridge.service.quarantine import retry_quarantined
from bridge.service.shapes import as_json
from bridge.service.stream import Areas, Hub, Reader
from bridge.service.visits import note_rates
from bridge.service.work import Work
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

PAST_ALARMS: Final = frozenset({LOST_RANGE, ROLLED_BACK})
"""Kinds of alarms that tell of what is past: they end when somebody has seen them."""


class Hall(Listing):
    """Fills `HallPort` for the web; the bus attaches itself."""

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
        self._bus: Bus | None = None
        self._day = ""
        self.faults: dict[str, str] = {}
        """What fails by a mistake of ours, in words, by what it is; while it does."""
        self._history = DeviceHistory(site)
        self.directory = Directory(site)
        self.displays = Displays(site, self.directory, now=self.now)
        self._aftermath = Aftermath(site, self._hub, self.displays)
        self.counts: dict[str, float] = {}
        """Counters for `metrics`, by name."""
        self._has_timeouts = passing.has_timeouts(site)
        self.attendance = Attendance(site, self)
        self.printing = Printing(site, self)
        self._estimates = Estimates(site, self)
        self._drawing = Drawing(site, self, self.printing)

    # -- the web's port --------------------------------------------------------

    @property
    def site(self) -> Site:
        """The hall file."""
        return self._site

    @property
    def store_id(self) -> str:
        """The id that was made with the database."""
        return self._database.store_id

    @property
    def store_path(self) -> Path:
        """The file of the store."""
        return self._database.path

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""
        return self._clock().astimezone(self._site.hall.zone)

    async def issue_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        errand: Errand | None = None,
        once: Once | None = None,
    ) -> TicketView:
        """Draw a ticket, or give the one that the subject has."""
        drawn = await self.draw_ticket(
            service=service,
            channel=channel,
            subject_ref=subject_ref,
            errand=errand,
            once=once,
        )
        return drawn.ticket

    async def draw_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        kiosk: str | None = None,
        errand: Errand | None = None,
        once: Once | None = None,
    ) -> Drawn:
        """Draw a ticket and print it, or give the one that the subject has."""
        place = self._site.kiosk(kiosk) if channel is Channel.KIOSK else None
        return await self._drawing.draw(
            service, channel, subject_ref, place, once, errand=errand
        )

    async def reprint_ticket(
        self, ticket_id: str, *, kiosk: str | None = None, once: Once | None = None
    ) -> TicketView:
        """Print a ticket again, at this kiosk or where it was printed last."""
        return await self._drawing.reprint(ticket_id, kiosk, once)

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
                work, once, lambda: asking.act(work, counter, action, arguments or {})
            )
        )

    async def rejoin_ticket(
        self, ticket_id: str, *, once: Once | None = None
    ) -> TicketView:
        """Let one who missed the call wait again."""
        answer = await self.transact(
            lambda work: do_once(work, once, lambda: passing.rejoin(work, ticket_id))
        )
        assert isinstance(answer, TicketView)  # noqa: S101 - narrows the type
        return answer

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

    @asynccontextmanager
    async def subscribe(self, areas: Areas) -> AsyncIterator[Reader]:
        """Changes from now on, narrowed to areas; bounded."""
        with self._hub.reading(areas) as reader:
            yield reader

    def troubles(self) -> Sequence[str]:
        """Why the hall is not ready; empty when it is."""
        own = (
            self._writer.reason,
            self._writer.fault,
            *self.faults.values(),
            self.attendance.engine.reason,
            self.printing.reason,
        )
        found = [reason for reason in own if reason]
        if self._bus is None:
            found.append("broker: not connected yet")
        elif self._bus.reason:
            found.append(f"broker: {self._bus.reason}")
        elif self._bus.fault:
            found.append(self._bus.fault)
        return [*found, *self.directory.troubles()]

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Open alarms: `{"id", "kind", "since", "message"}`."""
        known = self._aftermath.alarms.values()
        own = sorted(known, key=lambda alarm: int(alarm.id))
        return [*(as_json(alarm) for alarm in own), *self.directory.alarms()]

    async def close_alarm(self, alarm_id: str) -> None:
        """End an alarm about what is past, once a technician has seen it."""
        own = self._aftermath.alarms.items()
        key = next((key for key, alarm in own if alarm.id == alarm_id), None)
        if key is not None and key[0] in PAST_ALARMS:
            await self.transact(lambda work: work.end_alarm(*key))
            return
        if key is None and all(alarm["id"] != alarm_id for alarm in self.alarms()):
            raise NotFoundError(f"no open alarm {alarm_id!r}")
        raise InvalidRequestError(
            f"alarm {alarm_id!r} ends by itself when its cause is gone"
        )

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
        self._aftermath.attach(bus)
        self.displays.attach(bus.show)

    async def transact(self, job: Callable[[Work], Result]) -> Result:
        """Run a job in the next transaction; returns after its commit."""

        def run(unit: Unit) -> Result:
            work = Work(
                unit=unit,
                site=self._site,
                now=self.now(),
                effects=self._aftermath,
                skews=self.directory.skews,
            )
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
        self._history.note(changes)

    # -- life ------------------------------------------------------------------

    async def start(self) -> None:
        """Turn the day if it is due and read what displays shall follow."""

        def prepare(work: Work) -> None:
            days.ensure_windows(work)
            days.keep_time(work)
            days.trim(work)
            note_rates(work)

        await self.transact(prepare)
        revision = await self.transact(lambda work: days.meta_value(work, REVISION))
        await self._database.read(self._recall)
        self.displays.last_revision = int(revision or 0)

    def _recall(self, db: Connection) -> None:
        day = hall_day(self.now())
        self.displays.board = snapshots.board(db, self._site, day)
        self._aftermath.recall(db)
        self._history.recall(db, self.directory)

    async def run(self) -> None:
        """Timers and history, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._history.run(self.transact))
            tasks.create_task(self.printing.run())
            tasks.create_task(self._repeat(LOOK_EVERY_S, self._estimates.look))
            tasks.create_task(self._repeat(TICK_S, self._tick))
            tasks.create_task(self._repeat(RENEW_EVERY_S, self._renew))
            tasks.create_task(self._repeat(TRIM_EVERY_S, self._trim))
            tasks.create_task(self.attendance.run())

    async def _repeat(self, every_s: float, step: Callable[[], Any]) -> None:
        name = f"timer {step.__qualname__}"
        while True:
            await asyncio.sleep(every_s)
            try:
                await step()
            except StoreError:
                continue  # the writer logs it and shows it; the next turn tries again
            except Exception as error:  # a timer's bug must not stop the others
                if name not in self.faults:
                    log.exception("a timer of the hall failed")
                self.faults[name] = f"a timer of the hall failed: {error!r}"
            else:
                self.faults.pop(name, None)

    async def _tick(self) -> None:
        if self._writer.reason:
            await self._renew()  # whether it works again, also when nothing comes
        now = self.now()
        views = self.displays.board.counters.values()
        rated = any(
            view.ticket is not None and view.ticket.state is TicketState.WAITING_RATING
            for view in views
        )
        opens = any(
            view.paused_until is not None and view.paused_until <= now for view in views
        )
        if rated or opens or hall_day(now) != self._day or await self._held_too_long():
            await self.transact(days.keep_time)

    async def _held_too_long(self) -> bool:
        if not self._has_timeouts:
            return False
        return await self._database.read(
            lambda db: passing.held_too_long(db, self._site, self.now())
        )

    async def _renew(self) -> None:
        self.displays.renew()
        revision = str(self.displays.last_revision)
        await self.transact(lambda work: days.set_meta(work, REVISION, revision))

    async def _trim(self) -> None:
        await self.transact(days.trim)

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
