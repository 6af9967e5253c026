"""Onbon BX-5K/6K font cards: frames, for both roles.

Source: the vendor's "BX-5K/6K 通讯协议用户版本" v1.4 (2021-02-28), chapters 3 and 4.
What stands in a frame: `devices.onbon.messages`, of which the largest has its own
`devices.onbon.areas`, and the texts in it `devices.onbon.text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.checksums import crc16_arc
from devices.errors import FrameError, MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

START: Final = 0xA5
END: Final = 0x5A
START_BYTES: Final = 8
"""Start bytes sent, so that some may get lost; one is enough to begin a frame."""

HOST_ADDRESS: Final = 0x8000
"""What programs on a host call themselves (0x8000-0xDFFF)."""
DEFAULT_ADDRESS: Final = 0x0001
BROADCAST: Final = 0xFFFF
"""All cards do it, none answers."""
BROADCAST_ANSWERED: Final = 0xFFFE
"""Any card does it and answers: for one card on the line."""
ANY_CARD: Final = 0xFE
"""Device type that every card takes as its own."""

HEADER_SIZE: Final = 14
CHECK_SIZE: Final = 2

_ESCAPES: Final = {
    0xA5: b"\xa6\x02",
    0xA6: b"\xa6\x01",
    0x5A: b"\x5b\x02",
    0x5B: b"\x5b\x01",
}
_UNESCAPES: Final = {pair: byte for byte, pair in _ESCAPES.items()}


class CheckMode(IntEnum):
    """How a frame's two check bytes are made."""

    CRC = 0
    SUM = 1
    NONE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame without its wrapping: header fields and the data domain."""

    data: bytes
    destination: int = DEFAULT_ADDRESS
    source: int = HOST_ADDRESS
    check: CheckMode = CheckMode.CRC
    display_mode: int = 0
    """0: beside programmes, areas must not overlap; 1: areas cover programmes."""
    device_type: int = ANY_CARD
    version: int = 2
    reserved: bytes = b"\0\0\0"

    def encode(self, *, starts: int = START_BYTES) -> bytes:
        """The frame as it goes on the wire."""
        if len(self.data) > 0xFFFF:
            raise MisuseError(f"{len(self.data)} data bytes do not fit one frame")
        body = b"".join(
            (
                self.destination.to_bytes(2, "little"),
                self.source.to_bytes(2, "little"),
                self.reserved,
                bytes((0, self.check, self.display_mode)),
                bytes((self.device_type, self.version)),
                len(self.data).to_bytes(2, "little"),
                self.data,
            )
        )
        body += _check_bytes(self.check, body)
        return bytes((START,)) * starts + escape(body) + bytes((END,))

    @classmethod
    def decode(cls, body: bytes) -> Frame:
        """Read what stood between start and end, unescaped.

        Raises `FrameError`, of which `ChecksumError` is the one that a card
        answers.
        """
        if len(body) < HEADER_SIZE + CHECK_SIZE:
            raise FrameError(f"{len(body)} bytes are too few for a frame")
        try:
            check = CheckMode(body[8])
        except ValueError as error:
            raise FrameError(f"unknown check mode {body[8]}") from error
        if body[7] & 1:
            raise FrameError("frames with a bar code are only for setting addresses")
        size = int.from_bytes(body[12:14], "little")
        if size != len(body) - HEADER_SIZE - CHECK_SIZE:
            raise ChecksumError(
                f"the header says {size} data bytes, there are "
                f"{len(body) - HEADER_SIZE - CHECK_SIZE}"
            )
        covered, checked = body[:-CHECK_SIZE], body[-CHECK_SIZE:]
        if check is not CheckMode.NONE and _check_bytes(check, covered) != checked:
            raise ChecksumError(f"wrong checksum {checked.hex()}")
        return cls(
            data=covered[HEADER_SIZE:],
            destination=int.from_bytes(body[0:2], "little"),
            source=int.from_bytes(body[2:4], "little"),
            check=check,
            display_mode=body[9],
            device_type=body[10],
            version=body[11],
            reserved=body[4:7],
        )


class ChecksumError(FrameError):
    """A frame that was spoiled on its way."""


class FontCardFramer(Framer[Frame]):
    """Cuts frames of either role out of a byte stream.

    A frame without a check is taken only when `unchecked` allows it: one bit
    of noise must not switch the check off.
    """

    max_frame = 16 * 1024

    def __init__(self, *, unchecked: bool = False) -> None:
        super().__init__()
        self.checksum_errors = 0
        """Spoiled frames since the framer was made; a card answers each."""
        self._unchecked = unchecked

    def scan(self, buffer: bytearray) -> Found[Frame] | Skip | NeedMore:
        """See `Framer.scan`. Raw start and end bytes stand nowhere in a body."""
        if buffer[0] != START:
            start = buffer.find(START)
            return Skip(start if start > 0 else len(buffer), "no start byte")
        begin = len(buffer) - len(buffer.lstrip(bytes((START,))))
        end = buffer.find(END, begin)
        again = buffer.find(START, begin, end if end >= 0 else len(buffer))
        if again >= 0:
            return Skip(again, "a frame begins inside another")
        if end < 0:
            return NEED_MORE
        return self._read(bytes(buffer[begin:end]), end + 1)

    def _read(self, body: bytes, size: int) -> Found[Frame] | Skip:
        try:
            frame = Frame.decode(unescape(body))
        except FrameError as error:
            self.checksum_errors += isinstance(error, ChecksumError)
            return Skip(size, str(error))
        if frame.check is CheckMode.NONE and not self._unchecked:
            return Skip(size, "a frame without a checksum")
        return Found(frame, size)


def escape(body: bytes) -> bytes:
    """Make a body free of start and end bytes (3.3)."""
    return b"".join(_ESCAPES.get(byte, bytes((byte,))) for byte in body)


def unescape(body: bytes) -> bytes:
    """Undo `escape`; raises `FrameError` on an escape that does not exist."""
    result = bytearray()
    at = 0
    while at < len(body):
        if body[at] in {0xA6, 0x5B}:
            pair = body[at : at + 2]
            if pair not in _UNESCAPES:
                raise FrameError(f"unknown escape {pair.hex()}")
            result.append(_UNESCAPES[pair])
            at += 2
        else:
            result.append(body[at])
            at += 1
    return bytes(result)


def _check_bytes(check: CheckMode, covered: bytes) -> bytes:
    match check:
        case CheckMode.CRC:
            value = crc16_arc(covered)
        case CheckMode.SUM:
            value = sum(covered) & 0xFFFF
        case CheckMode.NONE:
            value = 0
    return value.to_bytes(2, "little")
