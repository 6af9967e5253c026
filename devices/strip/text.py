"""Texts as strips take them: each character with its colour behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.displays import Colour
from devices.strip.frames import (
    LENGTH_BASES,
    MONO_MAX_ADDRESS,
    MOST_DATA,
    SAFE_LENGTH,
    SHOW,
    MonoFrame,
    StripColour,
    StripFrame,
)

CHARSET: Final = "gb2312"
COLOURS: Final = {
    Colour.RED: StripColour.RED,
    Colour.GREEN: StripColour.GREEN,
    Colour.YELLOW: StripColour.YELLOW,
    Colour.WHITE: StripColour.YELLOW,
}
"""White is not to be had: both lights together are yellow."""
LOST: Final = "?"


@dataclass(frozen=True, slots=True)
class StripText:
    """A text in pieces, as a strip will show it, and what got lost."""

    pieces: tuple[bytes, ...]
    shown: str
    lost: str = ""
    """Characters that are not shown as they were given, each once."""

    def colour_frame(
        self, address: int, colour: StripColour, *, length_base: int | None = None
    ) -> StripFrame:
        """For a strip of two colours."""
        data = b"".join(piece + bytes((colour,)) for piece in self.pieces)
        return StripFrame(address, SHOW, data, length_base or LENGTH_BASES[0])

    def mono_frame(self, address: int) -> MonoFrame | None:
        """For a one-colour card; None where its address cannot be written."""
        if address > MONO_MAX_ADDRESS:
            return None
        return MonoFrame(address, b"".join(self.pieces))


def strip_text(text: str, *, long_texts: bool = False) -> StripText:
    """Encode a text; never fails, but says what it could not keep.

    Line breaks become blanks. What is longer than both readings of the length
    allow is cut off, unless `long_texts`.
    """
    room = MOST_DATA if long_texts else SAFE_LENGTH
    pieces: list[bytes] = []
    shown: list[str] = []
    lost: dict[str, None] = {}
    plain = " ".join(text.split())
    for index, character in enumerate(plain):
        piece, seen = _encode(character)
        room -= len(piece) + 1
        if room < 0:
            lost.update(dict.fromkeys(plain[index:]))
            break
        if seen != character:
            lost[character] = None
        pieces.append(piece)
        shown.append(seen)
    return StripText(tuple(pieces), "".join(shown), "".join(lost))


def read_colours(data: bytes) -> list[tuple[str, StripColour | None]]:
    """The characters of a colour frame's data; None is a colour that is none."""
    found: list[tuple[str, StripColour | None]] = []
    at = 0
    while at < len(data):
        size = 2 if data[at] >= 0xA1 else 1
        text = data[at : at + size].decode(CHARSET, errors="replace")
        code = data[at + size : at + size + 1]
        known = code and code[0] in set(StripColour)
        found.append((text, StripColour(code[0]) if known else None))
        at += size + 1
    return found


def _encode(character: str) -> tuple[bytes, str]:
    try:
        piece = character.encode(CHARSET)
    except UnicodeEncodeError:
        piece = b""
    if not piece or piece < b" ":
        return LOST.encode(), LOST
    return piece, character
