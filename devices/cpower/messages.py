"""C-Power (CP5200) cards: what is asked and answered, for both roles.

Source: the vendor's "External Calls Communication Protocol" V1.9, 2.3, and its
"Basic Protocol", 1.2.5 to 1.2.9. One of the vendor's two examples of code 12 (its
first) has a wrong sum and sub-code; `76 01 01`, which some call power-on, asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import IntEnum
from types import MappingProxyType
from typing import Final, Self

from devices.cpower.packets import Packet
from devices.errors import MisuseError, ProtocolError

REPLY_TIMEOUT_S: Final = 2.0
MAX_TEXT: Final = 500
"""Bytes of one text, so that a packet stays below the vendor's 512."""
MAX_WINDOWS: Final = 8
BRIGHTEST: Final = 31
_HOURS: Final = 24

FONTS: Final[Mapping[int, int]] = MappingProxyType(
    {8: 0, 12: 1, 16: 2, 24: 3, 32: 4, 40: 5, 48: 6, 56: 7}
)
"""Code of each font size in dots."""
FONT_SIZES: Final[Mapping[int, int]] = MappingProxyType(
    {code: size for size, code in FONTS.items()}
)
NEWLINE: Final = b"\r"


class Code(IntEnum):
    """Protocol codes in use."""

    VERSION = 0x2E
    BRIGHTNESS = 0x46
    TIME = 0x47
    POWER = 0x76
    WINDOWS = 0x7B
    """External calls; a sub-code says what."""


class Call(IntEnum):
    """Sub-codes of `Code.WINDOWS`."""

    SPLIT = 0x01
    STATIC_TEXT = 0x04
    EXIT = 0x06
    PURE_TEXT = 0x12


class Effect(IntEnum):
    """How a text enters; the vendor has 70, these are in use."""

    DRAW = 0
    FLICKER = 13
    SCROLL_LEFT = 14
    """Again and again, without a gap."""


class Align(IntEnum):
    """Horizontal alignment; vertical is the same, times 4."""

    BEGIN = 0
    CENTRE = 1
    END = 2


_REFUSALS: Final[Mapping[int, str]] = MappingProxyType(
    {1: "got a wrong sum; look for noise on the line", 2: "lost a packet of several"}
)
PASSING: Final = frozenset(_REFUSALS)
"""Refusals that may be over soon."""


def explain(error: int) -> str:
    """What a card means by a return value, as the end of "the card ..."."""
    return f"{_REFUSALS.get(error, 'refuses without a known reason')} ({error})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def encode(self) -> bytes:
        """As 8 bytes, big endian."""
        numbers = (self.x, self.y, self.width, self.height)
        return b"".join(number.to_bytes(2, "big") for number in numbers)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read 8 bytes."""
        x, y, width, height = (
            int.from_bytes(data[at : at + 2], "big") for at in range(0, 8, 2)
        )
        return cls(x=x, y=y, width=width, height=height)


def call(data: bytes, *, card: int = 1) -> Packet:
    """An external call in one packet: length, number, last number, data."""
    head = len(data).to_bytes(2, "little") + b"\0\0"
    return Packet(code=Code.WINDOWS, data=head + data, card=card)


def read_call(packet: Packet) -> bytes:
    """Sub-code and data of an external call in one packet."""
    if packet.code != Code.WINDOWS or len(packet.data) < 5:
        raise ProtocolError(f"not an external call: {packet.data.hex()}")
    size = int.from_bytes(packet.data[:2], "little")
    if packet.data[2:4] != b"\0\0" or size != len(packet.data) - 4:
        raise ProtocolError("an external call in several packets, or cut short")
    return packet.data[4:]


def split(windows: Sequence[Window], *, card: int = 1) -> Packet:
    """Divide the screen; what was on it goes (sub-code 01)."""
    if not 1 <= len(windows) <= MAX_WINDOWS:
        raise MisuseError(f"{len(windows)} windows; a card has 1 to {MAX_WINDOWS}")
    data = bytes((Call.SPLIT, len(windows)))
    return call(data + b"".join(window.encode() for window in windows), card=card)


def read_split(data: bytes) -> list[Window]:
    """The windows of a `split`; raises `ProtocolError`."""
    if len(data) < 2 or not 1 <= data[1] <= MAX_WINDOWS or len(data) != 2 + 8 * data[1]:
        raise ProtocolError(f"not a division of the screen: {data.hex()}")
    return [Window.decode(data[at : at + 8]) for at in range(2, len(data), 8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PureText:
    """A text in GBK for one window (sub-code 12)."""

    text: bytes
    window: int = 0
    effect: int = Effect.DRAW
    align: int = Align.BEGIN
    """Horizontal, plus 4 times vertical."""
    speed: int = 0
    """0 or 1 fastest to 100."""
    stay_s: int = 3
    font: int = 2
    """A code of `FONTS`, plus 16 times the style."""
    color: tuple[int, int, int] = (255, 0, 0)

    def encode(self) -> bytes:
        """Sub-code and data."""
        if len(self.text) > MAX_TEXT or 0 in self.text:
            raise MisuseError("a text is at most 500 bytes, none of them zero")
        head = (Call.PURE_TEXT, self.window, self.effect, self.align, self.speed)
        return (
            bytes(head)
            + self.stay_s.to_bytes(2, "big")
            + bytes((self.font, *self.color))
            + self.text
            + b"\0"
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read sub-code and data; raises `ProtocolError`."""
        if len(data) < 12 or data[0] != Call.PURE_TEXT or data[-1] != 0:
            raise ProtocolError(f"not a pure text: {data.hex()}")
        return cls(
            window=data[1],
            effect=data[2],
            align=data[3],
            speed=data[4],
            stay_s=int.from_bytes(data[5:7], "big"),
            font=data[7],
            color=(data[8], data[9], data[10]),
            text=data[11:-1].split(b"\0")[0],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticText:
    """A text that stands at a place within a window (sub-code 04)."""

    text: bytes
    place: Window
    window: int = 0
    align: int = Align.BEGIN
    font: int = 2
    color: tuple[int, int, int] = (255, 0, 0)

    def encode(self) -> bytes:
        """Sub-code and data."""
        head = bytes((Call.STATIC_TEXT, self.window, 1, self.align))
        return (
            head
            + self.place.encode()
            + bytes((self.font, *self.color))
            + self.text
            + b"\0"
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read sub-code and data; raises `ProtocolError`."""
        if len(data) < 17 or data[0] != Call.STATIC_TEXT or data[-1] != 0:
            raise ProtocolError(f"not a static text: {data.hex()}")
        return cls(
            window=data[1],
            align=data[3],
            place=Window.decode(data[4:12]),
            font=data[12],
            color=(data[13], data[14], data[15]),
            text=data[16:-1].split(b"\0")[0],
        )


def set_power(*, on: bool, card: int = 1) -> Packet:
    """Switch the screen on or off now; no times (1.2.9.2)."""
    return Packet(code=Code.POWER, data=bytes((0, int(on), *(0,) * 8)), card=card)


def ask_power(*, card: int = 1) -> Packet:
    """Ask whether the screen is on (1.2.9.1)."""
    return Packet(code=Code.POWER, data=b"\x01", card=card)


def set_brightness(level: int, *, card: int = 1) -> Packet:
    """Fix the brightness, 0 to 31, in all 24 hours (1.2.6.2)."""
    if not 0 <= level <= BRIGHTEST:
        raise MisuseError(f"brightness {level} is not 0 to {BRIGHTEST}")
    return Packet(code=Code.BRIGHTNESS, data=bytes((0, *(level,) * _HOURS)), card=card)


def set_time(now: datetime, *, card: int = 1) -> Packet:
    """Set the card's clock to a local time (1.2.5.2)."""
    fields = (now.second, now.minute, now.hour, now.isoweekday() % 7)
    date = (now.day, now.month, now.year % 100)
    return Packet(code=Code.TIME, data=bytes((0, *fields, *date)), card=card)


def read_time(data: bytes, zone: tzinfo) -> datetime:
    """The local time of a set-time request; raises `ProtocolError`."""
    if len(data) < 8 or data[0] != 0:
        raise ProtocolError(f"not a time: {data.hex()}")
    second, minute, hour, _, day, month, year = data[1:8]
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise ProtocolError(f"not a time: {data.hex()}") from error


def ask_version(*, card: int = 1) -> Packet:
    """Ask what the card is (1.2.7)."""
    return Packet(code=Code.VERSION, data=b"\0", card=card)


def read_version(data: bytes) -> dict[str, str]:
    """What a card says it is; empty when it says too little."""
    if len(data) < 8:
        return {}
    return {
        "card_type": f"{data[1]:02x}",
        "bios": f"{data[3] >> 4}.{data[3] & 15}",
        "firmware": f"{data[7] >> 4}.{data[7] & 15}",
    }
