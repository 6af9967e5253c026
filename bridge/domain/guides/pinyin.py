"""Chinese words found by the letters that people type: qydj, qiyedengji, qiyedj."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

Syllables = tuple[frozenset[str], ...]
"""For each character what it may be read as; runs of letters are themselves."""


def folded(text: str) -> str:
    """As it is compared: full-width as half-width, lower case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=4096)
def syllables(text: str) -> Syllables:
    """How a text is read, character by character; signs are left out.

    Words decide where a character has several readings (银行, 旅行); where they
    do not, each reading counts. ü is v, and u as well.
    """
    # The tables take most of a second to load; a hall without guides needs none.
    from pypinyin import Style, pinyin  # noqa: PLC0415

    read: list[frozenset[str]] = []
    for ways in pinyin(folded(text), style=Style.NORMAL, heteronym=True):
        plain = {_letters(way) for way in ways} - {""}
        if plain:
            read.append(frozenset(plain | {way.replace("v", "u") for way in plain}))
    return tuple(read)


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isalnum())


def place_of(letters: str, text: str) -> int | None:
    """At which character a text answers to letters; None where it does not.

    Each character is given by its first letter, or by the whole syllable; the last
    may break off.
    """
    said = syllables(text)
    for start in range(len(said)):
        if _answers(letters, said, start):
            return start
    return None


def is_scattered(letters: str, text: str) -> bool:
    """Whether letters are first letters of a text in order, others between them."""
    said = iter(syllables(text))
    return all(
        any(any(way[0] == letter for way in ways) for ways in said)
        for letter in letters
    )


def _answers(letters: str, said: Sequence[frozenset[str]], start: int) -> bool:
    """Whether the letters are used up from a character on."""
    left = {letters}
    for ways in said[start:]:
        after: set[str] = set()
        for rest in left:
            for way in ways:
                if way.startswith(rest):
                    return True
                if rest.startswith(way):
                    after.add(rest[len(way) :])
                for first in (way[:1], way[:2] if way[1:2] == "h" else way[:1]):
                    if rest.startswith(first):
                        after.add(rest[len(first) :])
        if "" in after:
            return True
        left = after
        if not left:
            return False
    return False
