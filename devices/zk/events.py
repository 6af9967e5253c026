"""Real-time punches of the clocks: payloads of 10 to 52 bytes and more.

A payload may hold several records; sizes are told apart by what is plausible.
Source: facts, ZKTeco clocks (real time).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.zk.punch import (
    PunchRecord,
    checked_user_id,
    decode_direction,
    decode_method,
    encode_direction,
    encode_method,
    user_id_of_field,
)
from devices.zk.values import decode_event_time, encode_event_time

_BY_TEXT: Final = struct.Struct("<24sBB6s")
_BY_NUMBER: Final = struct.Struct("<IBB6s")
_BY_UID: Final = struct.Struct("<HBB6s")

TEXT_SIZES: Final = (52, 40, 37, 36, 32)
"""24 bytes user id, verify, state, six bytes time, and 0 to 20 more."""
NUMBER_SIZE: Final = 12
UID_SIZES: Final = (14, 10)
EVENT_SIZES: Final = (*UID_SIZES, NUMBER_SIZE, *TEXT_SIZES)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReading:
    """The punches of one payload.

    `doubtful` when some of it could not be read for sure: then only the
    clock's log tells.
    """

    records: Sequence[PunchRecord] = ()
    doubtful: bool = False


def decode_event(data: bytes, uids: Mapping[int, str]) -> EventReading:
    """Read an attendance event; never raises, never gives an empty or 0 id.

    `uids` leads from the clock's slots to user ids; a slot it does not know is
    doubtful.
    """
    sizes = TEXT_SIZES if len(data) >= 32 else ()
    for size in (*sizes, NUMBER_SIZE, *UID_SIZES):
        found = _split(data, size, uids)
        if found:
            return EventReading(records=found)
    if len(data) > 32 and (first := _decode(data, 52, uids)) is not None:
        # 52 and more is one record with a tail, but a tail may be another punch.
        doubtful = len(data) < 52 or len(data) % 32 == 0
        return EventReading(records=(first,), doubtful=doubtful)
    return EventReading(doubtful=bool(data))


def encode_event(record: PunchRecord, size: int, *, uid: int = 0) -> bytes:
    """One record as an event payload of a size that clocks use."""
    verify, state = encode_method(record.method), encode_direction(record.direction)
    time = encode_event_time(record.time)
    if size in UID_SIZES:
        data = _BY_UID.pack(uid, verify, state, time)
    elif size == NUMBER_SIZE:
        data = _BY_NUMBER.pack(int(record.user_id), verify, state, time)
    else:
        field = record.user_id.encode("ascii").ljust(24, b"\0")
        data = _BY_TEXT.pack(field, verify, state, time)
    return data.ljust(size, b"\0")


def _split(
    data: bytes, size: int, uids: Mapping[int, str]
) -> Sequence[PunchRecord] | None:
    """The records of `data` if all of it makes sense in rows of `size` bytes."""
    if not data or len(data) % size:
        return None
    records = []
    for at in range(0, len(data), size):
        record = _decode(data[at : at + size], size, uids)
        if record is None:
            return None
        records.append(record)
    return records


def _decode(data: bytes, size: int, uids: Mapping[int, str]) -> PunchRecord | None:
    uid: int | None = None
    if size in UID_SIZES:
        uid, verify, state, when = _BY_UID.unpack_from(data)
        user_id = uids.get(uid)
    elif size == NUMBER_SIZE:
        number, verify, state, when = _BY_NUMBER.unpack_from(data)
        user_id = checked_user_id(str(number)) if number != 0xFFFFFFFF else None
    else:
        field, verify, state, when = _BY_TEXT.unpack_from(data)
        user_id = user_id_of_field(field)
    time: datetime | None = decode_event_time(when)
    if user_id is None or time is None:
        return None
    return PunchRecord(
        user_id=user_id,
        time=time,
        direction=decode_direction(state),
        method=decode_method(verify),
        raw=data,
        uid=uid,
    )
