"""Fingerprint clocks on port 4370: live punches, and the log after every gap.

A live connection hears events; a command session beside it reads users, time
and log. Facts: ZKTeco clocks; pitfalls R17; delivery, identity of an event.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from bus.backoff import Backoff
from devices.errors import DeviceError
from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, SiteError
from devices.zk.events import decode_event
from devices.zk.packets import ALARM_TAMPER, EventMask, Packet
from devices.zk.values import Sizes
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.zk.client import WrongKeyError
from drivers.zk.commands import COMMANDS, answer
from drivers.zk.gate import ClockGate
from drivers.zk.ledger import PunchLedger
from drivers.zk.live import LiveConnection
from drivers.zk.session import ClockAddress, ClockSession
from drivers.zk.visit import ClockFacts, Visit, clean_serial, notes_of

log = logging.getLogger(__name__)

Seconds = Annotated[float, Field(gt=0, le=3600)]


class ZkParameters(DriverParameters):
    """A clock's keys in the hall file."""

    comm_key: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 0
    """The clock's communication key; 0 is none. Best `!secret clock`."""
    timeout_s: Seconds = 5.0
    """How long one answer may take; reading the log gets more by its size."""
    probe_s: Seconds = 10.0
    """How often the live connection is asked whether it lives."""
    poll_s: Seconds = 300.0
    """How often users, time and capacity are looked at besides."""
    set_clock: bool = True
    """Whether a clock that is off is set, when the host's time is trusted."""
    drift_limit_s: Seconds = 60.0
    """More than this is off."""
    strict_checksum: bool = True
    """False for firmware that sends wrong checksums."""
    encoding: str | None = None
    """Of names, where it is neither UTF-8 nor GB18030."""
    simulation: Mapping[str, Any] = {}
    """What the simulated clock does; the driver leaves it alone."""


FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0


class ZkDriver(Driver[ZkParameters]):
    """One clock: hears punches live and reads its log after every gap."""

    kind = DeviceKind.CLOCK
    parameters_model = ZkParameters
    capabilities = (EventType.ATTENDANCE_PUNCH.value, EventType.ATTENDANCE_TAMPER.value)
    commands = COMMANDS

    def __init__(self, context: DriverContext, parameters: ZkParameters) -> None:
        super().__init__(context, parameters)
        self._gate = ClockGate(
            context,
            ClockAddress(
                url=context.device.url or "",
                comm_key=parameters.comm_key,
                timeout_s=parameters.timeout_s,
                strict=parameters.strict_checksum,
            ),
        )
        self._ledger = PunchLedger(context, "")
        self._facts = ClockFacts()
        self._heard = asyncio.Event()
        self._wanted = asyncio.Event()
        self._log_wanted = True
        self._identified = False
        self._trouble = ""
        self._suspicious: int | None = None
        self._reopened = False
        self._unknown_ids: set[str] = set()
        self._warned_of_key = False

    @classmethod
    def check(cls, device: DeviceEntry, parameters: ZkParameters) -> None:
        """A clock needs a URL of its own network port."""
        del parameters
        if device.url is None:
            raise SiteError(("url",), "a clock needs url: tcp://address:4370")
        if not device.url.startswith(("tcp://", "udp://")):
            raise SiteError(
                ("url",), "a clock is at tcp://address:4370 or udp://address:4370"
            )

    async def run(self) -> None:
        """See `Driver.run`."""
        self._heard.clear()
        self._identified, self._trouble, self._log_wanted = False, "", True
        self._reopened = False
        self._wanted.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._visit_when_wanted())
        except ExceptionGroup as group:
            raise _first(group) from group

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """`users`, `time`, `info`."""
        if name not in self.commands:
            return await super().execute(name, arguments)
        async with self._gate.session() as session:
            return await answer(name, self._visit_on(session))

    async def _listen(self) -> None:
        """Hear events; the connection may give way to sessions for a while."""
        while True:
            async with self._gate.listening() as live:
                self._meet(live)
                self._heard.set()
                self._tell_state()
                gave_way = await self._gate.serve(
                    live,
                    self._on_event,
                    self._on_sizes,
                    probe_s=self.parameters.probe_s,
                )
            self._reopened = True
            if not gave_way:
                self._want_log()

    async def _visit_when_wanted(self) -> None:
        """Visit once connected, when something was missed, and now and then."""
        backoff = Backoff(random.random, FIRST_RETRY_S, LONGEST_RETRY_S)
        await self._heard.wait()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.parameters.poll_s):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._visit()
            except WrongKeyError:
                raise
            except DeviceError as error:
                self._log_wanted = True
                self._complain(f"live works, but its log cannot be read: {error}")
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff.next_s()):
                        await asyncio.Event().wait()
                self._wanted.set()
            else:
                backoff.reset()
                self._complain("")

    async def _visit(self) -> None:
        reads_log, self._log_wanted = self._log_wanted, False
        async with self._gate.session() as session:
            visit = self._visit_on(session)
            await visit.identify()
            await visit.read_users()
            await visit.read_time()
            self._identified = True
            self._tell_state()
            sizes, expected = self._facts.sizes, self._facts.expected
            if reads_log or sizes is None or sizes.records != expected:
                await visit.backfill()
            if self.parameters.set_clock:
                await visit.set_time_if_wrong()

    def _visit_on(self, session: ClockSession) -> Visit:
        return Visit(
            session=session,
            context=self.context,
            ledger=self._ledger,
            facts=self._facts,
            encoding=self.parameters.encoding,
            drift_limit_s=self.parameters.drift_limit_s,
        )

    def _meet(self, live: LiveConnection) -> None:
        """Take the clock that answers; another one has another ledger."""
        serial = clean_serial(live.serial) or f"device-{self.context.device.id}"
        if serial != self._ledger.serial:
            self._ledger = PunchLedger(self.context, serial)
            self._facts = ClockFacts()
            self._unknown_ids.clear()
        if not live.has_key and not self._warned_of_key:
            self._warned_of_key = True
            log.warning(
                "%s: the clock has no comm key, so anybody on its network can read and "
                "change it; set one in its menu and as comm_key",
                self.context.device.id,
            )
        self.context.describe(serial=serial, comm_key_asked=live.has_key)

    async def _on_event(self, packet: Packet) -> None:
        if packet.session == EventMask.ALARM:
            await self._on_alarm(packet.data)
        elif packet.session == EventMask.ATTENDANCE:
            await self._on_punch(packet.data)

    async def _on_punch(self, data: bytes) -> None:
        facts = self._facts
        reading = decode_event(data, facts.uids)
        notes = notes_of(facts, self.parameters.drift_limit_s)
        for record in reading.records:
            if await self._ledger.enter(record, notes):
                facts.heard += 1
            self._look_up(record.user_id)
        if reading.doubtful:
            facts.doubtful_events += 1
            log.warning(
                "%s: a live event of %d bytes cannot be read for sure; reading the log",
                self.context.device.id,
                len(data),
            )
            self._want_log()

    def _want_log(self) -> None:
        self._log_wanted = True
        self._wanted.set()

    def _look_up(self, user_id: str) -> None:
        """Read the user list again, once, for somebody who is not in it."""
        known_ids = self._facts.known_ids
        if known_ids is None or user_id in known_ids or user_id in self._unknown_ids:
            return
        self._unknown_ids.add(user_id)
        self._wanted.set()

    async def _on_alarm(self, data: bytes) -> None:
        if data[:1] != bytes([ALARM_TAMPER]):
            return
        now = self.context.now()
        event = DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER,
            data={"kind": "tamper", "raw": data.hex()},
            time=now,
            received=now,
        )
        await self.context.emit([event])

    def _on_sizes(self, sizes: Sizes) -> None:
        """Compare the clock's count with ours: a punch may have been missed.

        A count may run ahead of the event that follows it, so it must be seen
        twice, except after the connection had given way.
        """
        expected, fresh = self._facts.expected, self._reopened
        self._reopened = False
        if expected is None or sizes.records == expected:
            self._suspicious = None
        elif 0 < sizes.records_max <= sizes.records < expected:
            # Full: it drops its oldest rows, so the count says nothing. The next
            # poll reads the log.
            self._facts.rows, self._facts.heard = sizes.records, 0
            self._log_wanted = True
        elif fresh or self._suspicious == sizes.records:
            self._suspicious = None
            self._want_log()
        else:
            self._suspicious = sizes.records

    def _complain(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s: %s", self.context.device.id, trouble)
        self._trouble = trouble
        self._tell_state()

    def _tell_state(self) -> None:
        if self._gate.live is None:
            return
        if self._trouble:
            self.context.report(DeviceState.DEGRADED, self._trouble)
        elif self._identified:
            self.context.report(DeviceState.READY)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The error that says most: a bug before a line that broke with it."""
    bugs = (error for error in group.exceptions if not isinstance(error, DeviceError))
    return next(bugs, group.exceptions[0])
