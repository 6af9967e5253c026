"""EQ2013 font cards: `!#001 … $$` messages in GBK, for both roles.

Source: the maker's "EQ2013 协议" as its users print it; two messages seen in the
field are in tests/vectors. There is no checksum, and answers (`##FOK$$$`) are
documented nowhere, though some cards give them. GBK's second bytes are 40 hex and
above, so that `$$`, `%` and `!#` can only be what they seem.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import FrameError, MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip
from devices.textfit import CardText, encode_gbk

START: Final = b"!#"
END: Final = b"$$"
EVERY_CARD: Final = 999
MAX_AREAS: Final = 8
MAX_TEXT: Final = 500
NEWLINE: Final = b"\r\n"
FONT_SIZES: Final = (16, 24, 32)
_HARMLESS: Final = str.maketrans({"$": "＄", "%": "％", "#": "＃"})
"""What orders are made of, as signs that look the same."""
_ADDRESS: Final = re.compile(rb"[0-9]{3}")
_ORDER: Final = re.compile(
    rb"%(?:ZI(\d\d)|ZC(\d{16})|ZA(\d\d)|ZS(\d\d)|ZH(\d{4})|ZD(\d\d)"
    rb"|F(\d\d)|C(\d)|AH(\d)|AV(\d))"
)
_NAMES: Final = ("ZI", "ZC", "ZA", "ZS", "ZH", "ZD", "F", "C", "AH", "AV")


class Effect(IntEnum):
    """How a text enters, as far as it is known."""

    STATIC = 1
    SCROLL = 49


class Colour(IntEnum):
    """Colours of two-colour screens."""

    RED = 1
    GREEN = 2
    YELLOW = 3


class Place(IntEnum):
    """Alignment, across and down."""

    BEGIN = 1
    CENTRE = 2
    END = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of the screen, in pixels, and its text. None is left to the card."""

    text: bytes
    """GBK, free of orders: see `encode_text`."""
    id: int | None = None
    box: tuple[int, int, int, int] | None = None
    """x, y, width, height."""
    effect: int | None = None
    speed: int | None = None
    stay: int | None = None
    """In 0.1 s."""
    font_size: int | None = None
    colour: int | None = None
    across: int | None = None
    down: int | None = None

    def encode(self) -> bytes:
        """Orders, then the text."""
        if len(self.text) > MAX_TEXT or any(m in self.text for m in (b"%", b"$")):
            raise MisuseError("a text is at most 500 bytes and free of orders")
        box = None if self.box is None else "".join(f"{n:04}" for n in self.box)
        orders = (
            _order("ZI", self.id, 2),
            "" if box is None else f"%ZC{box}",
            _order("ZA", self.effect, 2),
            _order("ZS", self.speed, 2),
            _order("ZH", self.stay, 4),
            _order("F", self.font_size, 2),
            _order("C", self.colour, 1),
            _order("AH", self.across, 1),
            _order("AV", self.down, 1),
        )
        return "".join(orders).encode("ascii") + self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one card, or with `EVERY_CARD` all of them, shall show."""

    address: int = 1
    clears: bool = False
    """Delete all areas before (%ZD00)."""
    areas: Sequence[Area] = ()

    def encode(self) -> bytes:
        """As it goes on the wire."""
        if not 0 <= self.address <= EVERY_CARD:
            raise MisuseError(f"address {self.address} is not 0 to {EVERY_CARD}")
        clear = b"%ZD00" if self.clears else b""
        areas = b"".join(area.encode() for area in self.areas)
        return START + f"{self.address:03}".encode() + clear + areas + END

    @classmethod
    def decode(cls, body: bytes) -> Message:
        """Read what stands between start and end; raises `FrameError`."""
        if not _ADDRESS.match(body):
            raise FrameError(f"no address: {body[:3]!r}")
        clears, areas = False, []
        orders: dict[str, bytes] = {}
        at = 3
        while at < len(body):
            found = _ORDER.match(body, at)
            if found is not None:
                name = _NAMES[(found.lastindex or 1) - 1]
                if name == "ZD":
                    clears = True
                else:
                    orders[name] = found.group(found.lastindex or 1)
                at = found.end()
                continue
            end = body.find(b"%", at)
            if end == at:
                raise FrameError(f"unknown order {body[at : at + 3]!r}")
            end = len(body) if end < 0 else end
            areas.append(_area(orders, body[at:end]))
            orders = {}
            at = end
        if orders:
            areas.append(_area(orders, b""))
        return cls(address=int(body[:3]), clears=clears, areas=tuple(areas))


class MessageFramer(Framer[Message]):
    """Cuts messages out of a byte stream."""

    max_frame = MAX_AREAS * (MAX_TEXT + 100)

    def scan(self, buffer: bytearray) -> Found[Message] | Skip | NeedMore:
        """See `Framer.scan`."""
        start = buffer.find(START)
        if start > 0:
            return Skip(start, "no start of a message")
        if start < 0:
            keep = buffer[-1:] == START[:1]
            size = len(buffer) - keep
            return Skip(size, "no start of a message") if size else NEED_MORE
        end = buffer.find(END)
        again = buffer.find(START, len(START), end if end >= 0 else len(buffer))
        if again >= 0:
            return Skip(again, "a message begins inside another")
        if end < 0:
            return NEED_MORE
        try:
            message = Message.decode(bytes(buffer[len(START) : end]))
        except FrameError as error:
            return Skip(end + len(END), str(error))
        return Found(message, end + len(END))


def encode_text(text: str, *, room: int = MAX_TEXT) -> CardText:
    """A text that can give no order to the card: `$`, `%`, `#` become `＄％＃`."""
    return encode_gbk(text.translate(_HARMLESS), newline=NEWLINE, room=room)


def decode_text(data: bytes) -> str:
    """The characters that a card shows."""
    return data.decode("gbk", "replace").replace("\r\n", "\n")


def _order(name: str, value: int | None, digits: int) -> str:
    return "" if value is None else f"%{name}{value:0{digits}}"


def _area(orders: dict[str, bytes], text: bytes) -> Area:
    def number(name: str) -> int | None:
        return int(orders[name]) if name in orders else None

    box = orders.get("ZC")
    return Area(
        text=text,
        id=number("ZI"),
        box=None if box is None else _box(box),
        effect=number("ZA"),
        speed=number("ZS"),
        stay=number("ZH"),
        font_size=number("F"),
        colour=number("C"),
        across=number("AH"),
        down=number("AV"),
    )


def _box(digits: bytes) -> tuple[int, int, int, int]:
    x, y, width, height = (int(digits[at : at + 4]) for at in range(0, 16, 4))
    return x, y, width, height
