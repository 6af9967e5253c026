"""The text block of resident ID cards and permits: 256 bytes UTF-16LE.

Four layouts, told apart by the two bytes at offset 248. Source: the facts on
cards, section 3.4. What is decoded is personal: it has no repr.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from devices.errors import MisuseError, ProtocolError

TEXT_SIZE: Final = 256
LONG_TERM: Final = "长期"
"""Stands in the place of the last valid day when there is none."""

_FLAG_OFFSET: Final = 248


class CardKind(StrEnum):
    """What a card is, as events say it."""

    RESIDENT = "resident"
    PERMIT = "permit"
    """Residence permit for people of Hong Kong, Macau and Taiwan."""
    FOREIGNER_2017 = "foreigner_2017"
    FOREIGNER_2023 = "foreigner_2023"
    """Foreigner's permanent residence card, issued from 2023-12-01."""


class Sex(StrEnum):
    """Sex as the card codes it."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "9"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IdCard:
    """Content of a card. Texts are empty where the kind of card has no such field.

    `sex` and `nation` are codes as the card has them, known or not. `birth`,
    `valid_from` and `valid_until` are None when the card has no such day;
    `is_long_term` says that `valid_until` is None because it never ends.
    """

    kind: CardKind
    number: str
    name: str = ""
    """The Chinese name; may hold spaces and dots."""
    english_name: str = ""
    sex: str = ""
    nation: str = ""
    birth: date | None = None
    address: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    is_long_term: bool = False
    pass_number: str = ""
    issue_count: str = ""
    nationality: str = ""
    renewal_count: str = ""
    old_number_link: str = ""
    version: str = ""

    def __repr__(self) -> str:
        """Nothing personal."""
        return f"<IdCard {self.kind}>"


_Layout = tuple[tuple[str, int, int], ...]

_COMMON: Final[_Layout] = (("name", 0, 30), ("sex", 30, 2))
_HOME: Final[_Layout] = (
    *_COMMON,
    ("nation", 32, 4),
    ("birth", 36, 16),
    ("address", 52, 70),
    ("number", 122, 36),
    ("issuer", 158, 30),
    ("valid_from", 188, 16),
    ("valid_until", 204, 16),
)

LAYOUTS: Final[dict[CardKind, _Layout]] = {
    CardKind.RESIDENT: (*_HOME, ("", 220, 28), ("flag", 248, 2), ("", 250, 6)),
    CardKind.PERMIT: (
        *((("" if name == "nation" else name), at, size) for name, at, size in _HOME),
        ("pass_number", 220, 18),
        ("issue_count", 238, 4),
        ("", 242, 6),
        ("flag", 248, 2),
        ("", 250, 6),
    ),
    CardKind.FOREIGNER_2023: (
        *_COMMON,
        ("renewal_count", 32, 4),
        ("birth", 36, 16),
        ("english_name", 52, 70),
        ("number", 122, 36),
        ("", 158, 30),
        ("valid_from", 188, 16),
        ("valid_until", 204, 16),
        ("english_name_2", 220, 22),
        ("nationality", 242, 6),
        ("flag", 248, 2),
        ("old_number_link", 250, 6),
    ),
    CardKind.FOREIGNER_2017: (
        ("english_name", 0, 120),
        ("sex", 120, 2),
        ("number", 122, 30),
        ("nationality", 152, 6),
        ("name", 158, 30),
        ("valid_from", 188, 16),
        ("valid_until", 204, 16),
        ("birth", 220, 16),
        ("version", 236, 4),
        ("issuer", 240, 8),
        ("flag", 248, 2),
        ("", 250, 6),
    ),
}
"""(field, offset, bytes) of each kind, in order and without gaps; "" is reserved.

The issuer of a foreigner's card of 2017 is a short code of the authority.
"""

FLAGS: Final = {
    CardKind.RESIDENT: " ",
    CardKind.PERMIT: "J",
    CardKind.FOREIGNER_2023: "Y",
    CardKind.FOREIGNER_2017: "I",
}
"""The type flag at offset 248; a zero counts as a blank."""

_KINDS: Final = {flag: kind for kind, flag in FLAGS.items()} | {"\0": CardKind.RESIDENT}


def card_kind(text: bytes | bytearray) -> CardKind:
    """The kind of card that a text block is of; raises `ProtocolError`."""
    if len(text) != TEXT_SIZE:
        raise ProtocolError(f"a text block has {TEXT_SIZE} bytes, not {len(text)}")
    flag = text[_FLAG_OFFSET : _FLAG_OFFSET + 2]
    kind = _KINDS.get(flag.decode("utf-16-le", errors="replace"))
    if kind is None:
        raise ProtocolError(f"a card of an unknown type (flag {flag.hex()})")
    return kind


def decode_card(text: bytes | bytearray) -> IdCard:
    """Read a text block; raises `ProtocolError`, whose message holds no content.

    Characters that are none become U+FFFD, days that are none become None:
    a card is never refused for its content.
    """
    kind = card_kind(text)
    raw = {
        name: text[at : at + size].decode("utf-16-le", errors="replace")
        for name, at, size in LAYOUTS[kind]
        if name
    }
    del raw["flag"]
    raw["english_name"] = raw.get("english_name", "") + raw.pop("english_name_2", "")
    fields = {name: value.strip(" \0") for name, value in raw.items()}
    until = fields.pop("valid_until")
    return IdCard(
        kind=kind,
        birth=_day(fields.pop("birth")),
        valid_from=_day(fields.pop("valid_from")),
        valid_until=_day(until),
        is_long_term=until == LONG_TERM,
        **fields,
    )


def encode_card(card: IdCard) -> bytes:
    """The text block of a card; raises `MisuseError` when a text does not fit."""
    values = {
        "birth": _written(card.birth),
        "valid_from": _written(card.valid_from),
        "valid_until": LONG_TERM if card.is_long_term else _written(card.valid_until),
        "flag": FLAGS[card.kind],
        "": "",
    }
    parts = []
    english = card.english_name
    for name, _, size in LAYOUTS[card.kind]:
        if name == "english_name":
            value, english = english[: size // 2], english[size // 2 :]
        elif name == "english_name_2":
            value, english = english, ""
        else:
            value = values[name] if name in values else getattr(card, name)
        data = value.encode("utf-16-le", errors="replace")
        if len(data) > size:
            raise MisuseError(f"the field {name} is longer than {size // 2} characters")
        parts.append(data + " ".encode("utf-16-le") * ((size - len(data)) // 2))
    if english:
        raise MisuseError("the field english_name is too long for this kind of card")
    return b"".join(parts)


def _day(text: str) -> date | None:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _written(day: date | None) -> str:
    return day.isoformat().replace("-", "") if day else ""
