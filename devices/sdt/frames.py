"""Resident ID card readers: the SDT / SAM_A / SAM_V serial protocol, both roles.

Request: `AA AA AA 96 69 | Len | CMD PARA | data | CHK`; answer the same with
`SW1 SW2 SW3` in the place of CMD and PARA. Len (big endian) counts what follows
it, CHK is the exclusive or from Len to the byte before CHK. Source: the facts
on cards, section 3 (vendors' protocol pages, 16 published frames reproduced).

Card content is personal: what holds it has no repr, its buffers can be wiped,
and `dump` shows no byte of it.
"""

from __future__ import annotations

import struct
from abc import abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from devices.checksums import xor8
from devices.errors import MisuseError, ProtocolError
from devices.framing import (
    NEED_MORE,
    Found,
    Frame,
    Framer,
    NeedMore,
    Skip,
)
from devices.sdt.codes import SUCCESS, SdtError, Sw3

PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
_MARK: Final = PREAMBLE[1:]
"""The least of a preamble that is accepted: a line may eat its first byte."""

MAX_LENGTH: Final = 4096
"""Largest Len accepted; the longest real answer has 0x090A."""

SHOWN_BYTES: Final = 10
"""Bytes that a dump shows of a frame with data; a card's text begins at 14."""

TEXT_SIZE: Final = 256
PHOTO_SIZE: Final = 1024
SAM_ID_SIZE: Final = 16
SERIAL_SIZE: Final = 8
ADDRESS_SIZE: Final = 70


class Command(Enum):
    """CMD and PARA of each request."""

    RESET_SAM = bytes.fromhex("10FF")
    SAM_STATUS = bytes.fromhex("11FF")
    SAM_ID = bytes.fromhex("12FF")
    FIND = bytes.fromhex("2001")
    SELECT = bytes.fromhex("2002")
    READ_TEXT = bytes.fromhex("3001")
    READ_ADDRESS = bytes.fromhex("3003")
    READ_FINGERPRINT = bytes.fromhex("3010")
    """Known so that a simulator can refuse it; the driver never sends it."""
    SET_RF = bytes.fromhex("61FF")
    SET_BAUD_115200 = bytes.fromhex("6000")
    SET_BAUD_57600 = bytes.fromhex("6001")
    SET_BAUD_38400 = bytes.fromhex("6002")
    SET_BAUD_19200 = bytes.fromhex("6003")
    SET_BAUD_9600 = bytes.fromhex("6004")


SET_BAUD: Final = {
    115200: Command.SET_BAUD_115200,
    57600: Command.SET_BAUD_57600,
    38400: Command.SET_BAUD_38400,
    19200: Command.SET_BAUD_19200,
    9600: Command.SET_BAUD_9600,
}
"""Speed in baud -> the command that sets it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the host asks. `code` is CMD and PARA, also such as we do not know."""

    code: bytes
    data: bytes = b""

    @property
    def command(self) -> Command | None:
        """The command, None for one that is not in the table."""
        try:
            return Command(self.code)
        except ValueError:
            return None

    def __str__(self) -> str:
        """For logs."""
        command = self.command
        return command.name if command else self.code.hex(" ").upper()

    def encode(self) -> bytes:
        """The frame."""
        return _encode(self.code + self.data)


def request(command: Command, data: bytes = b"") -> Request:
    """The request of a command."""
    return Request(command.value, data)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader says: three status bytes and data that may be personal."""

    sw: bytes
    data: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def sw3(self) -> int:
        """The status byte that counts."""
        return self.sw[2]

    @property
    def is_success(self) -> bool:
        """Whether the reader did what was asked."""
        return self.sw3 in SUCCESS

    def raise_for_code(self) -> None:
        """Raise `SdtError` unless the answer is a success."""
        if not self.is_success:
            raise SdtError(self.sw)

    def __str__(self) -> str:
        """For logs: the status bytes and how much data, never the data."""
        text = self.sw.hex(" ").upper()
        return f"{text} and {len(self.data)} bytes" if self.data else text

    def encode(self) -> bytes:
        """The frame."""
        return _encode(self.sw + self.data)

    def wipe(self) -> None:
        """Overwrite the data; what was decoded from it stays valid."""
        wipe(self.data)


def answer(sw3: int, data: bytes = b"") -> Answer:
    """An answer with SW1 and SW2 zero."""
    return Answer(bytes((0, 0, sw3)), bytearray(data))


def wipe(buffer: bytearray, size: int | None = None) -> None:
    """Overwrite the first `size` bytes (all by default) with zeros."""
    count = len(buffer) if size is None else min(size, len(buffer))
    buffer[:count] = bytes(count)


class _SdtFramer(Framer[Frame]):
    """Finds frames by preamble, Len and CHK; overwrites what it lets go."""

    max_frame = len(PREAMBLE) + 2 + MAX_LENGTH
    min_length: int

    def __init__(self) -> None:
        super().__init__()
        self.bad_checksums = 0
        """Frames with a wrong CHK, since the framer was made."""

    @abstractmethod
    def parse(self, body: bytearray) -> Frame:
        """What stands between Len and CHK, `min_length - 1` bytes at least."""

    def scan(self, buffer: bytearray) -> Found[Frame] | Skip | NeedMore:
        """Tell what stands at the head of `buffer`."""
        start = _start(buffer)
        if start:
            return self._drop(buffer, start, "bytes before a preamble")
        head = 5 if buffer.startswith(PREAMBLE) else 4
        if len(buffer) < head + 2 or not buffer.startswith((PREAMBLE, _MARK)):
            return NEED_MORE
        (length,) = struct.unpack_from(">H", buffer, head)
        if not self.min_length <= length <= MAX_LENGTH:
            return self._drop(buffer, head, f"a length of {length} cannot be")
        size = head + 2 + length
        if len(buffer) < size:
            return NEED_MORE
        if xor8(bytes(memoryview(buffer)[head:size])):
            self.bad_checksums += 1
            return self._drop(buffer, head, "bad checksum")
        frame = self.parse(buffer[head + 2 : size - 1])
        wipe(buffer, size)
        return Found(frame, size)

    def reset(self) -> None:
        """Forget a half received frame."""
        wipe(self._buffer)
        super().reset()

    @staticmethod
    def _drop(buffer: bytearray, size: int, reason: str) -> Skip:
        wipe(buffer, size)
        return Skip(size, reason)


class RequestFramer(_SdtFramer[Request]):
    """The reader's side: bytes -> requests."""

    min_length = 3

    def parse(self, body: bytearray) -> Request:
        """CMD, PARA, data."""
        return Request(bytes(body[:2]), bytes(body[2:]))


class AnswerFramer(_SdtFramer[Answer]):
    """The host's side: bytes -> answers."""

    min_length = 4

    def parse(self, body: bytearray) -> Answer:
        """SW1 to SW3, data."""
        found = Answer(bytes(body[:3]), body[3:])
        wipe(body)
        return found


@dataclass(frozen=True, slots=True)
class SamId:
    """The security module's number, the nearest to a serial number there is."""

    maker: int
    model: int
    date: int
    number: int
    check: int

    def __str__(self) -> str:
        """As vendors print it."""
        return (
            f"{self.maker:02d}.{self.model:02d}-{self.date:08d}-"
            f"{self.number:010d}-{self.check:010d}"
        )

    @property
    def masked(self) -> str:
        """For public topics: the maker's part and the last four digits."""
        text = str(self)
        hidden = "".join("-" if sign == "-" else "*" for sign in text[5:-4])
        return text[:5] + hidden + text[-4:]

    def encode(self) -> bytes:
        """The 16 data bytes of the answer."""
        return struct.pack(
            "<HHIII", self.maker, self.model, self.date, self.number, self.check
        )

    @classmethod
    def decode(cls, data: bytes | bytearray) -> SamId:
        """Read the 16 data bytes; raises `ProtocolError`."""
        if len(data) != SAM_ID_SIZE:
            raise ProtocolError(f"a SAM id has 16 bytes, not {len(data)}")
        return cls(*struct.unpack("<HHIII", data))


def find_answer() -> Answer:
    """A card was found; the four bytes (IIN) are zero on every known reader."""
    return answer(Sw3.FOUND, bytes(4))


def text_answer(text: bytes, photo: bytes, fingerprint: bytes | None = None) -> Answer:
    """Content of a card as 30 01 gives it, or 30 10 with a `fingerprint`."""
    if len(text) != TEXT_SIZE:
        raise MisuseError(f"a text block has {TEXT_SIZE} bytes, not {len(text)}")
    sizes = [len(text), len(photo)]
    if fingerprint is not None:
        sizes.append(len(fingerprint))
    head = b"".join(size.to_bytes(2, "big") for size in sizes)
    return answer(Sw3.OK, head + text + photo + (fingerprint or b""))


def is_text(found: Answer) -> bool:
    """Whether this can be the content of a card (30 01)."""
    data = found.data
    if found.sw3 != Sw3.OK or len(data) < 4 + TEXT_SIZE:
        return False
    text_size, photo_size = struct.unpack_from(">HH", data)
    return bool(text_size == TEXT_SIZE and len(data) == 4 + text_size + photo_size)


def take_text(found: Answer) -> bytearray:
    """The 256-byte text block of an answer to 30 01; the photo is not touched.

    The caller wipes both. Raises `SdtError` for a code, `ProtocolError` for
    sizes that cannot be.
    """
    found.raise_for_code()
    if not is_text(found):
        raise ProtocolError(
            f"the card's content has {len(found.data)} bytes in parts that "
            "cannot be (want 4 + 256 + photo)"
        )
    return found.data[4 : 4 + TEXT_SIZE]


def dump(frame: bytes | bytearray) -> str:
    """A frame in hex for technicians; data of cards and serials left out."""
    hidden = len(frame) - SHOWN_BYTES if len(frame) > SHOWN_BYTES + 2 else 0
    text = bytes(frame[: len(frame) - hidden]).hex(" ").upper()
    return f"{text} <{hidden} bytes not shown>" if hidden else text


def _encode(body: bytes | bytearray) -> bytes:
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes((xor8(counted),))


def _start(buffer: bytearray) -> int:
    """Where the first preamble, or what may become one, begins."""
    mark = buffer.find(_MARK)
    if mark > 0 and buffer[mark - 1] == PREAMBLE[0]:
        return mark - 1
    if mark >= 0:
        return mark
    for size in range(min(len(PREAMBLE) - 1, len(buffer)), 0, -1):
        if PREAMBLE.startswith(buffer[-size:]) or _MARK.startswith(buffer[-size:]):
            return len(buffer) - size
    return len(buffer)
