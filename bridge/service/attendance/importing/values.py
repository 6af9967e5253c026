"""What stands in a cell, as values: ids, days, moments, weekdays, numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from bridge.service.attendance.importing.tables import Cell, Formula

_EXACT: Final = 10**15
_DAY: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
    r"|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))"
)
_TIME: Final = re.compile(
    r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.0+)?)?|[时点](?:(\d{1,2})分?)?)"
)
_MONTH_DAY: Final = re.compile(r"(\d{1,2})(?:[-/.](\d{1,2})|月(\d{1,2})日?)")
_HALVES: Final = {
    "上午": "am",
    "am": "am",
    "a.m.": "am",
    "下午": "pm",
    "pm": "pm",
    "p.m.": "pm",
}
_WEEKDAYS: Final = {
    **{mark: number for number, mark in enumerate("一二三四五六日")},
    **{str(number + 1): number for number in range(7)},
    **{
        name: number
        for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    },
    "天": 6,
}
_WEEKDAY: Final = re.compile("|".join(sorted(_WEEKDAYS, key=len, reverse=True)))
_TO: Final = re.compile(r"[-~至到]+")
_YEARS: Final = range(1950, 2200)
_SERIALS: Final = range(18000, 110000)
"""Numbers that days of 1950 to 2200 are in Excel."""


class CellError(ValueError):
    """A cell that cannot be taken: `code` of `import_words` and its figures."""

    def __init__(self, code: str, /, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.figures = figures


class Part(StrEnum):
    """How exactly a moment was written."""

    DAY = "day"
    AM = "am"
    PM = "pm"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A day with a half, or a time."""

    day: date
    part: Part = Part.DAY
    time: time = time()


def to_text(cell: Cell) -> str:
    """Text; numbers without `.0`, as Excel shows them."""
    if isinstance(cell, Formula):
        raise CellError("formula")
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if abs(cell) >= _EXACT:
            raise CellError("long_number")
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def to_day(cell: Cell) -> date:
    """A day of the calendar."""
    moment = to_moment(cell, code="date")
    if moment.part is not Part.DAY and moment.time != time():
        raise CellError("date")
    return moment.day


def to_moment(cell: Cell, *, code: str = "moment") -> Moment:
    """A day, a half of it, or a time of it, in the hall's zone."""
    if isinstance(cell, datetime):
        at = cell.time().replace(microsecond=0)
        return _checked(cell.date(), Part.TIME if at != time() else Part.DAY, at, code)
    if isinstance(cell, date):
        return _checked(cell, Part.DAY, time(), code)
    text = _narrow(cell)
    if isinstance(cell, int | float) and int(cell) in _SERIALS:
        raise CellError("serial")
    found = _DAY.match(text)
    if not found:
        raise CellError(code)
    year, month, day = (int(part) for part in found.groups() if part)
    rest = text[found.end() :].removeprefix("t").strip()
    try:
        on = date(year, month, day)
    except ValueError:
        raise CellError("date") from None
    if not rest:
        return _checked(on, Part.DAY, time(), code)
    if rest in _HALVES:
        return _checked(on, Part(_HALVES[rest]), time(), code)
    return _checked(on, Part.TIME, _time(rest, code), code)


def to_time(cell: Cell) -> time:
    """A time of the day; 24:00 is midnight."""
    if isinstance(cell, datetime):
        return cell.time().replace(second=0, microsecond=0)
    if isinstance(cell, time):
        return cell.replace(second=0, microsecond=0, tzinfo=None)
    return _time(_narrow(cell), "time")


def to_weekdays(cell: Cell) -> tuple[int, ...]:
    """Weekdays, Monday is 0: `1-5`, `一二三四五`, `周一至周五`, `Mon,Wed`."""
    text = re.sub(r"星期|礼拜|周|[\s,、;/和及.]", " ", _narrow(cell))
    days: set[int] = set()
    position, first = 0, -1
    ranged = False
    while position < len(text):
        if text[position] == " ":
            position += 1
        elif found := _WEEKDAY.match(text, position):
            day = _WEEKDAYS[found[0]]
            days |= set(range(first, day + 1)) if ranged else {day}
            if ranged and day < first:
                raise CellError("weekdays")
            first, ranged, position = day, False, found.end()
        elif (found := _TO.match(text, position)) and first >= 0 and not ranged:
            ranged, position = True, found.end()
        else:
            raise CellError("weekdays")
    if ranged:
        raise CellError("weekdays")
    return tuple(sorted(days))


def to_month_day(cell: Cell) -> str:
    """A day of any year, as `05-01`."""
    if isinstance(cell, date):
        return f"{cell:%m-%d}"
    found = _MONTH_DAY.fullmatch(_narrow(cell))
    if not found:
        raise CellError("date")
    month, day = (int(part) for part in found.groups() if part)
    try:
        return f"{date(2024, month, day):%m-%d}"  # a leap year
    except ValueError:
        raise CellError("date") from None


def to_yes(cell: Cell) -> bool:
    """Yes or no."""
    text = _narrow(cell)
    if text in {"是", "yes", "y", "true", "1", "√", "对"}:
        return True
    if text in {"否", "no", "n", "false", "0", "×", "不"}:
        return False
    raise CellError("yes_no")


def to_minutes(cell: Cell) -> int:
    """Whole minutes of a day."""
    number = to_number(cell)
    if number != int(number):
        raise CellError("number")
    if not 0 <= number <= 1440:
        raise CellError("range", low=0, high=1440)
    return int(number)


def to_number(cell: Cell) -> float:
    """A finite decimal number."""
    text = _narrow(cell)
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text):
        raise CellError("number")
    return float(text)


def to_choice(cell: Cell, choices: Mapping[str, str]) -> str:
    """One of the values, by any of its names; `choices`: name -> value."""
    text = _narrow(cell).replace(" ", "").replace("_", "")
    if text not in choices:
        shown: dict[str, str] = {}
        for name, value in choices.items():
            shown.setdefault(value, name)
        raise CellError("choice", choices="、".join(shown.values()))
    return choices[text]


def to_list(cell: Cell) -> list[str]:
    """Parts between commas, semicolons, or spaces."""
    text = unicodedata.normalize("NFKC", to_text(cell))
    return [part for part in re.split(r"[\s,;、]+", text) if part]


def _narrow(cell: Cell) -> str:
    """Text with full-width figures and marks made narrow, in lower case."""
    return unicodedata.normalize("NFKC", to_text(cell)).strip().casefold()


def _time(text: str, code: str) -> time:
    found = _TIME.fullmatch(text)
    if not found:
        raise CellError(code)
    hour, minute, second = found[1], found[2] or found[4] or "0", found[3] or "0"
    if (int(hour), int(minute), int(second)) == (24, 0, 0):
        return time()
    try:
        return time(int(hour), int(minute), int(second))
    except ValueError:
        raise CellError(code) from None


def _checked(day: date, part: Part, at: time, code: str) -> Moment:
    if day.year not in _YEARS:
        raise CellError(code)
    return Moment(day=day, part=part, time=at)
