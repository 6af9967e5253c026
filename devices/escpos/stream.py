"""What goes to an ESC/POS printer, cut into what it means: the printer's role.

Source: Epson ESC/POS command reference. Commands are recognised by their length;
those that mean nothing here are `Setting`s. Chinese text (GB18030) never holds a
byte below 30h, so control bytes cannot be part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from devices.escpos.status import PREFIX
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

DLE, LF, ESC, FS, GS = 0x10, 0x0A, 0x1B, 0x1C, 0x1D
MAX_DATA: Final = 512 * 1024
"""Largest picture that is waited for; a ticket's is under 60 KB."""


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes to print in the line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Feed:
    """End the line and feed; `lines` 1 for a plain line feed."""

    lines: int = 1


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut the paper."""


@dataclass(frozen=True, slots=True)
class Reset:
    """ESC @: forget the settings and the line that was not printed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster picture, in dots."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SymbolData:
    """GS ( k 80: what the next two-dimensional symbol shall hold."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PrintSymbol:
    """GS ( k 81: print the symbol."""


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """DLE EOT n; answered at once, whatever is being printed."""

    number: int


@dataclass(frozen=True, slots=True)
class Setting:
    """Any other command: how to print, not what."""

    data: bytes


Element = (
    Text | Feed | Cut | Reset | Picture | SymbolData | PrintSymbol | StatusQuery
) | Setting

_ESC_ARGUMENTS: Final = {
    **dict.fromkeys(b"!aEGtRMVJ-3{ r=d", 1),
    **dict.fromkeys(b"$\\Bc?", 2),
    ord("p"): 3,
}
_GS_ARGUMENTS: Final = {
    **dict.fromkeys(b"!BhwHfarIbE/", 1),
    **dict.fromkeys(b"LWP", 2),
}
_FS_ARGUMENTS: Final = {**dict.fromkeys(b"!-CW", 1), **dict.fromkeys(b"Sp", 2)}
_PARTIAL_FEED: Final = frozenset({65, 66, 97, 98, 103, 104})
"""GS V m n: cut after feeding n."""


class PrintFramer(Framer[Element]):
    """Bytes in, elements out."""

    max_frame = MAX_DATA

    def scan(self, buffer: bytearray) -> Found[Element] | Skip | NeedMore:
        """Tell what stands at the head."""
        head = buffer[0]
        if head >= 0x20:
            return _text(buffer)
        if head == LF:
            return Found(Feed(), 1)
        begins = _COMMANDS.get(head)
        if begins is None:
            return Skip(1, "a control byte without meaning here")
        return begins(buffer) if len(buffer) > 1 else NEED_MORE


def _text(buffer: bytearray) -> Found[Element]:
    size = next((i for i, byte in enumerate(buffer) if byte < 0x20), len(buffer))
    return Found(Text(bytes(buffer[:size])), size)


def _real_time(buffer: bytearray) -> Found[Element] | NeedMore:
    size = 5 if buffer[1] == 0x14 else 3
    if len(buffer) < size:
        return NEED_MORE
    if bytes(buffer[:2]) == PREFIX:
        return Found(StatusQuery(buffer[2]), 3)
    return Found(Setting(bytes(buffer[:size])), size)


def _escape(buffer: bytearray) -> Found[Element] | NeedMore:
    code = buffer[1]
    if code == ord("@"):
        return Found(Reset(), 2)
    if code in b"im":
        return Found(Cut(), 2)
    if code == ord("*"):
        return _column_picture(buffer)
    if code == ord("D"):
        end = buffer.find(0, 2)
        return NEED_MORE if end < 0 else _whole(buffer, end + 1)
    found = _whole(buffer, 2 + _ESC_ARGUMENTS.get(code, 0))
    if code == ord("d") and isinstance(found, Found):
        return Found(Feed(buffer[2]), found.size)
    return found


def _column_picture(buffer: bytearray) -> Found[Element] | NeedMore:
    if len(buffer) < 5:
        return NEED_MORE
    dense = buffer[2] in {32, 33}
    width = buffer[3] + 256 * buffer[4]
    size = 5 + width * (3 if dense else 1)
    if len(buffer) < size:
        return NEED_MORE
    return Found(Picture(width, 24 if dense else 8), size)


def _group(buffer: bytearray) -> Found[Element] | NeedMore:
    code = buffer[1]
    match code:
        case 0x56:  # V
            if len(buffer) < 3:
                return NEED_MORE
            size = 4 if buffer[2] in _PARTIAL_FEED else 3
            return Found(Cut(), size) if len(buffer) >= size else NEED_MORE
        case 0x76:  # v 0
            return _raster(buffer)
        case 0x28:  # (
            return _extended(buffer)
        case 0x6B:  # k
            return _barcode(buffer)
        case _:
            return _whole(buffer, 2 + _GS_ARGUMENTS.get(code, 0))


def _raster(buffer: bytearray) -> Found[Element] | NeedMore:
    if len(buffer) < 8:
        return NEED_MORE
    row = buffer[4] + 256 * buffer[5]
    height = buffer[6] + 256 * buffer[7]
    size = 8 + row * height
    if len(buffer) < size:
        return NEED_MORE
    return Found(Picture(8 * row, height), size)


def _extended(buffer: bytearray) -> Found[Element] | NeedMore:
    if len(buffer) < 5:
        return NEED_MORE
    size = 5 + buffer[3] + 256 * buffer[4]
    if len(buffer) < size:
        return NEED_MORE
    body = bytes(buffer[5:size])
    if buffer[2] == ord("k") and body[1:2] == b"\x50":
        return Found(SymbolData(body[3:]), size)
    if buffer[2] == ord("k") and body[1:2] == b"\x51":
        return Found(PrintSymbol(), size)
    return Found(Setting(bytes(buffer[:size])), size)


def _barcode(buffer: bytearray) -> Found[Element] | NeedMore:
    if len(buffer) < 4:
        return NEED_MORE
    if buffer[2] >= 65:
        return _whole(buffer, 4 + buffer[3])
    end = buffer.find(0, 3)
    return NEED_MORE if end < 0 else _whole(buffer, end + 1)


def _chinese(buffer: bytearray) -> Found[Element] | NeedMore:
    return _whole(buffer, 2 + _FS_ARGUMENTS.get(buffer[1], 0))


def _whole(buffer: bytearray, size: int) -> Found[Element] | NeedMore:
    if len(buffer) < size:
        return NEED_MORE
    return Found(Setting(bytes(buffer[:size])), size)


_COMMANDS: Final[Mapping[int, Callable[[bytearray], Found[Element] | NeedMore]]] = {
    DLE: _real_time,
    ESC: _escape,
    FS: _chinese,
    GS: _group,
}
