"""A clock's operator log in the journal: each operation of note once.

Both protocols meet in the identity `op:<number>:<operator>:<time>` (delivery:
identity of an event). What was journalled is remembered by the day; an
unchanged log costs nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from devices.errors import ProtocolError
from devices.events import MAX_BATCH, DeviceEvent, EventType, Identity
from devices.operations import is_audited, kind_of
from devices.zk.operations_log import ClockOperation, decode_operations
from drivers.driver import DriverContext
from drivers.zk.ledger import fold, stamp, unfold

SAME: Final = timedelta(seconds=30)
TOLD_KEPT: Final = 200
_DIGEST_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Told:
    """An operation that was journalled another way: told live, or done by us.

    `time` is the clock's own, naive.
    """

    number: int
    time: datetime


class OperationLedger:
    """The operations of one clock, known by its serial number."""

    def __init__(self, context: DriverContext, serial: str) -> None:
        self._context = context
        self._serial = serial
        self._zone = context.site.hall.zone

    async def reconcile(
        self,
        blob: bytes,
        uids: Mapping[int, str],
        told: Sequence[Told] = (),
    ) -> int:
        """Journal what is new in a whole operator log; gives how many.

        `uids` leads from the clock's slots to user ids; what was `told` already
        is not told again. Raises `ProtocolError` when it is no operator log.
        """
        digest = hashlib.blake2b(blob, digest_size=_DIGEST_SIZE).hexdigest()
        mark_key = f"zk:{self._serial}:operations"
        if self._context.recall(mark_key) == digest:
            return 0
        operations = decode_operations(blob)
        if operations and all(each.time is None for each in operations):
            raise ProtocolError("the operator log has no row with a possible date")
        audited = [each for each in operations if is_audited(each.number, each.values)]
        seen: Counter[str] = Counter()
        known, entered = list(told), 0
        for start in range(0, len(audited), MAX_BATCH):
            part = audited[start : start + MAX_BATCH]
            entered += await self._enter(part, seen, uids, known)
        await self._context.remember({mark_key: digest})
        return entered

    async def _enter(
        self,
        operations: Sequence[ClockOperation],
        seen: Counter[str],
        uids: Mapping[int, str],
        told: list[Told],
    ) -> int:
        days: dict[str, dict[str, int]] = {}
        changed: set[str] = set()
        events = []
        for operation in operations:
            name = _name(operation)
            seen[name] += 1
            day_key = f"zk:{self._serial}:op:{_day(operation)}"
            day = days.get(day_key)
            if day is None:
                day = days[day_key] = unfold(self._context.recall(day_key))
            if day.get(name, 0) >= seen[name]:
                continue
            day[name] = seen[name]
            changed.add(day_key)
            if not _was_told(operation, told):
                events.append(self._event(operation, seen[name], uids))
        remembered = {key: fold(days[key]) for key in changed}
        if events:
            await self._context.emit(events, bulk=True, remember=remembered)
        elif remembered:
            await self._context.remember(remembered)
        return len(events)

    def _event(
        self, operation: ClockOperation, occurrence: int, uids: Mapping[int, str]
    ) -> DeviceEvent:
        now = self._context.now()
        # The push protocol names the operator by user id.
        operator = uids.get(operation.operator, str(operation.operator))
        when = stamp(operation.time) if operation.time else operation.raw.hex()
        suffix = f":{occurrence}" if occurrence > 1 else ""
        data: dict[str, Any] = {
            "kind": kind_of(operation.number, operation.values),
            "raw": operation.raw.hex(),
            "operation": operation.number,
            "operator": operator,
            "values": list(operation.values),
        }
        return DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER,
            data=data,
            time=operation.time.replace(tzinfo=self._zone) if operation.time else now,
            received=now,
            identity=Identity(
                source=f"zk:{self._serial}",
                id=f"op:{operation.number}:{operator}:{when}{suffix}",
            ),
        )


def _was_told(operation: ClockOperation, told: list[Told]) -> bool:
    """Whether it is one that was told; each is good for one row."""
    time = operation.time
    if time is None:
        return False
    for each in told:
        if each.number == operation.number and abs(time - each.time) <= SAME:
            told.remove(each)
            return True
    return False


def _day(operation: ClockOperation) -> str:
    return f"{operation.time:%Y%m%d}" if operation.time else "-"


def _name(operation: ClockOperation) -> str:
    """The same operation read again, whatever the clock's list says now."""
    time = f"{operation.time:%H%M%S}" if operation.time else operation.raw.hex()
    return f"{operation.number}.{operation.operator}.{time}"
