"""ID numbers: the check digit, what disagrees with the card, and masking.

GB 11643-1999 with ISO 7064 MOD 11-2; foreigners' numbers of 2023 use the same.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from devices.sdt.idcard import CardKind, IdCard, Sex

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_SHORT: Final = 12
"""Numbers shorter than this would show too much of themselves."""


class Doubt(StrEnum):
    """What about a number does not fit; a reason to look, never to refuse."""

    CHECK_DIGIT = "number_check_digit"
    BIRTH = "number_birth_differs"
    SEX = "number_sex_differs"


class MaskStyle(StrEnum):
    """How much of a number people at the counter see."""

    STANDARD = "standard"
    """The first six and the last four."""
    STRICT = "strict"
    """The first and the last."""


def check_digit(digits: str) -> str:
    """The 18th character of a number from the 17 before it."""
    total = sum(
        int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)
    )
    return _CHECK_DIGITS[total % 11]


def normalise_number(number: str) -> str:
    """The form that references are made of: no blanks, upper case."""
    return "".join(number.split()).upper()


def is_valid_number(number: str) -> bool:
    """Whether it has 18 characters and the right check digit."""
    number = normalise_number(number)
    return bool(_NUMBER.fullmatch(number)) and check_digit(number[:17]) == number[17]


def doubts(card: IdCard) -> list[Doubt]:
    """What of the number disagrees with itself or with the card's other fields."""
    if card.kind is CardKind.FOREIGNER_2017:
        return []
    number = normalise_number(card.number)
    if not is_valid_number(number):
        return [Doubt.CHECK_DIGIT]
    found = []
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    if card.birth is not None and card.birth.isoformat() != born:
        found.append(Doubt.BIRTH)
    told = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    if card.sex in {Sex.MALE, Sex.FEMALE} and card.sex != told:
        found.append(Doubt.SEX)
    return found


def mask_number(number: str, style: MaskStyle = MaskStyle.STANDARD) -> str:
    """A number as people may see it: `110105********002X`."""
    first, last = (6, 4) if style is MaskStyle.STANDARD else (1, 1)
    if len(number) < _SHORT:
        first = last = 0
    hidden = len(number) - first - last
    return number[:first] + "*" * hidden + number[len(number) - last :]


def mask_name(name: str) -> str:
    """A name as people may see it: its first character and one star, `张*`."""
    return f"{name[0]}*" if len(name) > 1 else "*" * len(name)


def masked_fields(card: IdCard, style: MaskStyle) -> dict[str, str]:
    """All that may be shown of a card: its kind, the masked name and number."""
    return {
        "kind": card.kind.value,
        "name": mask_name(card.name or card.english_name),
        "number": mask_number(card.number, style),
    }
