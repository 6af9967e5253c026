"""What of a push clock was journalled: one punch is one event, however often sent.

The same identity and the same remembered hours as for port 4370, so that both
protocols of one clock meet in one event (delivery: identity of an event).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from devices.adms.attlog import BadLine
from devices.adms.operlog import Operation
from devices.events import MAX_BATCH, DeviceEvent, EventType, Identity
from devices.operations import is_audited, kind_of
from devices.zk.punch import PunchRecord
from drivers.driver import DriverContext
from drivers.zk.ledger import fold, punch_key, stamp, unfold

BULK: Final = 10
"""An upload of more lines than this is a log, not somebody at the clock."""
LIVE_WITHIN: Final = timedelta(minutes=5)
BAD_LINE: Final = "bad_line"
"""`kind` of a tamper event: a line that could not be read, kept as it came."""
MAX_RAW: Final = 1024
BAD_PER_HOUR: Final = 1000
BAD_KNOWN: Final = 2000
"""So many bad lines are known again when they are sent again."""


@dataclass(slots=True)
class _Page:
    """Hours as they were looked up, and those that changed."""

    hours: dict[str, dict[str, int]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class PushLedger:
    """The ledger of one clock, known by its serial number."""

    context: DriverContext
    serial: str
    zone: tzinfo
    """In which the clock tells the time."""
    bad_lines: int = 0
    """Since the node started, those told again left out."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _bad_hour: tuple[datetime | None, int] = (None, 0)
    _untold: tuple[datetime | None, int] = (None, 0)

    async def enter(self, punches: Sequence[PunchRecord], source: str) -> int:
        """Journal punches that are new; gives how many.

        Two rows of one upload with one id are two punches; a row that was
        there before is not another one.
        """
        seen: Counter[str] = Counter()
        entered = 0
        for start in range(0, len(punches), MAX_BATCH):
            async with self._turn:
                page, events = _Page(), []
                for punch in punches[start : start + MAX_BATCH]:
                    key = punch_key(punch)
                    seen[key] += 1
                    name = f"{punch.user_id}:{punch.time:%M%S}"
                    if self._is_new(page, "", punch.time, name, seen[key]):
                        is_bulk = len(punches) > BULK
                        events.append(
                            self._punch(punch, seen[key], source, is_bulk=is_bulk)
                        )
                await self._emit(page, events, is_bulk=len(punches) > BULK)
                entered += len(events)
            await asyncio.sleep(0)  # a long log lets others run
        return entered

    async def audit(self, operations: Sequence[Operation]) -> int:
        """Journal operations that are worth it and new; gives how many."""
        seen: Counter[str] = Counter()
        worth = [op for op in operations if is_audited(op.number, op.numbers)]
        for start in range(0, len(worth), MAX_BATCH):
            async with self._turn:
                page, events = _Page(), []
                for op in worth[start : start + MAX_BATCH]:
                    key = f"{op.number}:{op.operator}:{stamp(op.time)}"
                    seen[key] += 1
                    name = f"{op.number}:{op.operator}:{op.time:%M%S}"
                    if self._is_new(page, "op:", op.time, name, seen[key]):
                        events.append(self._operation(op, key, seen[key]))
                await self._emit(page, events, is_bulk=len(worth) > BULK)
        return len(worth)

    async def quarantine(self, lines: Iterable[BadLine]) -> None:
        """Journal lines that cannot be read, each once, so many an hour."""
        async with self._turn:
            known = self._known_bad()
            events = []
            for line in lines:
                digest = hashlib.blake2b(line.raw, digest_size=8).hexdigest()
                if digest in known:
                    continue
                known[digest] = stamp(line.time) if line.time else ""
                self.bad_lines += 1
                if self._may_tell_bad():
                    events.append(self._bad(line, digest))
                else:
                    self._untold = (self._bad_hour[0], self._untold[1] + 1)
            kept = {self._bad_key: dict(list(known.items())[-BAD_KNOWN:])}
            if not events and len(known) != len(self._known_bad()):
                await self.context.remember(kept)
            for start in range(0, len(events), MAX_BATCH):
                end = start + MAX_BATCH
                await self.context.emit(
                    events[start:end],
                    bulk=True,
                    remember=kept if end >= len(events) else None,
                )

    def count(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Punches and bad lines with a time in [start, end), naive."""
        punches = 0
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            known = unfold(self.context.recall(self._hour_key("", hour)))
            for key, number in known.items():
                clock = key.rpartition(":")[2]
                at = hour + timedelta(minutes=int(clock[:2]), seconds=int(clock[2:]))
                punches += number if start <= at < end else 0
            hour += timedelta(hours=1)
        first, last = stamp(start), stamp(end)
        bad = sum(first <= at < last for at in self._known_bad().values() if at)
        return punches, bad

    @property
    def trouble(self) -> str:
        """What is told of lines that were not kept; empty an hour later."""
        hour, count = self._untold
        if hour is None or hour != self._this_hour:
            self._untold = (None, 0)
            return ""
        return (
            f"{count} lines could not be read and were not kept, for more than "
            f"{BAD_PER_HOUR} came within an hour; look at its date and its firmware, "
            "then run the command query_log"
        )

    @property
    def _this_hour(self) -> datetime:
        return self.context.now().replace(minute=0, second=0, microsecond=0)

    @property
    def _bad_key(self) -> str:
        return f"zk:{self.serial}:bad"

    def _hour_key(self, part: str, time: datetime) -> str:
        return f"zk:{self.serial}:{part}{time:%Y%m%dT%H}"

    def _known_bad(self) -> dict[str, str]:
        known = self.context.recall(self._bad_key)
        return dict(known) if isinstance(known, Mapping) else {}

    def _may_tell_bad(self) -> bool:
        hour = self._this_hour
        told = self._bad_hour[1] if self._bad_hour[0] == hour else 0
        self._bad_hour = (hour, told + 1)
        return told < BAD_PER_HOUR

    def _is_new(
        self, page: _Page, part: str, time: datetime, name: str, occurrence: int
    ) -> bool:
        key = self._hour_key(part, time)
        hour = page.hours.get(key)
        if hour is None:
            hour = page.hours[key] = unfold(self.context.recall(key))
        if hour.get(name, 0) >= occurrence:
            return False
        hour[name] = occurrence
        page.changed.add(key)
        return True

    async def _emit(
        self, page: _Page, events: Sequence[DeviceEvent], *, is_bulk: bool
    ) -> None:
        if events:
            remember = {key: fold(page.hours[key]) for key in page.changed}
            await self.context.emit(events, bulk=is_bulk, remember=remember)

    def _punch(
        self, punch: PunchRecord, occurrence: int, source: str, *, is_bulk: bool
    ) -> DeviceEvent:
        now, time = self.context.now(), punch.time.replace(tzinfo=self.zone)
        data = {
            "user_id": punch.user_id,
            "direction": punch.direction.value,
            "method": punch.method.value,
            "raw": punch.raw[:MAX_RAW].hex(),
            "live": not is_bulk and abs(now - time) <= LIVE_WITHIN,
            "source_ip": source,
        }
        identity = f"{punch_key(punch)}{_suffix(occurrence)}"
        return self._event(EventType.ATTENDANCE_PUNCH, data, time, now, identity)

    def _operation(self, op: Operation, key: str, occurrence: int) -> DeviceEvent:
        data = {
            "kind": kind_of(op.number, op.numbers),
            "raw": op.raw[:MAX_RAW].hex(),
            "operation": op.number,
            "operator": op.operator,
            "values": [int(v) if _is_number(v) else v for v in op.values],
        }
        return self._event(
            EventType.ATTENDANCE_TAMPER,
            data,
            op.time.replace(tzinfo=self.zone),
            self.context.now(),
            f"op:{key}{_suffix(occurrence)}",
        )

    def _bad(self, line: BadLine, digest: str) -> DeviceEvent:
        now = self.context.now()
        data = {
            "kind": BAD_LINE,
            "raw": line.raw[:MAX_RAW].hex(),
            "text": line.reason,
        }
        return self._event(EventType.ATTENDANCE_TAMPER, data, now, now, f"bad:{digest}")

    def _event(
        self,
        kind: EventType,
        data: Mapping[str, Any],
        time: datetime,
        now: datetime,
        identity: str,
    ) -> DeviceEvent:
        return DeviceEvent(
            type=kind,
            data=data,
            time=time,
            received=now,
            identity=Identity(source=f"zk:{self.serial}", id=identity),
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _suffix(occurrence: int) -> str:
    return f":{occurrence}" if occurrence > 1 else ""
