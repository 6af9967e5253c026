"""How far a clock's log is known whole, and whether it is to be believed.

A log that has fewer rows than it had, or whose rows are others, was cleared or
lost some: what it says since then may lack punches. That is told once, kept
over restarts, and stands until a technician accepts the log; nothing of ours
is cleared for it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from devices.errors import CommandRejectedError
from devices.events import DeviceEvent, EventType, Identity
from devices.operations import OperationKind
from devices.zk.records import LogReading
from drivers.driver import DriverContext
from drivers.zk.ledger import is_beginning

log = logging.getLogger(__name__)

KEEP_EVERY: Final = timedelta(minutes=10)
"""How often the moment is written down while all is well."""
RING: Final = 0.9
"""A log that was as full as this may drop its oldest rows by itself."""
ACCEPT: Final = "when you know why, run the command accept_log with the reason"


def shrinkage(
    mark: Mapping[str, Any], reading: LogReading, capacity: int, *, had: int
) -> str:
    """What is wrong with a log since it was read last; empty when it just grew.

    `had` rows were expected, at least; `capacity` rows fit (0: not known). A
    full clock drops its oldest rows: that is right as long as the last rows
    that were read are still in it.
    """
    rows = mark.get("rows")
    if not isinstance(rows, int) or not rows or is_beginning(reading, mark):
        return ""
    had, has = max(had, rows), len(reading)
    tail, size = mark.get("tail"), reading.layout.size
    goes_on = mark.get("size") == size and _stands_in(
        bytes.fromhex(str(tail or "")), reading.body, size
    )
    was_full = 0 < RING * capacity <= had
    if goes_on and (has >= rows or was_full):
        return ""
    if was_full and has:
        return f"its log was full with {had} rows and dropped rows never read"
    if has >= rows:
        return f"its log was replaced: it had {had} rows, and has {has} others"
    if not has:
        return f"its log was emptied: it had {had} rows and has none"
    return f"its log shrank: it had {had} rows and has {has}"


def _stands_in(tail: bytes, body: bytes, size: int) -> bool:
    at = body.find(tail)
    while at > 0 and at % size:
        at = body.find(tail, at + 1)
    return at >= 0


class LogTrust:
    """One clock's, by its serial number."""

    def __init__(self, context: DriverContext, serial: str) -> None:
        self.serial = serial
        self._context = context
        kept = context.recall(self._key)
        kept = kept if isinstance(kept, Mapping) else {}
        until = kept.get("until")
        self.until = datetime.fromisoformat(until) if until else None
        """Up to when all was read and journalled, the last good moment."""
        self.suspect = str(kept.get("suspect") or "")
        """Why the log is not to be believed; empty when it is."""
        self._mark = str(kept.get("mark") or "")
        self._short = int(kept.get("short") or 0)
        self._kept_until = self.until
        if self.suspect:
            self._tell()

    @property
    def _key(self) -> str:
        return f"zk:{self.serial}:trust"

    async def covered(self, began: datetime) -> None:
        """All that was in the log at `began` is journalled, if it is believed."""
        if self.suspect:
            return
        self.until = began
        self._tell()
        kept = self._kept_until
        if kept is None or abs(began - kept) >= KEEP_EVERY:
            await self._context.remember(self._record())
            self._kept_until = began

    def doubt(self, reason: str) -> None:
        """Tell that the log cannot be read now, and why; it heals by itself."""
        self._tell(self.suspect or reason)

    async def find_shrunk(self, reason: str, mark: Mapping[str, Any]) -> None:
        """The log is not what it was at `mark`: tell it once."""
        digest = f"{mark.get('rows')}:{mark.get('digest')}"
        if self._mark == digest:
            return
        log.warning("%s: %s; %s", self._context.device.id, reason, ACCEPT)
        now = self._context.now()
        self._mark = digest
        self.suspect = f"{reason}; {ACCEPT}"
        event = DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER,
            data={"kind": OperationKind.LOG_SHRUNK.value, "raw": "", "text": reason},
            time=now,
            received=now,
            identity=Identity(source=f"zk:{self.serial}", id=f"log_shrunk:{digest}"),
        )
        await self._context.emit([event], remember=self._record())
        self._tell()

    async def find_short(self, counted: int, sent: int) -> None:
        """The clock counts more rows than it sends, again and again."""
        if counted - sent <= self._short or self.suspect:
            return
        reason = f"the clock counts {counted} rows in its log and sends {sent}"
        log.warning("%s: %s; %s", self._context.device.id, reason, ACCEPT)
        self._short = counted - sent
        self.suspect = f"{reason}; {ACCEPT}"
        await self._context.remember(self._record())
        self._tell()

    async def accept(self, reason: str) -> Mapping[str, Any]:
        """A technician knows why: from now on the log is believed again."""
        if not self.suspect:
            raise CommandRejectedError(
                "log_not_suspect", "the log of this clock is not suspect"
            )
        accepted, self.suspect = self.suspect, ""
        now = self._context.now()
        event = DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER,
            data={
                "kind": OperationKind.OPERATION.value,
                "raw": "",
                "by": "halld",
                "text": f"log accepted: {reason}",
            },
            time=now,
            received=now,
        )
        try:
            await self._context.emit([event], remember=self._record())
        except BaseException:
            self.suspect = accepted
            raise
        log.info("%s: its log was accepted: %s", self._context.device.id, reason)
        return {"accepted": accepted, "until": self._until}

    @property
    def _until(self) -> str | None:
        return self.until.isoformat() if self.until else None

    def _record(self) -> dict[str, Any]:
        return {
            self._key: {
                "until": self._until,
                "suspect": self.suspect,
                "mark": self._mark,
                "short": self._short,
            }
        }

    def _tell(self, suspect: str = "") -> None:
        self._context.covered(
            self.until, serial=self.serial, suspect=suspect or self.suspect
        )
