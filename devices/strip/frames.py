"""Window LED strips on the line of the callers: frames and what they mean.

Strips of two colours take `A0 90 ADDR A5 LH LL data XOR`, one-colour cards on
the same line `80+ADDR C0+(ADDR & C0)/4 'D' text 1A`; a program that does not
know which is there sends both (facts: caller bus). A strip may answer
`A0 90 ADDR .. A5 AA`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from devices.checksums import xor8
from devices.errors import MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

START: Final = 0xA0
MARK: Final = 0x90
SHOW: Final = 0xA5
SHOW_ADDRESS: Final = 0xA1
"""The strip shows its own address."""
REPLY_TAIL: Final = bytes((0xA5, 0xAA))
MOST_REPLY: Final = 16
"""Bytes of an answer that is still believed; its middle is not known."""
OVERHEAD: Final = 7
"""Bytes of a frame that its length does not count."""

SAFE_LENGTH: Final = 254
"""Up to here both readings of the length agree."""
MOST_DATA: Final = 512
LENGTH_BASES: Final = (255, 256)
"""LH counts 255s in the program that is known; 256 would be usual."""

MONO_MAX_ADDRESS: Final = 0x3F
"""Above, how the one-colour form writes the address is not certain."""
MONO_TEXT: Final = ord("D")
MONO_END: Final = 0x1A
_MONO_SECOND: Final = 0xC0


class StripColour(IntEnum):
    """The byte behind each character."""

    RED = 0
    GREEN = 1
    YELLOW = 2


@dataclass(frozen=True, slots=True)
class StripFrame:
    """A command to a strip of two colours."""

    address: int
    command: int
    data: bytes = b""
    length_base: int = field(default=LENGTH_BASES[0], compare=False)

    def encode(self) -> bytes:
        """The bytes on the wire; raises `MisuseError` for what fits no frame."""
        if len(self.data) > MOST_DATA:
            raise MisuseError(f"{len(self.data)} data bytes are too many for a strip")
        high, low = divmod(len(self.data), self.length_base)
        body = bytes((self.address, self.command, high, low)) + self.data
        return bytes((START, MARK)) + body + bytes((xor8(body),))


@dataclass(frozen=True, slots=True)
class MonoFrame:
    """A text for a one-colour card."""

    address: int
    data: bytes

    def encode(self) -> bytes:
        """The bytes on the wire; raises `MisuseError` for what fits no frame."""
        if not 1 <= self.address <= MONO_MAX_ADDRESS or MONO_END in self.data:
            raise MisuseError("a one-colour card has address 1-63 and no 1A in a text")
        head = bytes((0x80 + self.address, _MONO_SECOND, MONO_TEXT))
        return head + self.data + bytes((MONO_END,))


@dataclass(frozen=True, slots=True)
class StripReply:
    """What a strip answers; only who it was is known."""

    address: int
    raw: bytes

    def encode(self) -> bytes:
        """The bytes on the wire."""
        return self.raw


StripMessage = StripFrame | MonoFrame | StripReply


def begins_strip(byte: int) -> bool:
    """Whether a message of a strip's may begin with it."""
    return byte == START or 0x80 < byte <= 0x80 + MONO_MAX_ADDRESS


def scan_strip(buffer: bytearray) -> Found[StripMessage] | Skip | NeedMore:
    """Tell what stands at the head of `buffer`, which `begins_strip`."""
    if buffer[0] == START and (len(buffer) < 2 or buffer[1] == MARK):
        return _scan_colour(buffer)
    return _scan_mono(buffer)


class StripFramer(Framer[StripMessage]):
    """Cuts out what concerns strips; callers' frames are noise to them."""

    max_frame = MOST_DATA + OVERHEAD

    def scan(self, buffer: bytearray) -> Found[StripMessage] | Skip | NeedMore:
        """Tell what stands at the head of `buffer`."""
        if begins_strip(buffer[0]):
            return scan_strip(buffer)
        heads = (at for at, byte in enumerate(buffer) if begins_strip(byte))
        return Skip(next(heads, len(buffer)), "not for strips")


def _scan_colour(  # noqa: PLR0911 - one line a rule of the frame
    buffer: bytearray,
) -> Found[StripMessage] | Skip | NeedMore:
    size = len(buffer)
    if size < OVERHEAD - 2:
        return NEED_MORE
    if buffer[3:5] == REPLY_TAIL:
        return Found(StripReply(buffer[2], bytes(buffer[:5])), 5)
    if buffer[3] in {SHOW, SHOW_ADDRESS} and buffer[4] <= MOST_DATA // 255:
        if size < OVERHEAD - 1:
            return NEED_MORE
        for base in LENGTH_BASES:
            total = buffer[4] * base + buffer[5] + OVERHEAD
            if size < total:
                return NEED_MORE
            body = bytes(buffer[2 : total - 1])
            if xor8(body) == buffer[total - 1]:
                frame = StripFrame(body[0], body[1], body[4:], base)
                return Found(frame, total)
        return Skip(1, "a strip's frame with a wrong sum")
    end = buffer.find(REPLY_TAIL, 3, MOST_REPLY)
    if end < 0:
        return Skip(1, "no end of a strip's answer") if size > MOST_REPLY else NEED_MORE
    raw = bytes(buffer[: end + len(REPLY_TAIL)])
    return Found(StripReply(raw[2], raw), len(raw))


def _scan_mono(buffer: bytearray) -> Found[StripMessage] | Skip | NeedMore:
    head = bytes((_MONO_SECOND, MONO_TEXT))
    if not head.startswith(buffer[1:3]):
        return Skip(1, "no text for a card")
    end = buffer.find(MONO_END, 3)
    if end < 0:
        return NEED_MORE if len(buffer) < MOST_DATA else Skip(1, "a text without end")
    return Found(MonoFrame(buffer[0] - 0x80, bytes(buffer[3:end])), end + 1)
