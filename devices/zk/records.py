"""Attendance records of the clocks: four layouts, one record of ours.

In/out and verify method swap places between the layouts; here they have names.
Source: facts, ZKTeco clocks (attendance records).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from devices.errors import ProtocolError
from devices.events import PunchMethod
from devices.zk.punch import (
    PunchRecord,
    decode_direction,
    decode_method,
    encode_direction,
    encode_method,
    encode_old_method,
    user_id_of_field,
)
from devices.zk.values import decode_time, encode_time

_LONG: Final = struct.Struct("<H24sBIB8s")
_SHORT: Final = struct.Struct("<IIBB2sI")
_TINY: Final = struct.Struct("<HBBI")
_TINY_OLD: Final = struct.Struct("<HBIB")

SANE_SINCE: Final = datetime(2005, 1, 1)  # noqa: DTZ001 - a clock knows no zone
"""Older dates come from a clock without battery; they say little of a layout."""
SANE_AHEAD: Final = timedelta(days=400)
SAMPLE: Final = 256
"""Rows looked at to tell layouts apart."""


class UnknownLayoutError(ProtocolError):
    """A whole log whose bytes fit no known row layout; nothing of it is believed."""


class Layout(StrEnum):
    """The layouts of a log row; the number is its size in bytes."""

    LONG = "40"
    FACE = "49"
    SHORT = "16"
    TINY = "8"
    TINY_OLD = "8 (time at 3)"

    @property
    def size(self) -> int:
        """Bytes of one row."""
        return int(self.value.split(" ", maxsplit=1)[0])

    @property
    def id_bytes(self) -> int:
        """How many bytes at the head of a row name the person."""
        return {40: 26, 49: 26, 16: 4}.get(self.size, 2)


Decoder = Callable[[bytes, Mapping[int, str]], PunchRecord | None]


def _decode_long(raw: bytes, uids: Mapping[int, str]) -> PunchRecord | None:
    del uids
    uid, field, verify, when, state, _ = _LONG.unpack_from(raw)
    return _punch(user_id_of_field(field), when, state, decode_method(verify), raw, uid)


def _decode_short(raw: bytes, uids: Mapping[int, str]) -> PunchRecord | None:
    del uids
    number, when, state, verify, _, _ = _SHORT.unpack(raw)
    user_id = None if number in {0, 0xFFFFFFFF} else str(number)
    return _punch(user_id, when, state, decode_method(verify), raw)


def _decode_tiny(raw: bytes, uids: Mapping[int, str]) -> PunchRecord | None:
    uid, flags, _, when = _TINY.unpack(raw)
    method = decode_method(flags >> 3 & 3)
    return _punch(_user_id_of_slot(uid, uids), when, flags & 7, method, raw, uid)


def _decode_tiny_old(raw: bytes, uids: Mapping[int, str]) -> PunchRecord | None:
    uid, verify, when, state = _TINY_OLD.unpack(raw)
    method = decode_method(verify)
    return _punch(_user_id_of_slot(uid, uids), when, state, method, raw, uid)


def _punch(  # noqa: PLR0917 - the columns of a row
    user_id: str | None,
    when: int,
    state: int,
    method: PunchMethod,
    raw: bytes,
    uid: int | None = None,
) -> PunchRecord | None:
    time = decode_time(when)
    if user_id is None or time is None:
        return None
    return PunchRecord(
        user_id=user_id,
        time=time,
        direction=decode_direction(state),
        method=method,
        raw=raw,
        uid=uid,
    )


def _user_id_of_slot(uid: int, uids: Mapping[int, str]) -> str | None:
    # Such a log holds nothing better for people who left the clock's list.
    return uids.get(uid, str(uid)) if uid not in {0, 0xFFFF} else None


_DECODERS: Final[Mapping[Layout, Decoder]] = {
    Layout.LONG: _decode_long,
    Layout.FACE: _decode_long,
    Layout.SHORT: _decode_short,
    Layout.TINY: _decode_tiny,
    Layout.TINY_OLD: _decode_tiny_old,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReading:
    """A whole log, kept as bytes: 100,000 records at once would be a burden."""

    layout: Layout
    body: bytes
    uids: Mapping[int, str] = field(default_factory=dict)
    complaint: str = ""
    """What does not fit about the whole; empty when all does."""
    doubtful: Sequence[int] = ()
    """Places of rows with an impossible date or user id."""
    known_ids: frozenset[str] = frozenset()
    """The clock's own users; empty when they are not known."""
    latest: datetime = datetime.max  # noqa: DTZ901 - the time a clock tells
    """No punch is much later than this (naive)."""

    def __len__(self) -> int:
        return len(self.body) // self.layout.size

    def rows(self, start: int, end: int) -> Iterator[PunchRecord | None]:
        """Rows `start` to `end`; None where one is doubtful."""
        decode, size = _DECODERS[self.layout], self.layout.size
        for at in range(start * size, min(end, len(self)) * size, size):
            record = decode(self.body[at : at + size], self.uids)
            yield None if record is None or self._is_stray(record) else record

    def _is_stray(self, record: PunchRecord) -> bool:
        """Nobody's punch at no sensible time: bytes of something else."""
        is_nobody = bool(self.known_ids) and record.user_id not in self.known_ids
        return is_nobody and not _is_sane(record.time, self.latest)


def decode_row(
    raw: bytes, layout: Layout, uids: Mapping[int, str]
) -> PunchRecord | None:
    """One row; None when its date or user id is impossible."""
    return _DECODERS[layout](raw, uids)


def encode_row(
    record: PunchRecord, layout: Layout, *, uid: int = 0, workcode: int = 0
) -> bytes:
    """One row as a clock keeps it."""
    when, state = encode_time(record.time), encode_direction(record.direction)
    verify = encode_method(record.method)
    match layout:
        case Layout.LONG | Layout.FACE:
            field = record.user_id.encode("ascii").ljust(24, b"\0")
            row = _LONG.pack(uid, field, verify, when, state, bytes(8))
            return row.ljust(layout.size, b"\0")
        case Layout.SHORT:
            return _SHORT.pack(
                int(record.user_id), when, state, verify, b"\0\0", workcode
            )
        case Layout.TINY:
            old = encode_old_method(record.method)
            return _TINY.pack(uid, state & 7 | old << 3, 0, when)
        case Layout.TINY_OLD:
            old = encode_old_method(record.method)
            return _TINY_OLD.pack(uid, old, when, state)


def encode_table(rows: Sequence[bytes]) -> bytes:
    """A log or user table: u32 byte count and the rows."""
    body = b"".join(rows)
    return len(body).to_bytes(4, "little") + body


def table_body(blob: bytes) -> tuple[bytes, str]:
    """The rows' bytes of a table, and what is wrong with its byte count."""
    if len(blob) < 4:
        return b"", f"a table of {len(blob)} bytes" if blob else ""
    told, body = int.from_bytes(blob[:4], "little"), blob[4:]
    if told == len(body):
        return body, ""
    complaint = f"the clock announced {told} bytes and sent {len(body)}"
    return body[:told], complaint


def decode_log(
    blob: bytes,
    *,
    expected: int | None,
    latest: datetime,
    uids: Mapping[int, str],
    known_ids: frozenset[str] = frozenset(),
) -> LogReading:
    """Read a whole log, linearly.

    The layout is the one whose size divides the bytes and whose dates and user
    ids are plausible; `expected` rows, `latest` (naive: no punch is much
    later) and the clock's own users tell apart what looks alike. Raises
    `UnknownLayoutError` when no layout fits.
    """
    body, complaint = table_body(blob)
    if not body:
        return LogReading(layout=Layout.LONG, body=b"", complaint=complaint)
    fitting = [layout for layout in Layout if len(body) % layout.size == 0]
    if not fitting:
        raise UnknownLayoutError(
            f"layout unknown: a log of {len(body)} bytes fits no known row size"
        )

    def score(layout: Layout) -> float:
        rows = len(body) // layout.size
        plausible = _plausible(body, layout, latest, uids, known_ids)
        near = expected is not None and 0 <= rows - expected <= 8
        return plausible + (1.0 if near and plausible >= 0.3 else 0.0)

    layout = max(fitting, key=score)
    if score(layout) < 0.3:
        raise UnknownLayoutError(
            f"layout unknown: the dates and user ids of {len(body)} bytes make no "
            "sense in "
            f"rows of {', '.join(str(each.size) for each in fitting)} bytes"
        )
    reading = LogReading(
        layout=layout,
        body=body,
        uids=uids,
        complaint=complaint,
        known_ids=known_ids,
        latest=latest,
    )
    rows = enumerate(reading.rows(0, len(reading)))
    return replace(reading, doubtful=[at for at, row in rows if row is None])


def _is_sane(time: datetime, latest: datetime) -> bool:
    return time >= SANE_SINCE and time - latest <= SANE_AHEAD


def _plausible(
    body: bytes,
    layout: Layout,
    latest: datetime,
    uids: Mapping[int, str],
    known_ids: frozenset[str],
) -> float:
    """How well a sample of rows makes sense in a layout, 0 to 1."""
    count = len(body) // layout.size
    step = max(1, count // SAMPLE)
    decode, total, rows = _DECODERS[layout], 0.0, range(0, count, step)
    for row in rows:
        at = row * layout.size
        record = decode(body[at : at + layout.size], uids)
        if record is None:
            continue
        sane = _is_sane(record.time, latest)
        total += 0.6 if sane else 0.3
        if not known_ids or record.user_id in known_ids:
            total += 0.4
        elif sane:
            total += 0.2
    return total / len(rows)
