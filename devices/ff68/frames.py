"""The `FF 68` bus of callers and evaluators: frames and what they mean.

`FF 68 LEN LEN 68 ADDR FUNC DATA.. SUM 16`: LEN is 2 + len(DATA), said twice; SUM
is ADDR + FUNC + DATA modulo 256. Nothing is escaped, so only LEN tells where a
frame ends. 9600 8N1, half duplex, many addresses (facts: caller bus).
Both roles share this: the driver is the host, the simulator the devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.checksums import sum8
from devices.errors import MisuseError, ProtocolError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip
from devices.strip.frames import (
    MOST_DATA,
    StripMessage,
    begins_strip,
    scan_strip,
)

START: Final = 0xFF
MARK: Final = 0x68
TAIL: Final = 0x16
MIN_LENGTH: Final = 2
"""LEN of a frame without data (beep)."""
MAX_LENGTH: Final = 32
"""LEN that is still believed; the longest known frame has 10, keys have 3 to 5."""
OVERHEAD: Final = 7
"""Bytes of a frame that LEN does not count."""
SHORT_ACK_SIZE: Final = 8
MAX_ADDRESS: Final = 0xFF
NOISE_STEP: Final = 256
"""Bytes of noise that are looked through at a time."""

FUNC_KEY: Final = 0x01
"""FUNC of a key frame by inference; any but `FUNC_RATING` must be taken."""
FUNC_SHOW: Final = 0x02
FUNC_BEEP: Final = 0x03
FUNC_RATING: Final = 0x11
FUNC_RATING_ACK: Final = 0x01
EVALUATOR_BIT: Final = 0x80
"""Set in an evaluator's address in dialect b."""

BLANK: Final = 0x0A
"""A digit position that stays dark."""
FIELD_DIGITS: Final = 3
MAX_WAITING: Final = 999


class Dialect(StrEnum):
    """How evaluators are addressed and acknowledged; two programs, two ways."""

    A = "a"
    """The caller's address; a 10-byte ACK with FUNC 01 and the value."""
    B = "b"
    """The caller's address | 80h; an 8-byte ACK without FF."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, either way; `data` is what stands between FUNC and SUM."""

    address: int
    function: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The bytes on the wire; raises `MisuseError` for what fits no frame."""
        length = MIN_LENGTH + len(self.data)
        if length > MAX_LENGTH:
            raise MisuseError(f"{len(self.data)} data bytes are too many for a frame")
        if not (0 <= self.address <= MAX_ADDRESS and 0 <= self.function <= 0xFF):
            raise MisuseError("address and function are bytes")
        body = bytes((self.address, self.function)) + self.data
        head = bytes((START, MARK, length, length, MARK))
        return head + body + bytes((sum8(body), TAIL))


@dataclass(frozen=True, slots=True)
class ShortAck:
    """Dialect b's answer to an evaluator: `68 02 02 68 ADDR 01 SUM 16`."""

    address: int

    def encode(self) -> bytes:
        """The bytes on the wire."""
        body = bytes((self.address, FUNC_RATING_ACK))
        head = bytes((MARK, MIN_LENGTH, MIN_LENGTH, MARK))
        return head + body + bytes((sum8(body), TAIL))


Message = Frame | ShortAck | StripMessage
"""What goes over a line of callers; strips only where the hall file has some."""


class Ff68Framer(Framer[Message]):
    """Cuts the line into frames by LEN; anything else is skipped and counted.

    With `strips` it knows what is said to window strips on the line, and by them.
    """

    max_frame = MAX_LENGTH + OVERHEAD

    def __init__(self, *, strips: bool = False) -> None:
        super().__init__()
        self._strips = strips
        if strips:
            self.max_frame += MOST_DATA

    def scan(self, buffer: bytearray) -> Found[Message] | Skip | NeedMore:
        """Tell what stands at the head of `buffer`.

        A head that promises more than has come gives way to a whole frame
        behind it: torn frames must not swallow the caller's next one.
        """
        found = self._scan_head(buffer)
        if isinstance(found, NeedMore):
            behind = buffer.find(START, 1)
            while behind > 0:
                if isinstance(_scan_frame(buffer[behind:]), Found):
                    return Skip(behind, "a frame broke off")
                behind = buffer.find(START, behind + 1)
        return found

    def give_up(self) -> list[Message]:
        """Take a frame that did not go on for noise; gives what stood within."""
        messages: list[Message] = []
        while self.pending:
            self._skip(1, "a frame broke off")
            messages += self.feed(b"")
        return messages

    def _scan_head(self, buffer: bytearray) -> Found[Message] | Skip | NeedMore:
        if buffer[0] == START:
            return _scan_frame(buffer)
        if buffer[0] == MARK:
            return _scan_short_ack(buffer)
        if self._strips and begins_strip(buffer[0]):
            found = scan_strip(buffer)
            return Found(found.frame, found.size) if isinstance(found, Found) else found
        noise = buffer[:NOISE_STEP]
        heads = (
            at
            for at, byte in enumerate(noise)
            if byte in {START, MARK} or (self._strips and begins_strip(byte))
        )
        return Skip(next(heads, len(noise)), "noise")


def _scan_frame(  # noqa: PLR0911 - one line a rule of the frame
    buffer: bytearray,
) -> Found[Message] | Skip | NeedMore:
    """A frame that begins with FF; judged as early as its bytes allow."""
    size = len(buffer)
    if size > 1 and buffer[1] != MARK:
        return Skip(1, "no 68 behind FF")
    if size > 2 and not MIN_LENGTH <= buffer[2] <= MAX_LENGTH:
        return Skip(1, f"length {buffer[2]} is not {MIN_LENGTH}-{MAX_LENGTH}")
    if size > 3 and buffer[3] != buffer[2]:
        return Skip(1, f"lengths {buffer[2]} and {buffer[3]} differ")
    if size > 4 and buffer[4] != MARK:
        return Skip(1, "no 68 behind the lengths")
    if size < 5 or size < (total := buffer[2] + OVERHEAD):
        return NEED_MORE
    if buffer[total - 1] != TAIL:
        return Skip(1, "no 16 at the end")
    body = bytes(buffer[5 : total - 2])
    if sum8(body) != buffer[total - 2]:
        return Skip(1, f"sum is {buffer[total - 2]:02x}, not {sum8(body):02x}")
    return Found(Frame(body[0], body[1], body[2:]), total)


def _scan_short_ack(buffer: bytearray) -> Found[Message] | Skip | NeedMore:
    head = bytes((MARK, MIN_LENGTH, MIN_LENGTH, MARK))
    if not head.startswith(buffer[: len(head)]):
        return Skip(1, "no short acknowledgement")
    if len(buffer) < SHORT_ACK_SIZE:
        return NEED_MORE
    ack = ShortAck(buffer[4])
    if bytes(buffer[:SHORT_ACK_SIZE]) != ack.encode():
        return Skip(1, "no short acknowledgement")
    return Found(ack, SHORT_ACK_SIZE)


def is_rating(message: Message) -> bool:
    """Whether an evaluator sent it; every other frame with data holds keys."""
    return isinstance(message, Frame) and message.function == FUNC_RATING


def acknowledgement(frame: Frame, dialect: Dialect) -> Message:
    """The host's answer: a key frame as it came, an evaluator's by dialect."""
    if frame.function != FUNC_RATING:
        return frame
    if dialect is Dialect.B:
        return ShortAck(frame.address)
    return Frame(frame.address, FUNC_RATING_ACK, frame.data)


def evaluator_address(unit: int, dialect: Dialect) -> int:
    """The address that a unit's evaluator has on the wire."""
    return unit | EVALUATOR_BIT if dialect is Dialect.B else unit


def unit_address(frame: Frame, dialect: Dialect) -> int:
    """The unit that a device frame came from."""
    if dialect is Dialect.B and frame.function == FUNC_RATING:
        return frame.address & ~EVALUATOR_BIT
    return frame.address


def key_frame(address: int, data: bytes) -> Frame:
    """What a caller sends."""
    return Frame(address, FUNC_KEY, data)


def rating_frame(address: int, value: int) -> Frame:
    """What an evaluator sends; `address` is its own on the wire."""
    return Frame(address, FUNC_RATING, bytes((value,)))


def beep(address: int) -> Frame:
    """Have a caller beep."""
    return Frame(address, FUNC_BEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """What a caller shows: two fields of three digits, "" is a dark field."""

    waiting: str = ""
    ticket: str = ""

    @classmethod
    def of(cls, *, waiting: int | None, ticket: str | None) -> Digits:
        """From a count (capped at 999) and a ticket number (its last digits)."""
        figures = [c for c in ticket or "" if c in "0123456789"]
        last = "".join(figures[-FIELD_DIGITS:])
        return cls(
            waiting="" if waiting is None else f"{min(waiting, MAX_WAITING):03d}",
            ticket=last.zfill(FIELD_DIGITS) if last else "",
        )

    def frame(self, address: int) -> Frame:
        """The frame that shows it: d1-d3 waiting, d4-d6 ticket."""
        data = _field_bytes(self.waiting) + _field_bytes(self.ticket)
        return Frame(address, FUNC_SHOW, data)

    @classmethod
    def read(cls, frame: Frame) -> Digits:
        """What a show frame shows; raises `ProtocolError` for another frame."""
        data = frame.data
        if frame.function != FUNC_SHOW or len(data) != 2 * FIELD_DIGITS:
            raise ProtocolError("not a frame that shows six digits")
        if any(byte > BLANK for byte in data):
            raise ProtocolError("digits are 0 to 9, or 0A for a dark one")
        return cls(
            waiting=_field_text(data[:FIELD_DIGITS]),
            ticket=_field_text(data[FIELD_DIGITS:]),
        )


def _field_bytes(text: str) -> bytes:
    if not text:
        return bytes((BLANK,)) * FIELD_DIGITS
    if len(text) != FIELD_DIGITS or not text.isascii() or not text.isdecimal():
        raise MisuseError(f"not three digits: {text!r}")
    return bytes(int(digit) for digit in text)


def _field_text(data: bytes) -> str:
    return "".join(" " if byte == BLANK else str(byte) for byte in data).strip()
