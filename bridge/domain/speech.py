"""What a call sounds like, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from devices.site import Counter, Site
from devices.voice import Digits

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"

_DIGITS: Final = "零一二三四五六七八九"
_UNITS: Final = ("", "十", "百", "千")
_ENGLISH_DIGITS: Final = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
_TICKET: Final = re.compile(r"([A-Za-z]*)([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A text in one language (BCP 47), written as it is read aloud."""

    lang: str
    text: str


def announcement(
    site: Site, *, number: str, counter: Counter | None, service: str
) -> Sequence[Spoken]:
    """What screens say of a call, in order; nothing where they are silent.

    `service` is an id. A window is always read as a number (十三号窗口), a ticket
    as the hall file says.
    """
    if counter is None:
        return ()
    voice = site.voice_at(counter.area)
    if not voice.enabled:
        return ()
    found = site.service(service)
    chinese = voice.template.format(
        number=ticket_in_chinese(number, voice.digits),
        counter=number_in_chinese(counter.number),
        window=_digits_read(counter.name or f"{counter.number}号窗口"),
        service=found.name if found else "",
    )
    spoken = [Spoken(lang=CHINESE, text=chinese)]
    if voice.english:
        ticket = ticket_in_english(number, voice.digits)
        english = f"Number {ticket}, please go to window {counter.number}."
        spoken.append(Spoken(lang=ENGLISH, text=english))
    return tuple(spoken)


def ticket_in_chinese(number: str, digits: Digits) -> str:
    """A001 as A零零一, or as A一; letters apart, so that they are read as letters."""
    match = _TICKET.fullmatch(number)
    if match is None:
        return number
    letters, figures = match.groups()
    if digits is Digits.NUMBER:
        words = number_in_chinese(int(figures))
    else:
        words = digits_in_chinese(figures)
    return " ".join(letters) + words


def ticket_in_english(number: str, digits: Digits) -> str:
    """A001 as `A, zero zero one`, or as `A, 1`."""
    match = _TICKET.fullmatch(number)
    if match is None:
        return number
    letters, figures = match.groups()
    if digits is Digits.NUMBER:
        words = str(int(figures))
    else:
        words = " ".join(_ENGLISH_DIGITS[int(figure)] for figure in figures)
    # The comma keeps `A` from being read as the article.
    return f"{', '.join(letters)}, {words}" if letters else words


def digits_in_chinese(figures: str) -> str:
    """123 as 一二三."""
    return "".join(_DIGITS[int(figure)] for figure in figures)


def number_in_chinese(number: int) -> str:
    """123 as 一百二十三; from 100,000,000 on digit by digit."""
    if not 0 <= number < 100_000_000:
        return digits_in_chinese(str(abs(number)))
    high, low = divmod(number, 10_000)
    if not high:
        return _below_ten_thousand(low)
    words = _below_ten_thousand(high) + "万"
    if not low:
        return words
    # 一万一十 is said in full: 十 stands alone only at the beginning.
    gap = "零" if low < 1000 else ""
    return words + gap + _inner(low)


def _below_ten_thousand(number: int) -> str:
    words = _inner(number) or _DIGITS[0]
    return words[1:] if words.startswith("一十") else words


def _inner(number: int) -> str:
    """Below 10,000, as it stands within a larger number; nothing for 0."""
    words, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if is_gap else "") + _DIGITS[digit] + _UNITS[place]
            is_gap = False
        else:
            is_gap = bool(words)
    return words


def _digits_read(text: str) -> str:
    return re.sub(r"[0-9]+", lambda match: number_in_chinese(int(match[0])), text)
