"""A column of a table that people import: its headings, and what stands in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.domain.attendance.wording import is_english


class ImportKind(StrEnum):
    """What a table is about."""

    PEOPLE = "people"
    POSTINGS = "postings"
    SHIFTS = "shifts"
    LEAVE = "leave"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column. `also`: other headings for it; `example`: a value to show."""

    name: str
    zh: str
    en: str
    also: Sequence[str] = ()
    required: bool = False
    example: str = ""
    note_zh: str = ""
    note_en: str = ""

    def heading(self, lang: str) -> str:
        """Its heading in a language."""
        return self.en if is_english(lang) else self.zh

    def note(self, lang: str) -> str:
        """What stands in it."""
        return self.note_en if is_english(lang) else self.note_zh


_BRACKETS: Final = re.compile(r"\([^)]*\)")
_MARKS: Final = re.compile(r"[\s*:_\-]+")


def plain_heading(text: str) -> str:
    """A heading without marks, brackets, spaces and case."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return _MARKS.sub("", _BRACKETS.sub("", text))
