"""Reading a clock's whole log so that it can be believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bus.threads import in_daemon_thread
from devices.errors import ProtocolError
from devices.zk.records import Layout, LogReading, UnknownLayoutError, decode_log
from devices.zk.values import Sizes
from drivers.driver import DriverContext
from drivers.zk.facts import ClockFacts
from drivers.zk.ledger import PunchLedger
from drivers.zk.session import ClockSession
from drivers.zk.trust import shrinkage

READ_ATTEMPTS: Final = 3
HEAD: Final = 4096
"""Bytes that are kept of a log whose layout is unknown."""
_EMPTY: Final = LogReading(layout=Layout.LONG, body=b"")


class UnreadLogError(UnknownLayoutError):
    """The layout is unknown after all attempts; carries what came."""

    def __init__(self, message: str, blob: bytes) -> None:
        super().__init__(message)
        self.blob = blob

    def kept(self, now: datetime) -> Mapping[str, Any]:
        """What is kept of it, for a technician to send; JSON-ready."""
        return {
            "size": len(self.blob),
            "digest": hashlib.blake2b(self.blob, digest_size=16).hexdigest(),
            "head": self.blob[:HEAD].hex(),
            "since": now.isoformat(timespec="seconds"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLog:
    """A log that was read whole, and what was seen besides.

    `began` is the host's time before anything of it was asked for.
    """

    reading: LogReading
    began: datetime
    shrunk: str = ""
    """Why it is suspect; empty when it only grew."""
    counted: int = 0
    """Rows that the clock counted before; 0 when it counts none."""


@dataclass(slots=True, kw_only=True)
class LogReader:
    """Reads until two readings agree or one is beyond doubt.

    A punch that comes during the read may spoil it; what is twice the same is
    really so.
    """

    session: ClockSession
    context: DriverContext
    ledger: PunchLedger
    facts: ClockFacts

    async def read(self) -> WholeLog:
        """The whole log; raises `UnreadLogError`, `ProtocolError`."""
        doubted: WholeLog | None = None
        mistake: ProtocolError | None = None
        for _ in range(READ_ATTEMPTS):
            try:
                whole = await self._read_once()
            except ProtocolError as error:
                mistake = error
                if self.session.is_over:
                    raise
                continue
            reading = whole.reading
            known = list(reading.doubtful) == list(self.facts.doubtful_at)
            short = len(reading) < whole.counted
            if known and not short and not whole.shrunk and not reading.complaint:
                return whole
            if doubted is not None and _agree(doubted, whole):
                return whole
            doubted = whole
        if doubted is not None and not doubted.reading.complaint and not doubted.shrunk:
            return doubted
        raise mistake or ProtocolError(
            f"the log came out different {READ_ATTEMPTS} times; "
            f"{doubted.reading.complaint if doubted else ''}"
        )

    async def _read_once(self) -> WholeLog:
        began = self.context.now()
        sizes = self.facts.sizes = await self.session.sizes()
        counted = sizes.records if sizes else 0
        if sizes is not None and not counted:
            reading = _EMPTY
        else:
            blob = await self.session.log(counted)
            try:
                reading = await self._decode(blob, sizes)
            except UnknownLayoutError as error:
                raise UnreadLogError(str(error), blob) from error
        had = self.facts.expected or 0
        mark, capacity = self.ledger.mark, sizes.records_max if sizes else 0
        shrunk = await in_daemon_thread(
            lambda: shrinkage(mark, reading, capacity, had=had), name="zk"
        )
        return WholeLog(reading=reading, began=began, shrunk=shrunk, counted=counted)

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


def _agree(first: WholeLog, second: WholeLog) -> bool:
    """Whether the second reading says the same, and at most some rows more."""
    one, two = first.reading, second.reading
    if one.body == two.body:
        return True
    return (
        one.layout is two.layout
        and two.body.startswith(one.body)
        and bool(first.shrunk) == bool(second.shrunk)
        and not (one.complaint or two.complaint)
    )
