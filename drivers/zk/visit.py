"""One visit to a clock: who it is, its users, its time, its whole log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bus.threads import in_daemon_thread
from devices.errors import ProtocolError
from devices.zk.records import Layout, LogReading, decode_log
from devices.zk.users import ClockUser
from devices.zk.values import Sizes
from drivers.driver import DriverContext
from drivers.zk.ledger import PunchLedger, PunchNotes
from drivers.zk.session import ClockSession

log = logging.getLogger(__name__)

READ_ATTEMPTS: Final = 3
NEARLY_FULL: Final = 0.8
_NOT_IN_SERIAL: Final = re.compile(r"[^0-9A-Za-z._-]+")
_EMPTY: Final = LogReading(layout=Layout.LONG, body=b"")


def clean_serial(text: str) -> str:
    """A serial number that may stand in an event's source."""
    return _NOT_IN_SERIAL.sub("_", text.strip())[:64]


@dataclass(slots=True)
class ClockFacts:
    """What is known of the clock that answers now."""

    users: Sequence[ClockUser] = ()
    known_ids: frozenset[str] | None = None
    uids: Mapping[int, str] = field(default_factory=dict)
    sizes: Sizes | None = None
    rows: int | None = None
    """Rows that its log had when it was read last; None before."""
    heard: int = 0
    """Punches journalled live since then."""
    drift_s: float | None = None
    """How far it is ahead of the host; None when it cannot be told."""
    doubtful_at: Sequence[int] = ()
    """Rows of its log that are left out, as they were found last."""
    doubtful_events: int = 0
    nearly_full: bool = False

    @property
    def expected(self) -> int | None:
        """Rows that its log should have now."""
        return None if self.rows is None else self.rows + self.heard

    @property
    def doubtful_rows(self) -> int:
        """How many rows of its log are left out."""
        return len(self.doubtful_at)

    def take_users(self, users: Sequence[ClockUser]) -> None:
        """Take its user list."""
        self.users = users
        self.known_ids = frozenset(user.user_id for user in users)
        self.uids = {user.uid: user.user_id for user in users}


@dataclass(slots=True, kw_only=True)
class Visit:
    """A visit's work on an open session."""

    session: ClockSession
    context: DriverContext
    ledger: PunchLedger
    facts: ClockFacts
    encoding: str | None = None
    drift_limit_s: float = 60.0

    async def identify(self) -> None:
        """See who answers; raises `ProtocolError` when it is another clock."""
        told = clean_serial(await self.session.serial())
        if told and told != self.ledger.serial:
            raise ProtocolError(
                f"clock {told} answers commands at this address and clock "
                f"{self.ledger.serial} tells the punches; two devices share the "
                "address: give one another"
            )
        description = await self.session.description()
        self.facts.sizes = await self.session.sizes()
        known = {name: text for name, text in description.items() if text}
        self.context.describe(serial=self.ledger.serial, **known)
        self._describe_capacity()

    async def read_users(self) -> None:
        """Read its user list."""
        users = await self.session.users(self.facts.sizes, self.encoding)
        self.facts.take_users(users)

    async def read_time(self) -> datetime | None:
        """Read its time, and how far it is ahead of the host."""
        time = await self.session.time()
        now = self.context.now().replace(tzinfo=None)
        off_s = None if time is None else round((time - now).total_seconds())
        self.facts.drift_s = off_s
        self.context.describe(drift_s=off_s)
        return time

    async def set_time_if_wrong(self) -> None:
        """Set its clock when it is off by more than the limit.

        Never by a host whose own clock is doubtful.
        """
        drift_s = self.notes.drift_s
        if drift_s is None or not self.context.clock_trusted:
            return
        now = self.context.now()
        if await self.session.set_time(now.replace(tzinfo=None, microsecond=0)):
            log.warning(
                "%s: its time was %+d s off and was set", self._name, round(drift_s)
            )
            self.context.describe(clock_set=now.isoformat(timespec="seconds"))
        await self.read_time()

    async def backfill(self) -> int:
        """Journal what the log has and the journal has not; gives how many."""
        reading = await self._read_log()
        self._tell_doubtful(reading)
        entered = await self.ledger.reconcile(reading, self.notes)
        sizes = self.facts.sizes
        self.facts.rows = max(len(reading), sizes.records if sizes else 0)
        self.facts.heard = 0
        if entered:
            log.info("%s: %d punches came from its log", self._name, entered)
        if reading.complaint:
            # What made sense is journalled; that some is missing must be seen.
            raise ProtocolError(reading.complaint)
        return entered

    @property
    def notes(self) -> PunchNotes:
        """What is said about punches besides what the clock says."""
        return notes_of(self.facts, self.drift_limit_s)

    @property
    def _name(self) -> str:
        return self.context.device.id

    async def _read_log(self) -> LogReading:
        """Read until two readings agree or one is beyond doubt.

        A punch that comes during the read may spoil it; what is twice the same
        is really so.
        """
        doubted: LogReading | None = None
        mistake: ProtocolError | None = None
        for _ in range(READ_ATTEMPTS):
            if doubted is not None or mistake is not None:
                self.facts.sizes = await self.session.sizes()
            sizes = self.facts.sizes
            if sizes is not None and not sizes.records:
                return _EMPTY
            blob = await self.session.log(sizes.records if sizes else 0)
            try:
                reading = await self._decode(blob, sizes)
            except ProtocolError as error:
                mistake = error
                continue
            short = sizes is not None and len(reading) < sizes.records
            known = list(reading.doubtful) == list(self.facts.doubtful_at)
            if known and not short and not reading.complaint:
                return reading
            if doubted is not None and doubted.body == reading.body:
                return reading
            doubted = reading
        if doubted is not None and not doubted.complaint:
            return doubted
        raise mistake or ProtocolError(
            f"the log came out different {READ_ATTEMPTS} times; "
            f"{doubted.complaint if doubted else ''}"
        )

    async def _decode(self, blob: bytes, sizes: Sizes | None) -> LogReading:
        facts, latest = self.facts, self.context.now().replace(tzinfo=None)
        return await in_daemon_thread(
            lambda: decode_log(
                blob,
                expected=sizes.records if sizes else None,
                latest=latest,
                uids=facts.uids,
                known_ids=facts.known_ids or frozenset(),
            ),
            name="zk",
        )

    def _tell_doubtful(self, reading: LogReading) -> None:
        count, facts = len(reading.doubtful), self.facts
        if count and count != facts.doubtful_rows:
            at = reading.doubtful[0]
            size, hidden = reading.layout.size, reading.layout.id_bytes
            raw = reading.body[at * size + hidden : (at + 1) * size]
            log.warning(
                "%s: %d of %d rows of its log have an impossible date or user id and "
                "are left out; the first is row %d, after the id %s",
                self._name,
                count,
                len(reading),
                at,
                raw.hex(),
            )
        facts.doubtful_at = reading.doubtful
        self.context.describe(doubtful_rows=count)

    def _describe_capacity(self) -> None:
        sizes = self.facts.sizes
        if sizes is None:
            return
        self.context.describe(capacity=capacity_of(sizes))
        full = 0 < NEARLY_FULL * sizes.records_max <= sizes.records
        if full and not self.facts.nearly_full:
            log.warning(
                "%s: its log is nearly full, %d of %d; clear it at the clock once all "
                "is seen here",
                self._name,
                sizes.records,
                sizes.records_max,
            )
        self.facts.nearly_full = full


def notes_of(facts: ClockFacts, drift_limit_s: float) -> PunchNotes:
    """What is said about punches besides what the clock says."""
    drift_s = facts.drift_s
    over = drift_s is not None and abs(drift_s) > drift_limit_s
    return PunchNotes(known_ids=facts.known_ids, drift_s=drift_s if over else None)


def capacity_of(sizes: Sizes) -> dict[str, Any]:
    """What it holds and has room for, JSON-ready."""
    return {
        "users": sizes.users,
        "users_max": sizes.users_max,
        "records": sizes.records,
        "records_max": sizes.records_max,
        "fingers": sizes.fingers,
        "faces": sizes.faces,
    }
