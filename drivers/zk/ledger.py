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
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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

HOUR: Final = len("20260302T08")
BREATH: Final = 20
"""Rows of a long log between two moments for others."""
TAIL: Final = 4
"""Rows of a log's end that are kept whole, to find them again."""
_DIGEST_SIZE: Final = 16
_SLACK: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class PunchNotes:
    """What is said about punches besides what the clock said."""

    known_ids: frozenset[str] | None = None
    """The clock's own user list; None when it is not known."""
    drift_s: float | None = None
    """The clock's drift where it is over the limit."""
    right_at: datetime | None = None
    """When its time was seen right last (naive); None if never."""
    now: datetime | None = None
    """The host's time when the drift was measured (naive)."""

    def drift_of(self, time: datetime) -> float | None:
        """What to say of a row of the log: None if its time may be right."""
        drift_s, since = self.drift_s, self.right_at
        if drift_s is None or since is None or time > since:
            return drift_s
        # A clock that fell back to the year 2000: when was it really?
        try:
            really = time - timedelta(seconds=drift_s)
        except OverflowError:
            return drift_s
        is_past = self.now is None or really <= self.now + _SLACK
        return drift_s if since < really and is_past else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A log that was gone through: how many were new, and all that are in it."""

    entered: int
    keys: Collection[str]


@dataclass(slots=True)
class _Walk:
    """Rows of a log that were gone through, in the order they were made."""

    keys: Counter[str] = field(default_factory=Counter)
    latest: datetime = datetime.min  # noqa: DTZ901 - the time a clock tells

    def take(self, row: PunchRecord) -> tuple[int, bool]:
        """Which punch of that user and second it is, and whether time had gone back.

        Two in one second follow each other, unless the clock was set back.
        """
        key = punch_key(row)
        self.keys[key] += 1
        went_back = self.keys[key] > 1 and row.time < self.latest
        self.latest = max(self.latest, row.time)
        return self.keys[key], went_back


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

    @property
    def mark(self) -> Mapping[str, Any]:
        """How much of the log was gone through when it was read last."""
        mark = self._context.recall(self._mark_key)
        return mark if isinstance(mark, Mapping) else {}

    async def reconcile(self, reading: LogReading, notes: PunchNotes) -> Reconciled:
        """Journal what a log has more than the ledger.

        Goes on where the last log ended if that log is the beginning of this
        one, else through all of it (cleared, or its oldest rows dropped).
        """
        mark = self.mark
        at, walk = await in_daemon_thread(
            lambda: _gone_through(reading, mark), name="zk"
        )
        entered = 0
        for start in range(at, len(reading), MAX_BATCH):
            rows = reading.rows(start, start + MAX_BATCH)
            entered += await self._enter_slice(rows, walk, notes)
        new_mark = mark_of(reading, len(reading))
        if new_mark != mark:
            await self._context.remember({self._mark_key: new_mark})
        return Reconciled(entered=entered, keys=walk.keys)

    @property
    def _mark_key(self) -> str:
        return f"zk:{self.serial}:log"

    async def _enter_slice(
        self,
        rows: Iterable[PunchRecord | None],
        walk: _Walk,
        notes: PunchNotes,
    ) -> int:
        async with self._turn:
            page, events = _Page(), []
            for number, row in enumerate(rows, 1):
                if number % BREATH == 0:
                    await asyncio.sleep(0)  # a long log lets others run
                if row is None:
                    continue
                number_of_id, went_back = walk.take(row)
                if self._count(page, row, number_of_id):
                    event = self._event(row, number_of_id, notes, live=False)
                    if went_back:
                        event = _set_back(event)
                    events.append(event)
            if events:
                remembered = self._remembered(page)
                await self._context.emit(events, bulk=True, remember=remembered)
            return len(events)

    def _count(self, page: _Page, record: PunchRecord, occurrence: int) -> bool:
        """Note the n-th punch of that user and second; False if noted before."""
        time = stamp(record.time)
        hour_key = f"zk:{self.serial}:{time[:HOUR]}"
        hour = page.hours.get(hour_key)
        if hour is None:
            hour = page.hours[hour_key] = unfold(self._context.recall(hour_key))
        key = f"{record.user_id}:{time[HOUR:]}"
        if hour.get(key, 0) >= occurrence:
            return False
        hour[key] = occurrence
        page.changed.add(hour_key)
        return True

    def _remembered(self, page: _Page) -> JsonObject:
        return {key: fold(page.hours[key]) for key in page.changed}

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
        drift_s = notes.drift_s if live else notes.drift_of(record.time)
        if drift_s is not None:
            data["drift_s"] = drift_s
        suffix = f":{occurrence}" if occurrence > 1 else ""
        return DeviceEvent(
            type=EventType.ATTENDANCE_PUNCH,
            data=data,
            time=record.time.replace(tzinfo=self._zone),
            received=self._context.now(),
            identity=Identity(
                source=f"zk:{self.serial}", id=f"{punch_key(record)}{suffix}"
            ),
        )


def _set_back(event: DeviceEvent) -> DeviceEvent:
    """A punch at a moment that the clock had told before it was set back."""
    return replace(event, data={**event.data, "set_back": True})


def fold(hour: Mapping[str, int]) -> str:
    """Keys and how often each, as a short text: a clock may keep 100,000 punches."""
    return " ".join(f"{key}*{n}" if n > 1 else key for key, n in hour.items())


def unfold(text: object) -> dict[str, int]:
    """What `fold` made a text of; empty when it is none."""
    parts = text.split() if isinstance(text, str) else ()
    pairs = (part.partition("*") for part in parts)
    return {key: int(n or 1) for key, _, n in pairs}


def punch_key(record: PunchRecord) -> str:
    """What makes a punch the same punch, live or in the log."""
    return f"{record.user_id}:{stamp(record.time)}"


def stamp(time: datetime) -> str:
    """A naive time in an identity."""
    return (
        f"{time.year:04}{time.month:02}{time.day:02}"
        f"T{time.hour:02}{time.minute:02}{time.second:02}"
    )


def _gone_through(reading: LogReading, mark: Mapping[str, Any]) -> tuple[int, _Walk]:
    """How many rows were gone through at the mark, and the walk through them."""
    walk = _Walk()
    if not is_beginning(reading, mark):
        return 0, walk
    count = mark["rows"]
    for row in reading.rows(0, count):
        if row is not None:
            walk.take(row)
    return count, walk


def is_beginning(reading: LogReading, mark: Mapping[str, Any]) -> bool:
    """Whether a log begins with what was gone through at the mark."""
    count = mark.get("rows")
    if not isinstance(count, int) or not 0 <= count <= len(reading):
        return False
    now = mark_of(reading, count)
    return all(now[key] == mark.get(key) for key in ("size", "digest"))


def mark_of(reading: LogReading, count: int) -> JsonObject:
    """What the first `count` rows of a log are known by; the last of them whole."""
    size = reading.layout.size
    body = memoryview(reading.body)[: count * size]
    digest = hashlib.blake2b(body, digest_size=_DIGEST_SIZE)
    tail = body[-min(TAIL, count) * size :] if count else b""
    return {
        "rows": count,
        "size": size,
        "digest": digest.hexdigest(),
        "tail": tail.hex(),
    }
