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
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel

from bus.backoff import Backoff
from devices.errors import CommandRejectedError, DeviceError
from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceKind, DeviceState
from devices.operations import ALARM, OperationKind
from devices.site import DeviceEntry, SiteError
from devices.zk.events import decode_event
from devices.zk.packets import ALARM_TAMPER, EventMask, Packet
from devices.zk.values import Sizes
from drivers.driver import Driver, DriverContext
from drivers.zk.client import WrongKeyError
from drivers.zk.commands import COMMANDS, AcceptLog, answer
from drivers.zk.facts import ClockFacts
from drivers.zk.gate import ClockGate
from drivers.zk.ledger import PunchLedger, punch_key
from drivers.zk.live import LiveConnection
from drivers.zk.parameters import ZkParameters
from drivers.zk.reading import UnreadLogError
from drivers.zk.session import ClockAddress, ClockSession
from drivers.zk.trust import LogTrust
from drivers.zk.visit import Visit, clean_serial, recall_facts

log = logging.getLogger(__name__)

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
        self._trust = LogTrust(context, "")
        self._facts = ClockFacts()
        self._heard = asyncio.Event()
        self._wanted = asyncio.Event()
        self._log_wanted = True
        self._visiting = False
        self._grown = False
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
        self._reopened = self._visiting = self._grown = False
        self._wanted.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._visit_when_wanted())
        except ExceptionGroup as group:
            raise _first(group) from group

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See COMMANDS."""
        if name not in self.commands:
            return await super().execute(name, arguments)
        if isinstance(arguments, AcceptLog):
            if not self._trust.serial:
                raise CommandRejectedError(
                    "not_reached",
                    "the clock was not reached since the node started; try again "
                    "once it is",
                )
            told = await self._trust.accept(arguments.reason)
            self._want_log()
            self._tell_state()
            return told
        async with self._gate.session() as session:
            return await answer(arguments, name, self._visit_on(session))

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
                self._complain(_trouble_of(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff.next_s()):
                        await asyncio.Event().wait()
                self._wanted.set()
            else:
                backoff.reset()
                self._complain("")

    async def _visit(self) -> None:
        reads_log, self._log_wanted = self._log_wanted, False
        grown, self._grown = self._grown, False
        self._visiting = True
        try:
            async with self._gate.session() as session:
                visit = self._visit_on(session)
                await visit.identify()
                await visit.read_users()
                await visit.read_time()
                self._identified = True
                self._tell_state()
                facts = self._facts
                sizes, expected = facts.sizes, facts.expected
                count = None if sizes is None or facts.is_full else sizes.records
                if reads_log or count is None or count != expected:
                    entered = await visit.backfill()
                    # Nothing was missed but what the live connection should tell.
                    facts.unheard = facts.unheard + 1 if grown and entered else 0
                await visit.remember_right()
                if self.parameters.set_clock:
                    await visit.set_time_if_wrong()
                await visit.read_operations()
        finally:
            self._visiting = False

    def _visit_on(self, session: ClockSession) -> Visit:
        return Visit(
            session=session,
            context=self.context,
            ledger=self._ledger,
            trust=self._trust,
            facts=self._facts,
            encoding=self.parameters.encoding,
            drift_limit_s=self.parameters.drift_limit_s,
        )

    def _meet(self, live: LiveConnection) -> None:
        """Take the clock that answers; another one has another ledger."""
        serial = clean_serial(live.serial) or f"device-{self.context.device.id}"
        if serial != self._ledger.serial:
            self._ledger = PunchLedger(self.context, serial)
            self._trust = LogTrust(self.context, serial)
            self._facts = recall_facts(self.context, serial)
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
        now = self.context.now().replace(tzinfo=None)
        notes = facts.notes(self.parameters.drift_limit_s, now)
        for record in reading.records:
            if await self._ledger.enter(record, notes):
                facts.heard.append(punch_key(record))
            self._look_up(record.user_id)
        if reading.records and facts.unheard:
            facts.unheard = 0
            self._tell_state()
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
            data={"kind": OperationKind.TAMPER.value, "raw": data.hex()},
            time=now,
            received=now,
        )
        await self.context.emit([event])
        self._facts.tell(ALARM, now.replace(tzinfo=None))

    async def _on_sizes(self, sizes: Sizes, age_s: float) -> None:
        """Compare the clock's count with ours: a punch may have been missed.

        A count may run ahead of the event that follows it, so it must be seen
        twice, except after the connection had given way or where no event
        follows. A count that fits
        tells that all up to the question is journalled.
        """
        facts, expected, fresh = self._facts, self._facts.expected, self._reopened
        if expected is None or self._visiting:
            return
        self._reopened, facts.sizes = False, sizes
        if facts.operations_wanted(sizes):
            self._wanted.set()
        if sizes.records == expected:
            self._suspicious = None
            is_sure = not (self._log_wanted or self._trouble or facts.is_full)
            if is_sure:
                asked_at = self.context.now() - timedelta(seconds=age_s)
                await self._trust.covered(asked_at)
        elif 0 < sizes.records_max <= sizes.records < expected:
            # Full: it drops its oldest rows, so the count says nothing. The next
            # poll reads the log.
            facts.rows, facts.heard = sizes.records, []
            self._log_wanted = True
        elif fresh or self._is_deaf or self._suspicious == sizes.records:
            self._suspicious = None
            is_unheard = not fresh and not self._is_deaf
            self._grown = is_unheard and sizes.records > expected
            self._want_log()
        else:
            self._suspicious = sizes.records

    @property
    def _is_deaf(self) -> bool:
        return self._gate.live is not None and bool(self._gate.live.deaf)

    def _complain(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s: %s", self.context.device.id, trouble)
        self._trouble = trouble
        self._tell_state()

    def _tell_state(self) -> None:
        live, facts = self._gate.live, self._facts
        if live is None:
            return
        troubles = [self._trouble, self._trust.suspect]
        if live.deaf:
            troubles.append(f"punches come by its log only: {live.deaf}")
        elif facts.is_starved:
            troubles.append(
                "punches come by its log only: another program may hold the clock and "
                "get its live events; end that program"
            )
        found = [trouble for trouble in troubles if trouble]
        if found:
            self.context.report(DeviceState.DEGRADED, "; ".join(found))
        elif self._identified:
            notices = facts.notices(self.parameters.drift_limit_s)
            self.context.report(DeviceState.READY, "; ".join(notices))


def _trouble_of(error: DeviceError) -> str:
    """What to tell while live works and a visit does not."""
    told = f"live works, but its log cannot be read: {error}"
    if isinstance(error, UnreadLogError):
        told += "; send what the command info shows to the makers of this program"
    return told


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The error that says most: a bug before a line that broke with it."""
    bugs = (error for error in group.exceptions if not isinstance(error, DeviceError))
    return next(bugs, group.exceptions[0])
