"""Which punches of a clock were journalled: one punch is one event.

A punch is known by user id and the clock's own time, whether it came live or
in the log (delivery: identity of an event). What was journalled is remembered
by the hour of the punch, in the journal's own transaction; a mark tells how
much of the log was gone through, so that an unchanged log costs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bus.threads import in_daemon_thread
from devices.events import (
    MAX_BATCH,
    DeviceEvent,
    EventType,
    Identity,
    JsonObject,
)
from devices.zk.punch import PunchRecord
from devices.zk.records import LogReading
from drivers.driver import DriverContext


@dataclass(frozen=True, slots=True, kw_only=True)
class PunchNotes:
    """What is said about punches besides what the clock said."""

    known_ids: frozenset[str] | None = None
    """The clock's own user list; None when it is not known."""
    drift_s: float | None = None
    """The clock's drift where it is over the limit."""


@dataclass(slots=True)
class _Page:
    """Hours of the ledger as they were looked up, and those that changed."""

    hours: dict[str, dict[str, int]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)


class PunchLedger:
    """The ledger of one clock, known by its serial number."""

    def __init__(self, context: DriverContext, serial: str) -> None:
        self.serial = serial
        self._context = context
        self._zone = context.site.hall.zone
        self._turn = asyncio.Lock()

    async def enter(self, record: PunchRecord, notes: PunchNotes) -> bool:
        """Journal a live punch; False if it was there already."""
        async with self._turn:
            page = _Page()
            if not self._count(page, record, 1):
                return False
            event = self._event(record, 1, notes, live=True)
            await self._context.emit([event], remember=self._remembered(page))
            return True

    async def reconcile(self, reading: LogReading, notes: PunchNotes) -> int:
        """Journal what a log has more than the ledger; gives how many.

        Goes on where the last log ended if that log is the beginning of this
        one, else through all of it (cleared, or its oldest rows dropped).
        """
        mark = self._context.recall(self._mark_key)
        at, seen = await in_daemon_thread(
            lambda: _gone_through(reading, mark), name="zk"
        )
        entered = 0
        for start in range(at, len(reading), MAX_BATCH):
            rows = reading.rows(start, start + MAX_BATCH)
            entered += await self._enter_slice(rows, seen, notes)
            await asyncio.sleep(0)  # a long log lets others run
        new_mark = _mark(reading, len(reading))
        if new_mark != mark:
            await self._context.remember({self._mark_key: new_mark})
        return entered

    @property
    def _mark_key(self) -> str:
        return f"zk:{self.serial}:log"

    async def _enter_slice(
        self,
        rows: Iterable[PunchRecord | None],
        seen: Counter[str],
        notes: PunchNotes,
    ) -> int:
        async with self._turn:
            page, events = _Page(), []
            for row in rows:
                if row is None:
                    continue
                key = _key(row)
                seen[key] += 1
                if self._count(page, row, seen[key]):
                    events.append(self._event(row, seen[key], notes, live=False))
            if events:
                remembered = self._remembered(page)
                await self._context.emit(events, bulk=True, remember=remembered)
            return len(events)

    def _count(self, page: _Page, record: PunchRecord, occurrence: int) -> bool:
        """Note the n-th punch of that user and second; False if noted before."""
        hour_key = f"zk:{self.serial}:{record.time:%Y%m%dT%H}"
        hour = page.hours.get(hour_key)
        if hour is None:
            hour = page.hours[hour_key] = _unfold(self._context.recall(hour_key))
        key = f"{record.user_id}:{record.time:%M%S}"
        if hour.get(key, 0) >= occurrence:
            return False
        hour[key] = occurrence
        page.changed.add(hour_key)
        return True

    def _remembered(self, page: _Page) -> JsonObject:
        return {key: _fold(page.hours[key]) for key in page.changed}

    def _event(
        self, record: PunchRecord, occurrence: int, notes: PunchNotes, *, live: bool
    ) -> DeviceEvent:
        data: dict[str, Any] = {
            "user_id": record.user_id,
            "direction": record.direction.value,
            "method": record.method.value,
            "raw": record.raw.hex(),
            "live": live,
        }
        if notes.known_ids is not None:
            data["known_user"] = record.user_id in notes.known_ids
        if notes.drift_s is not None:
            data["drift_s"] = notes.drift_s
        suffix = f":{occurrence}" if occurrence > 1 else ""
        return DeviceEvent(
            type=EventType.ATTENDANCE_PUNCH,
            data=data,
            time=record.time.replace(tzinfo=self._zone),
            received=self._context.now(),
            identity=Identity(source=f"zk:{self.serial}", id=f"{_key(record)}{suffix}"),
        )


def _fold(hour: Mapping[str, int]) -> str:
    """An hour as a short text: a clock may remember 100,000 punches."""
    return " ".join(f"{key}*{n}" if n > 1 else key for key, n in hour.items())


def _unfold(text: object) -> dict[str, int]:
    parts = text.split() if isinstance(text, str) else ()
    pairs = (part.partition("*") for part in parts)
    return {key: int(n or 1) for key, _, n in pairs}


def _key(record: PunchRecord) -> str:
    return f"{record.user_id}:{_stamp(record.time)}"


def _stamp(time: datetime) -> str:
    return (
        f"{time.year:04}{time.month:02}{time.day:02}"
        f"T{time.hour:02}{time.minute:02}{time.second:02}"
    )


def _gone_through(reading: LogReading, mark: object) -> tuple[int, Counter[str]]:
    """How many rows were gone through at the mark, and the punches in them."""
    count = mark.get("rows") if isinstance(mark, Mapping) else None
    if (
        not isinstance(count, int)
        or not 0 < count <= len(reading)
        or mark != _mark(reading, count)
    ):
        return 0, Counter()
    return count, Counter(_key(row) for row in reading.rows(0, count) if row)


_DIGEST_SIZE: Final = 16


def _mark(reading: LogReading, count: int) -> JsonObject:
    size = reading.layout.size
    digest = hashlib.blake2b(reading.body[: count * size], digest_size=_DIGEST_SIZE)
    return {"rows": count, "size": size, "digest": digest.hexdigest()}
