"""Values inside the clocks' packets: times, texts, options, sizes, requests.

Source: facts, ZKTeco clocks (options, sizes, time; bulk reads).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.errors import ProtocolError
from devices.zk.packets import Code

FIRST_YEAR: Final = 2000
SIZES: Final = struct.Struct("<23i")
USERS_OF_FINGERPRINTS: Final = 5
"""`fct` of a users read: FCT_USER."""

LOG_REQUEST: Final = (Code.LOG_READ, 0)
USERS_REQUEST: Final = (Code.USERS_READ, USERS_OF_FINGERPRINTS)
TEMPLATES_REQUEST: Final = (Code.TEMPLATE_READ, 2)

_REQUEST: Final = struct.Struct("<bhii")
_PREPARED: Final = struct.Struct("<BII4x")
_CHUNK: Final = struct.Struct("<ii")


def encode_time(time: datetime) -> int:
    """A naive time as the u32 of records and GET_TIME (12 months of 31 days)."""
    days = (time.year % 100 * 12 + time.month - 1) * 31 + time.day - 1
    return days * 86_400 + time.hour * 3600 + time.minute * 60 + time.second


def decode_time(number: int) -> datetime | None:
    """Naive time of a u32; None for a day that no calendar has."""
    rest, second = divmod(number, 60)
    rest, minute = divmod(rest, 60)
    rest, hour = divmod(rest, 24)
    rest, day = divmod(rest, 31)
    year, month = divmod(rest, 12)
    if year > 99:
        return None
    try:
        return datetime(  # noqa: DTZ001 - a clock knows no zone
            FIRST_YEAR + year, month + 1, day + 1, hour, minute, second
        )
    except ValueError:
        return None


def encode_event_time(time: datetime) -> bytes:
    """A naive time as the six bytes of live events."""
    return bytes(
        (
            time.year - FIRST_YEAR,
            time.month,
            time.day,
            time.hour,
            time.minute,
            time.second,
        )
    )


def decode_event_time(data: bytes) -> datetime | None:
    """Naive time of six bytes (y-2000, m, d, h, mi, s); None if impossible."""
    year, month, day, hour, minute, second = data
    if year > 99:
        return None
    try:
        return datetime(  # noqa: DTZ001 - a clock knows no zone
            FIRST_YEAR + year, month, day, hour, minute, second
        )
    except ValueError:
        return None


def read_time(data: bytes) -> datetime | None:
    """The answer to GET_TIME."""
    return decode_time(int.from_bytes(data[:4], "little")) if len(data) >= 4 else None


def decode_text(data: bytes, encoding: str | None = None) -> str:
    """Text up to the first NUL; what follows is rubbish on real clocks.

    UTF-8, strictly, then GB18030; `encoding` forces another first.
    """
    head = data.partition(b"\0")[0]
    for name in (*([encoding] if encoding else []), "utf-8", "gb18030"):
        try:
            return head.decode(name).strip()
        except UnicodeDecodeError:
            continue
    return head.decode("utf-8", "replace").strip()


def encode_text(text: str, size: int, encoding: str = "utf-8") -> bytes:
    """Text in `size` bytes, NUL padded; cut between characters, never inside."""
    return cut_text(text, size, encoding).encode(encoding, "replace").ljust(size, b"\0")


def cut_text(text: str, size: int, encoding: str = "utf-8") -> str:
    """As much of a text as `size` bytes hold, whole characters only."""
    while len(text.encode(encoding, "replace")) > size:
        text = text[:-1]
    return text


def encode_option(name: str, value: str) -> bytes:
    """`name=value` with its NUL."""
    return f"{name}={value}".encode() + b"\0"


def decode_option(data: bytes) -> tuple[str, str]:
    """(name, value) of `name=value`; a missing NUL or `=` is tolerated."""
    name, _, value = decode_text(data).partition("=")
    return name, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a clock holds and has room for (SIZES, 92 bytes = 23 x i32)."""

    users: int = 0
    fingers: int = 0
    records: int = 0
    operations: int = 0
    admins: int = 0
    passwords: int = 0
    fingers_max: int = 0
    users_max: int = 0
    records_max: int = 0
    faces: int = 0
    faces_max: int = 0

    def encode(self) -> bytes:
        """As 92 bytes."""
        words = [0] * 23
        words[4], words[6], words[8] = self.users, self.fingers, self.records
        words[10], words[12], words[13] = self.operations, self.admins, self.passwords
        words[14], words[15] = self.fingers_max, self.users_max
        words[16] = self.records_max
        words[17] = max(0, self.fingers_max - self.fingers)
        words[18] = max(0, self.users_max - self.users)
        words[19] = max(0, self.records_max - self.records)
        words[20], words[22] = self.faces, self.faces_max
        return SIZES.pack(*words)

    @classmethod
    def decode(cls, data: bytes) -> Sizes:
        """Read 80 bytes or more; raises `ProtocolError`."""
        if len(data) < 80:
            raise ProtocolError(f"sizes have 92 bytes, not {len(data)}")
        words = SIZES.unpack(data[: SIZES.size].ljust(SIZES.size, b"\0"))
        return cls(
            users=words[4],
            fingers=words[6],
            records=words[8],
            operations=words[10],
            admins=words[12],
            passwords=words[13],
            fingers_max=words[14],
            users_max=words[15],
            records_max=words[16],
            faces=words[20],
            faces_max=words[22],
        )


def encode_buffer_request(command: int, selector: int = 0, extra: int = 0) -> bytes:
    """Data of BUFFER_PREPARE: which table to lay ready."""
    return _REQUEST.pack(1, command, selector, extra)


def decode_buffer_request(data: bytes) -> tuple[int, int]:
    """(command, selector) of BUFFER_PREPARE; raises `ProtocolError`."""
    if len(data) < _REQUEST.size:
        raise ProtocolError(f"a buffer request has 11 bytes, not {len(data)}")
    _, command, selector, _ = _REQUEST.unpack_from(data)
    return command, selector


def encode_prepared(size: int) -> bytes:
    """The OK of a large BUFFER_PREPARE: 13 bytes."""
    return _PREPARED.pack(0, size, size)


def encode_chunk_request(start: int, size: int) -> bytes:
    """Data of BUFFER_READ: which bytes of the table laid ready."""
    return _CHUNK.pack(start, size)


def decode_chunk_request(data: bytes) -> tuple[int, int]:
    """(start, size) of BUFFER_READ; raises `ProtocolError`."""
    if len(data) < _CHUNK.size:
        raise ProtocolError(f"a chunk request has 8 bytes, not {len(data)}")
    start, size = _CHUNK.unpack_from(data)
    if start < 0 or size < 0:
        raise ProtocolError(f"no chunk [{start}, +{size}]")
    return start, size
