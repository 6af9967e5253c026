"""Dynamic areas of Onbon font cards (command A3 06), encoded and decoded.

Source: the vendor's "BX-5K/6K 通讯协议用户版本" v1.4, 8.2.1 and 9.1. They live in the
card's RAM: they may be written without limit and are lost without power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from devices.errors import MisuseError, ProtocolError
from devices.onbon.messages import DATA_HEAD, CommandCode, Request

REFRESH_MIN_S: Final = 1.0
"""Least time between two refreshes of dynamic areas (2.1)."""

DELETE_ALL: Final = 0xFF
_PIXELS: Final = 0x8000
"""Bit of X and width: counted in pixels, not in bytes of 8 pixels."""


class Model(StrEnum):
    """Families of cards that differ in what they hold."""

    K5 = "5k"
    K6 = "6k"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a card holds: number of dynamic areas, bytes of one area's data."""

    areas: int
    area_bytes: int


LIMITS: Final[Mapping[Model, Limits]] = MappingProxyType(
    {
        Model.K5: Limits(areas=8, area_bytes=512),
        Model.K6: Limits(areas=5, area_bytes=1024),
    }
)


class RunMode(IntEnum):
    """What an area does when its text was shown."""

    LOOP = 0
    STAY = 1
    """Keeps the last page."""
    EXPIRE = 2
    """Loops, and is deleted when not written again within its timeout."""


class Lines(IntEnum):
    """Whether an area has one line or several."""

    SINGLE = 1
    MULTI = 2


class Wrap(IntEnum):
    """Who breaks lines."""

    MANUAL = 1
    AUTO = 2


class Effect(IntEnum):
    """How a text enters."""

    STATIC = 1
    QUICK = 2
    LEFT = 3
    RIGHT = 4
    UP = 5
    DOWN = 6


class Align(IntEnum):
    """Where a text stands: bits 1-0 left to right, bits 3-2 top to bottom."""

    LEFT_TOP = 0
    RIGHT_MIDDLE = 9
    LEFT_MIDDLE = 8
    CENTRE_MIDDLE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Voice of an area, for cards that speak; mode 1 reads the text shown."""

    mode: int
    person: int = 0
    volume: int = 5
    speed: int = 5
    data: bytes = b""
    """What mode 2 reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicArea:
    """One area: where, how and what. Places in pixels, `stay` in 0.5 s."""

    id: int
    x: int = 0
    y: int = 0
    width: int
    height: int
    text: bytes
    """As `devices.onbon.text` makes it."""
    in_pixels: bool = True
    """False counts x and width in bytes of 8 pixels, as old firmware wants."""
    area_type: int = 0
    line_space: int = 0
    run_mode: int = RunMode.LOOP
    timeout_s: int = 0
    sound: Sound | None = None
    extension: bytes = b""
    align: int = Align.LEFT_TOP
    lines: int = Lines.MULTI
    wrap: int = Wrap.MANUAL
    effect: int = Effect.STATIC
    exit: int = 0
    speed: int = 0
    """0 fastest to 24 slowest."""
    stay: int = 0

    def encode(self) -> bytes:
        """As area data, without its length."""
        return b"".join(
            (
                bytes((self.area_type,)),
                self._column(self.x),
                self.y.to_bytes(2, "little"),
                self._column(self.width),
                self.height.to_bytes(2, "little"),
                bytes((self.id, self.line_space, self.run_mode)),
                self.timeout_s.to_bytes(2, "little"),
                _encode_sound(self.sound),
                bytes((len(self.extension),)),
                self.extension,
                bytes((self.align, self.lines, self.wrap)),
                bytes((self.effect, self.exit, self.speed, self.stay)),
                len(self.text).to_bytes(4, "little"),
                self.text,
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> DynamicArea:
        """Read area data; raises `ProtocolError` when lengths disagree."""
        reader = _Reader(data)
        area_type = reader.number(1)
        x, y = reader.number(2), reader.number(2)
        width, height = reader.number(2), reader.number(2)
        area = cls(
            area_type=area_type,
            x=_pixels(x),
            y=y,
            width=_pixels(width),
            height=height,
            in_pixels=bool(width & _PIXELS),
            id=reader.number(1),
            line_space=reader.number(1),
            run_mode=reader.number(1),
            timeout_s=reader.number(2),
            sound=_decode_sound(reader),
            extension=reader.take(reader.number(1)),
            align=reader.number(1),
            lines=reader.number(1),
            wrap=reader.number(1),
            effect=reader.number(1),
            exit=reader.number(1),
            speed=reader.number(1),
            stay=reader.number(1),
            text=reader.take(reader.number(4)),
        )
        reader.finish("area")
        return area

    def _column(self, pixels: int) -> bytes:
        if not 0 <= pixels < _PIXELS:
            raise MisuseError(f"{pixels} pixels are no place on a screen")
        if self.in_pixels:
            return (pixels | _PIXELS).to_bytes(2, "little")
        if pixels % 8:
            raise MisuseError(f"{pixels} pixels are no whole bytes")
        return (pixels // 8).to_bytes(2, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaUpdate:
    """What one A3 06 does: delete areas, then write areas."""

    areas: tuple[DynamicArea, ...] = ()
    delete: tuple[int, ...] = ()
    delete_all: bool = False
    mode: int = 0
    """1 clears and initialises the areas before they are written."""

    def request(self, *, wants_reply: bool = True) -> Request:
        """As a request."""
        deleted = (
            bytes((DELETE_ALL,))
            if self.delete_all
            else bytes((len(self.delete), *self.delete))
        )
        encoded = [area.encode() for area in self.areas]
        written = b"".join(len(e).to_bytes(2, "little") + e for e in encoded)
        return Request(
            code=CommandCode.DYNAMIC_AREAS,
            reserved=bytes((self.mode, 0)),
            wants_reply=wants_reply,
            payload=deleted + bytes((len(self.areas),)) + written,
        )

    @classmethod
    def read(cls, request: Request) -> AreaUpdate:
        """Read a request; raises `ProtocolError` when lengths disagree."""
        reader = _Reader(request.payload)
        number = reader.number(1)
        deleted = () if number == DELETE_ALL else tuple(reader.take(number))
        areas = tuple(
            DynamicArea.decode(reader.take(reader.number(2)))
            for _ in range(reader.number(1))
        )
        reader.finish("request")
        return cls(
            areas=areas,
            delete=deleted,
            delete_all=number == DELETE_ALL,
            mode=request.reserved[0],
        )


def text_room(model: Model) -> int:
    """Bytes of text that surely fit: a whole request goes into one area's room."""
    head = len(DynamicArea(id=0, width=8, height=8, text=b"").encode())
    area_count_and_length = 4
    return LIMITS[model].area_bytes - DATA_HEAD - area_count_and_length - head


def _pixels(column: int) -> int:
    return column & ~_PIXELS if column & _PIXELS else column * 8


def _encode_sound(sound: Sound | None) -> bytes:
    if sound is None:
        return b"\0"
    head = bytes((sound.mode, sound.person, sound.volume, sound.speed))
    if sound.mode == 2:
        return head + len(sound.data).to_bytes(4, "little") + sound.data
    return head


def _decode_sound(reader: _Reader) -> Sound | None:
    mode = reader.number(1)
    if mode == 0:
        return None
    person, volume, speed = reader.take(3)
    data = reader.take(reader.number(4)) if mode == 2 else b""
    return Sound(mode=mode, person=person, volume=volume, speed=speed, data=data)


class _Reader:
    """Takes fields from the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ProtocolError(f"{size} bytes wanted at {self._at}, it ends before")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def finish(self, what: str) -> None:
        left = len(self._data) - self._at
        if left:
            raise ProtocolError(f"{left} bytes too many at the end of the {what}")
