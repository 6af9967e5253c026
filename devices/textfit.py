"""How texts fit LED screens, and how they are made harmless in GBK. Pure.

A font card's full-width characters are as wide as the font is high, ASCII ones
half: one GBK byte is half a character.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNKNOWN: Final = "?"
"""Shown for a character that the card's font lacks."""


class Fit(StrEnum):
    """How a text goes on a screen."""

    STATIC = "static"
    """All of it at once, lines broken where the text says."""
    WRAPPED = "wrapped"
    """All of it at once when the card breaks its lines."""
    SCROLL = "scroll"
    """Only by moving through it in one line."""


@dataclass(frozen=True, slots=True)
class CardText:
    """A text as a card takes it, what it will show, and what got lost."""

    data: bytes
    shown: str
    lost: str = ""
    """Characters that are not shown as they were given, each once."""


def encode_gbk(text: str, *, newline: bytes, room: int | None = None) -> CardText:
    """Encode a text in GBK; never fails, but says what it could not keep.

    A character that GBK lacks becomes `?`, a line break `newline`, other
    control characters a space. What does not fit into `room` bytes is cut off
    whole characters.
    """
    return encode(text, lambda character: _in_gbk(character, newline), room=room)


def encode(
    text: str, piece_of: Callable[[str], tuple[bytes, str]], *, room: int | None = None
) -> CardText:
    """Encode a text by characters: `piece_of` gives its bytes and what is seen.

    Every kind of line break is one line feed before. What does not fit into
    `room` bytes is cut off whole characters.
    """
    data = bytearray()
    shown: list[str] = []
    lost: dict[str, None] = {}
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for index, character in enumerate(plain):
        piece, seen = piece_of(character)
        if room is not None and len(data) + len(piece) > room:
            lost.update(dict.fromkeys(plain[index:]))
            break
        if seen != character:
            lost[character] = None
        data += piece
        shown.append(seen)
    return CardText(bytes(data), "".join(shown), "".join(lost))


def fit(text: str, *, width: int, height: int, font_size: int) -> Fit:
    """How a text goes on a screen of `width` by `height` pixels."""
    lines = text.split("\n")
    rows = max(height // font_size, 1)
    if len(lines) <= rows and all(
        text_width(line, font_size) <= width for line in lines
    ):
        return Fit.STATIC
    if width >= font_size and (
        sum(_rows(line, width, font_size) for line in lines) <= rows
    ):
        return Fit.WRAPPED
    return Fit.SCROLL


def text_width(text: str, font_size: int) -> int:
    """Pixels that a line takes."""
    return sum(_character_width(character, font_size) for character in text)


def _rows(line: str, width: int, font_size: int) -> int:
    rows, used = 1, 0
    for character in line:
        size = _character_width(character, font_size)
        if used + size > width:
            rows, used = rows + 1, 0
        used += size
    return rows


def _character_width(character: str, font_size: int) -> int:
    return font_size // 2 if character.isascii() else font_size


def _in_gbk(character: str, newline: bytes) -> tuple[bytes, str]:
    if character == "\n":
        return newline, character
    if character < " " or character == "\x7f":
        return b" ", " "
    try:
        return character.encode("gbk"), character
    except UnicodeEncodeError:
        return UNKNOWN.encode(), UNKNOWN
