"""A clock's punch in our words, and the bytes that the words have.

Source: facts, ZKTeco clocks (attendance records, verify and punch codes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.events import Direction, PunchMethod

_DIRECTIONS: Final = (
    Direction.IN,
    Direction.OUT,
    Direction.BREAK_OUT,
    Direction.BREAK_IN,
    Direction.OVERTIME_IN,
    Direction.OVERTIME_OUT,
)
_NO_DIRECTION: Final = 255
_METHODS: Final = {
    0: PunchMethod.PASSWORD,
    1: PunchMethod.FINGERPRINT,
    2: PunchMethod.CARD,
    3: PunchMethod.PASSWORD,
    4: PunchMethod.CARD,
    15: PunchMethod.FACE,
    25: PunchMethod.PALM,
}
_METHOD_CODES: Final = {
    PunchMethod.PASSWORD: 3,
    PunchMethod.FINGERPRINT: 1,
    PunchMethod.CARD: 4,
    PunchMethod.FACE: 15,
    PunchMethod.PALM: 25,
    PunchMethod.UNKNOWN: 255,
}
_OLD_METHOD_CODES: Final = {
    PunchMethod.PASSWORD: 0,
    PunchMethod.FINGERPRINT: 1,
    PunchMethod.CARD: 2,
}

_USER_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,23}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PunchRecord:
    """One punch as the clock tells it; `time` is naive, in the clock's zone.

    `uid` is the clock's own 16-bit slot where the layout has it; it is reused,
    so people are known by `user_id` alone.
    """

    user_id: str
    time: datetime
    direction: Direction
    method: PunchMethod
    raw: bytes
    uid: int | None = None


def decode_direction(code: int) -> Direction:
    """In/out state of any layout."""
    return _DIRECTIONS[code] if code < len(_DIRECTIONS) else Direction.UNKNOWN


def encode_direction(direction: Direction) -> int:
    """The in/out state byte."""
    if direction is Direction.UNKNOWN:
        return _NO_DIRECTION
    return _DIRECTIONS.index(direction)


def decode_method(code: int) -> PunchMethod:
    """Verify byte of any layout, old firmware and new."""
    return _METHODS.get(code, PunchMethod.UNKNOWN)


def encode_method(method: PunchMethod) -> int:
    """The verify byte of newer firmware."""
    return _METHOD_CODES[method]


def encode_old_method(method: PunchMethod) -> int:
    """The two verify bits of 8-byte rows; 3 stands for what they cannot say."""
    return _OLD_METHOD_CODES.get(method, 3)


def checked_user_id(text: str) -> str | None:
    """A user id that can be one: never empty, never 0."""
    if not _USER_ID.fullmatch(text) or not text.strip("0"):
        return None
    return text


def user_id_of_field(field: bytes) -> str | None:
    """The user id of a 24-byte field, cut at its first NUL."""
    head = field.partition(b"\0")[0]
    return checked_user_id(head.decode("ascii").strip()) if head.isascii() else None
