"""Workdays, rest days and holidays: the national calendar under the hall's own days."""

from __future__ import annotations

from datetime import MAXYEAR, date, timedelta
from functools import lru_cache
from typing import Final

from chinese_calendar.constants import Holiday, holidays, workdays

from bridge.domain.attendance.facts import CalendarDay, DayKind
from bridge.domain.attendance.inputs import Calendar

CHINA: Final = "china"
CHINA_YEARS: Final = range(min(holidays).year, max(holidays).year + 1)
"""Years whose notices of the State Council the package `chinesecalendar` knows."""

_DAY: Final = timedelta(days=1)


def day_kind(calendar: Calendar, day: date) -> CalendarDay:
    """What a day is: by the hall's own days, then by its years and the national one.

    A year that the hall called complete is weekdays and weekends but for the hall's
    days, whatever the national calendar says. A worked weekend (调休) is a WORKDAY that
    carries the holiday's name; beyond the years that are known a day is UNKNOWN.
    """
    own = calendar.days.get(day)
    if own is not None:
        return own
    if calendar.national is None or day.year in calendar.complete_years:
        return _weekday(day)
    if calendar.national == CHINA and day.year in CHINA_YEARS:
        return _chinese(day)
    return CalendarDay(day=day, kind=DayKind.UNKNOWN)


def known_until(calendar: Calendar, today: date) -> date:
    """The last day of the unbroken run of known days from `today` on.

    The day before `today` where `today` itself is unknown already.
    """
    if calendar.national is None:
        return date.max
    day = today
    while day.year < MAXYEAR:
        if _is_known_year(calendar, day.year):
            day = date(day.year + 1, 1, 1)
        elif day_kind(calendar, day).kind is not DayKind.UNKNOWN:
            day += _DAY
        else:
            break
    return day - _DAY


def _is_known_year(calendar: Calendar, year: int) -> bool:
    national = calendar.national == CHINA and year in CHINA_YEARS
    known = national or year in calendar.complete_years
    return known and not any(
        own.kind is DayKind.UNKNOWN and day.year == year
        for day, own in calendar.days.items()
    )


@lru_cache(maxsize=4096)
def _weekday(day: date) -> CalendarDay:
    kind = DayKind.REST if day.weekday() > 4 else DayKind.WORKDAY
    return CalendarDay(day=day, kind=kind)


@lru_cache(maxsize=4096)
def _chinese(day: date) -> CalendarDay:
    if day in workdays:
        name = f"{Holiday(workdays[day]).chinese}调休"
        return CalendarDay(day=day, kind=DayKind.WORKDAY, name=name)
    if day in holidays:
        name = Holiday(holidays[day]).chinese
        return CalendarDay(day=day, kind=DayKind.HOLIDAY, name=name)
    return _weekday(day)
