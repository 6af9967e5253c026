"""One visit to a clock: who it is, its users, its time, its whole logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from devices.errors import ProtocolError, TransportError
from devices.events import DeviceEvent, EventType
from devices.operations import TIME_SET, OperationKind
from devices.zk.records import LogReading
from drivers.driver import DriverContext
from drivers.zk.facts import ClockFacts, capacity_of
from drivers.zk.ledger import PunchLedger, PunchNotes
from drivers.zk.operations import OperationLedger
from drivers.zk.reading import LogReader, UnreadLogError
from drivers.zk.session import ClockSession
from drivers.zk.trust import LogTrust

log = logging.getLogger(__name__)

DOUBTFUL_SHOWN: Final = 20
_NOT_IN_SERIAL: Final = re.compile(r"[^0-9A-Za-z._-]+")


def clean_serial(text: str) -> str:
    """A serial number that may stand in an event's source."""
    return _NOT_IN_SERIAL.sub("_", text.strip())[:64]


@dataclass(slots=True, kw_only=True)
class Visit:
    """A visit's work on an open session."""

    session: ClockSession
    context: DriverContext
    ledger: PunchLedger
    trust: LogTrust
    facts: ClockFacts
    encoding: str | None = None
    drift_limit_s: float = 60.0

    async def identify(self) -> None:
        """See who answers; raises `ProtocolError` when it is another clock."""
        told = clean_serial(await self.session.serial())
        if told and self.ledger.serial and told != self.ledger.serial:
            raise ProtocolError(
                f"clock {told} answers commands at this address and clock "
                f"{self.ledger.serial} tells the punches; two devices share the "
                "address: give one another"
            )
        description = await self.session.description()
        self.facts.sizes = await self.session.sizes()
        known = {name: text for name, text in description.items() if text}
        self.context.describe(serial=self.ledger.serial or told, **known)
        self.describe_capacity()

    async def read_users(self) -> None:
        """Read its user list."""
        table = await self.session.users(self.facts.sizes, self.encoding)
        self.facts.take_users(table)

    async def read_time(self) -> datetime | None:
        """Read its time, and how far it is ahead of the host."""
        time = await self.session.time()
        now = self._now()
        off_s = None if time is None else round((time - now).total_seconds())
        self.facts.drift_s = off_s
        self.context.describe(drift_s=off_s)
        return time

    async def remember_right(self) -> None:
        """Note that its time is right now, over restarts."""
        if self.facts.drift_s is None or self.notes.drift_s is not None:
            return
        self.facts.right_at = self._now().replace(microsecond=0)
        right_at = self.facts.right_at.isoformat()
        await self.context.remember({right_key(self.ledger.serial): right_at})

    async def set_time_if_wrong(self) -> None:
        """Set its clock when it is off by more than the limit.

        Never by a host whose own clock is doubtful.
        """
        if self.notes.drift_s is not None and self.context.clock_trusted:
            await self.set_time()

    async def set_time(self) -> bool:
        """Set its clock to the host's time, and journal that; whether it took it."""
        old, off_s = await self.read_time(), self.facts.drift_s
        now = self.context.now()
        if not await self.session.set_time(now.replace(tzinfo=None, microsecond=0)):
            await self.read_time()
            return False
        self.facts.tell(TIME_SET, self._now())
        told = f"{off_s:+.0f} s off" if off_s is not None else "unknown"
        log.warning("%s: its time was %s and was set", self._name, told)
        self.context.describe(clock_set=now.isoformat(timespec="seconds"))
        new = now.isoformat(timespec="seconds")
        values = [self._aware(old) if old else None, new]
        data = {
            "kind": OperationKind.CLOCK_SET.value,
            "raw": "",
            "by": "halld",
            "values": values,
            "text": f"its time was {told}",
        }
        event = DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER, data=data, time=now, received=now
        )
        await self.context.emit([event])
        await self.read_time()
        self.facts.tell(TIME_SET, self._now())
        await self.remember_right()
        return True

    async def backfill(self) -> int:
        """Journal what the log has and the journal has not; gives how many.

        Raises `UnreadLogError` when its layout is unknown: then what came is
        kept aside.
        """
        facts, before = self.facts, len(self.facts.heard)
        reader = LogReader(
            session=self.session,
            context=self.context,
            ledger=self.ledger,
            facts=facts,
        )
        try:
            whole = await reader.read()
        except UnreadLogError as error:
            await self._keep_unread(error)
            raise
        reading = whole.reading
        self._tell_doubtful(reading)
        if whole.shrunk:
            await self.trust.find_shrunk(whole.shrunk, self.ledger.mark)
        done = await self.ledger.reconcile(reading, self.notes)
        facts.layout = reading.layout if len(reading) else facts.layout
        facts.rows = max(len(reading), whole.counted)
        # What came live during the read may stand in it or not.
        facts.heard = [key for key in facts.heard[before:] if key not in done.keys]
        await self._forget_unread()
        if done.entered:
            log.info("%s: %d punches came from its log", self._name, done.entered)
        if reading.complaint:
            # What made sense is journalled; that some is missing must be seen.
            raise ProtocolError(reading.complaint)
        if len(reading) < whole.counted:
            await self.trust.find_short(whole.counted, len(reading))
        await self.trust.covered(whole.began)
        return done.entered

    async def read_operations(self) -> None:
        """Journal what its operator log has new, where it gives one.

        A clock that refuses it, or hangs on it, is not asked again.
        """
        facts = self.facts
        counted = facts.operations_wanted(facts.sizes)
        if counted is None:
            return
        facts.operations_read = counted
        try:
            blob = await self.session.operations(counted)
            if blob is None:
                facts.operations = "refused"
            else:
                ledger = OperationLedger(self.context, self.ledger.serial)
                entered = await ledger.reconcile(blob, facts.uids, tuple(facts.told))
                facts.operations = "read"
                if entered:
                    log.info("%s: %d operations at the clock", self._name, entered)
        except (ProtocolError, TransportError) as error:
            facts.operations = "unreadable"
            log.warning("%s: its operator log: %s", self._name, error)
        self.context.describe(operator_log=facts.operations)

    @property
    def notes(self) -> PunchNotes:
        """What is said about punches besides what the clock says."""
        return self.facts.notes(self.drift_limit_s, self._now())

    def describe_capacity(self) -> None:
        """Tell what it holds; what is nearly full is logged once."""
        sizes = self.facts.sizes
        if sizes is None:
            return
        full = self.facts.fullness
        if full and not self.facts.is_nearly_full:
            log.warning(
                "%s: %s; make room at the clock once all is seen here",
                self._name,
                ", ".join(full),
            )
        self.facts.is_nearly_full = bool(full)
        self.context.describe(capacity=capacity_of(sizes), nearly_full=bool(full))

    @property
    def _name(self) -> str:
        return self.context.device.id

    def _now(self) -> datetime:
        return self.context.now().replace(tzinfo=None)

    def _aware(self, time: datetime) -> str:
        return time.replace(tzinfo=self.context.site.hall.zone).isoformat()

    def _tell_doubtful(self, reading: LogReading) -> None:
        count, facts = len(reading.doubtful), self.facts
        size, hidden = reading.layout.size, reading.layout.id_bytes
        rows = [
            reading.body[at * size : (at + 1) * size]
            for at in reading.doubtful[:DOUBTFUL_SHOWN]
        ]
        if count and count != facts.doubtful_rows:
            log.warning(
                "%s: %d of %d rows of its log have an impossible date or user id and "
                "are left out; the first is row %d, after the id %s",
                self._name,
                count,
                len(reading),
                reading.doubtful[0],
                rows[0][hidden:].hex(),
            )
        facts.doubtful_at = reading.doubtful
        facts.doubtful_raw = [row.hex() for row in rows]
        self.context.describe(doubtful_rows=count)

    async def _keep_unread(self, error: UnreadLogError) -> None:
        kept = error.kept(self.context.now())
        known = self.facts.unread
        if known is None or known["digest"] != kept["digest"]:
            await self.context.remember({unread_key(self.ledger.serial): kept})
            self.facts.unread = kept
        self.context.describe(unread_log=_described(self.facts.unread))
        self.trust.doubt(str(error))

    async def _forget_unread(self) -> None:
        if self.facts.unread is not None:
            self.facts.unread = None
            await self.context.remember({unread_key(self.ledger.serial): None})
            self.context.describe(unread_log=None)


def right_key(serial: str) -> str:
    """Where it is remembered when a clock's time was right last."""
    return f"zk:{serial}:right"


def unread_key(serial: str) -> str:
    """Where the bytes of a log of unknown layout are kept."""
    return f"zk:{serial}:unread"


def recall_facts(context: DriverContext, serial: str) -> ClockFacts:
    """What is known of a clock from before a restart."""
    facts = ClockFacts()
    right_at = context.recall(right_key(serial))
    if isinstance(right_at, str):
        facts.right_at = datetime.fromisoformat(right_at)
    unread = context.recall(unread_key(serial))
    if isinstance(unread, Mapping):
        facts.unread = unread
        context.describe(unread_log=_described(unread))
    return facts


def _described(unread: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What everybody may see of it: the bytes name people."""
    if unread is None:
        return None
    return {key: unread[key] for key in ("size", "digest", "since")}
