"""What digit tubes of several makers are told, and how it reads. For both roles.

Sources: armfly's LED-485 manual (registers), the makers' leaflets for the others:
`$001,text#`, 讯鹏's `3A color lo hi info sum 0A` and a 4-byte board. The info byte
of 讯鹏 is taken to be the board's address, 1 in the maker's sample.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from devices.checksums import sum8
from devices.errors import FrameError, MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip
from devices.modbus.rtu import Frame, Function, write_register, write_registers

BLANK: Final = ""
"""Dark digits."""
REG_VALUE: Final = 0x0000
REG_TEXT: Final = 0x0070
MOST: Final = 0xFFFF
_PLAIN: Final = re.compile(r"[^0-9A-Za-z.\- ]")


class Profile(StrEnum):
    """How a tube is spoken to."""

    ARMFLY = "armfly"
    """Modbus RTU, answers."""
    ASCII = "ascii"
    """`$001,text#`."""
    XUNPENG = "xunpeng"
    """讯鹏, numbers only."""
    KANBAN = "kanban"
    """4 bytes: id, number, sum; numbers only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a tube is told: `text` in its digits, BLANK for none."""

    unit: int
    text: str

    @property
    def number(self) -> int | None:
        """The text as a number."""
        text = self.text.strip()
        return int(text) if text.isascii() and text.isdecimal() else None


class Tongue(ABC):
    """One profile: how to tell a tube something."""

    answers: bool = False
    numbers_only: bool = False

    @abstractmethod
    def tell(self, telling: Telling, digits: int) -> bytes:
        """The bytes that show a text on a tube of so many digits."""


class Armfly(Tongue):
    """Registers of armfly's LED-485."""

    answers = True

    def tell(self, telling: Telling, digits: int) -> bytes:
        """A number goes into the value's register, all else is text."""
        return self.frame(telling, digits).encode()

    def frame(self, telling: Telling, digits: int) -> Frame:
        """The request."""
        number = telling.number
        if number is not None and number <= 0x7FFF:
            return write_register(telling.unit, REG_VALUE, number)
        text = _padded(telling.text, digits + digits % 2)
        return write_registers(telling.unit, REG_TEXT, text)


class Ascii(Tongue):
    """`$001,text#`."""

    def tell(self, telling: Telling, digits: int) -> bytes:
        """See `Tongue.tell`; no text can end the message."""
        return b"$%03d," % telling.unit + _padded(telling.text, digits) + b"#"


class Xunpeng(Tongue):
    """`3A color lo hi info sum 0A`; dark is 0."""

    numbers_only = True

    def tell(self, telling: Telling, digits: int) -> bytes:
        """See `Tongue.tell`."""
        del digits
        value = _number(telling).to_bytes(2, "little")
        body = b"\x3a\x00" + value + bytes((telling.unit,))
        return body + bytes((sum8(body), 0x0A))


class Kanban(Tongue):
    """Id, number big endian, sum; dark is 0."""

    numbers_only = True

    def tell(self, telling: Telling, digits: int) -> bytes:
        """See `Tongue.tell`."""
        del digits
        body = bytes((telling.unit,)) + _number(telling).to_bytes(2, "big")
        return body + bytes((sum8(body),))


TONGUES: Final[Mapping[Profile, Tongue]] = MappingProxyType(
    {
        Profile.ARMFLY: Armfly(),
        Profile.ASCII: Ascii(),
        Profile.XUNPENG: Xunpeng(),
        Profile.KANBAN: Kanban(),
    }
)


def read_armfly(request: Frame) -> Telling | None:
    """What an armfly tube shows after a request; None for other registers."""
    register = int.from_bytes(request.data[:2], "big")
    if request.function == Function.WRITE_ONE and register == REG_VALUE:
        value = int.from_bytes(request.data[2:4], "big", signed=True)
        return Telling(unit=request.unit, text=str(value))
    if request.function == Function.WRITE_MANY and register == REG_TEXT:
        text = request.data[5:].decode("ascii", "replace")
        return Telling(unit=request.unit, text=text.strip())
    return None


class TellingFramer(Framer[Telling]):
    """Cuts what tubes of a plain profile are told out of a byte stream."""

    max_frame = 64

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        if profile is Profile.ARMFLY:
            raise MisuseError("armfly tubes speak Modbus; see RequestFramer")
        self._profile = profile

    def scan(self, buffer: bytearray) -> Found[Telling] | Skip | NeedMore:
        """See `Framer.scan`."""
        match self._profile:
            case Profile.ASCII:
                return _scan_ascii(buffer)
            case Profile.XUNPENG:
                return _scan_sum(buffer, size=7, is_begin=buffer[0] == 0x3A)
            case _:
                return _scan_sum(buffer, size=4, is_begin=True)


def _scan_ascii(buffer: bytearray) -> Found[Telling] | Skip | NeedMore:
    if buffer[0] != ord("$"):
        start = buffer.find(b"$")
        return Skip(start if start > 0 else len(buffer), "no start")
    end = buffer.find(b"#")
    again = buffer.find(b"$", 1, end if end >= 0 else len(buffer))
    if again >= 0:
        return Skip(again, "a message begins inside another")
    if end < 0:
        return NEED_MORE
    found = re.fullmatch(rb"\$(\d{3}),([^$#]*)#", bytes(buffer[: end + 1]))
    if found is None:
        return Skip(end + 1, "not $001,text#")
    text = found[2].decode("ascii", "replace").strip()
    return Found(Telling(unit=int(found[1]), text=text), end + 1)


def _scan_sum(
    buffer: bytearray, *, size: int, is_begin: bool
) -> Found[Telling] | Skip | NeedMore:
    if not is_begin:
        return Skip(1, "no start")
    if len(buffer) < size:
        return NEED_MORE
    frame = bytes(buffer[:size])
    try:
        telling = _read_xunpeng(frame) if size == 7 else _read_kanban(frame)
    except FrameError as error:
        return Skip(1, str(error))
    return Found(telling, size)


def _read_xunpeng(frame: bytes) -> Telling:
    if frame[6] != 0x0A or sum8(frame[:5]) != frame[5]:
        raise FrameError("wrong sum or end")
    return Telling(unit=frame[4], text=str(int.from_bytes(frame[2:4], "little")))


def _read_kanban(frame: bytes) -> Telling:
    if sum8(frame[:3]) != frame[3]:
        raise FrameError("wrong sum")
    return Telling(unit=frame[0], text=str(int.from_bytes(frame[1:3], "big")))


def _padded(text: str, digits: int) -> bytes:
    plain = _PLAIN.sub(" ", text).strip()[-digits:]
    return plain.rjust(digits).encode("ascii")


def _number(telling: Telling) -> int:
    return min(telling.number or 0, MOST)
