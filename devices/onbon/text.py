"""Texts of Onbon font cards: GB2312 and inline escapes.

Source: the vendor's "BX-5K/6K 通讯协议用户版本" v1.4, chapter 11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from devices.textfit import UNKNOWN, CardText, encode

FONTS: Final[Mapping[int, int]] = MappingProxyType({16: 0, 24: 1, 32: 2})
"""Number of the card's font files by height in dots; 16 is what it starts with."""

_SAME_IN_GB2312: Final = MappingProxyType({"·": b"\xa1\xa4", "—": b"\xa1\xaa"})
"""In GB2312, but Python's codec takes look-alikes of other code points."""

_ARGUMENTS: Final = MappingProxyType(
    {b"F": 4, b"C": 1, b"D": 1, b"W": 3, b"T": 3, b"n": 0}
)
"""Bytes that follow the letter of an inline escape."""


class Charset(StrEnum):
    """What the card's font files are coded in (FontEncode, 8.28)."""

    GB2312 = "gb2312"
    GBK = "gbk"


class Colour(IntEnum):
    """Colours of a text; single and double colour screens have the first three."""

    RED = 1
    GREEN = 2
    YELLOW = 3
    BLUE = 4
    CYAN = 5
    MAGENTA = 6
    WHITE = 7


def encode_text(
    text: str, *, charset: Charset = Charset.GB2312, room: int | None = None
) -> CardText:
    r"""Encode a text; never fails, but says what it could not keep.

    A character outside `charset` becomes `?`; nothing is tried in GBK unless
    the card's fonts are, because a GB2312 font shows rubbish there. A line
    break becomes the card's `\n`, other control characters a space, and a
    backslash its full-width form, so that a text can never give an order to
    the card. What does not fit into `room` bytes is cut off whole characters.
    """
    return encode(
        text, lambda character: _encode_character(character, charset), room=room
    )


def style(*, font_size: int | None = None, colour: Colour | None = None) -> bytes:
    """Inline escapes that choose font files and colour; empty keeps the card's."""
    data = b""
    if font_size is not None:
        number = FONTS[font_size]
        data += rb"\FO%03d\FE%03d" % (number, number)
    if colour is not None:
        data += rb"\C%d" % colour
    return data


def decode_text(data: bytes) -> str:
    r"""The characters that a card shows: escapes gone, `\n` a line break."""
    return "".join(
        piece.decode("gbk", "replace")
        for is_escape, piece in split_text(data)
        if not is_escape
    )


def fonts_used(data: bytes) -> set[str]:
    """Names of the font files that a text asks for."""
    head = rb"\F"
    return {
        piece[len(head) :].decode("ascii", "replace")
        for is_escape, piece in split_text(data)
        if is_escape and piece.startswith(head)
    }


def split_text(data: bytes) -> Iterator[tuple[bool, bytes]]:
    r"""The parts of a text: (True, escape) and (False, character).

    `\n` comes as the character line feed. A backslash that begins no escape
    is a character.
    """
    at = 0
    while at < len(data):
        size = 1
        is_escape = False
        if data[at] >= 0x81:
            size = 2
        elif data[at : at + 1] == b"\\" and data[at + 1 : at + 2] in _ARGUMENTS:
            is_escape = True
            size = _escape_size(data, at)
        piece = data[at : at + size]
        at += size
        if piece == rb"\n":
            yield False, b"\n"
        else:
            yield is_escape, piece


def _encode_character(character: str, charset: Charset) -> tuple[bytes, str]:
    if character == "\n":
        return rb"\n", character
    if character == "\\":
        return "＼".encode("gbk"), "＼"
    if character < " " or character == "\x7f":
        return b" ", " "
    if character in _SAME_IN_GB2312:
        return _SAME_IN_GB2312[character], character
    try:
        return character.encode(charset.value), character
    except UnicodeEncodeError:
        return UNKNOWN.encode(), UNKNOWN


def _escape_size(data: bytes, at: int) -> int:
    letter = data[at + 1 : at + 2]
    size = 2 + _ARGUMENTS[letter]
    if letter == b"T":  # a picture's name follows, up to and with a bar
        bar = data.find(b"|", at + size)
        return len(data) - at if bar < 0 else bar + 1 - at
    return size
