from __future__ import annotations

from datetime import date

import pytest

from bridge.domain.attendance.calendar import CHINA_YEARS, day_kind, known_until
from bridge.domain.attendance.facts import CalendarDay, DayKind
from bridge.domain.attendance.inputs import Calendar

LAST = CHINA_YEARS[-1]


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        ("2025-01-01", "holiday", "元旦"),
        ("2025-01-26", "workday", "春节调休"),  # a Sunday
        ("2025-01-29", "holiday", "春节"),
        ("2025-02-08", "workday", "春节调休"),  # a Saturday
        ("2025-04-27", "workday", "劳动节调休"),  # a Sunday
        ("2025-05-31", "holiday", "端午"),  # a Saturday
        ("2025-06-07", "rest", ""),
        ("2025-06-11", "workday", ""),
        ("2025-10-08", "holiday", "国庆节"),
        ("2015-09-03", "holiday", "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日"),
        ("2004-01-01", "holiday", "元旦"),
        ("2003-12-31", "unknown", ""),
        ("2099-06-11", "unknown", ""),
    ],
)
def test_chinese_days(day: str, kind: str, name: str) -> None:
    found = day_kind(Calendar(), date.fromisoformat(day))
    assert (found.kind, found.name) == (kind, name)


def test_own_days_win() -> None:
    day = date(2025, 10, 1)
    own = CalendarDay(day=day, kind=DayKind.WORKDAY, name="窗口值班")
    assert day_kind(Calendar(days={day: own}), day) is own


def test_without_national_calendar_weekends_rest() -> None:
    calendar = Calendar(national=None)
    kinds = [day_kind(calendar, date(2031, 10, n)).kind for n in (1, 4, 5, 6)]
    assert kinds == [DayKind.WORKDAY, DayKind.REST, DayKind.REST, DayKind.WORKDAY]


def test_a_foreign_calendar_is_not_guessed() -> None:
    kind = day_kind(Calendar(national="elsewhere"), date(2025, 6, 11)).kind
    assert kind is DayKind.UNKNOWN


def test_a_complete_year_is_weekdays_and_own_days() -> None:
    day = date(2099, 1, 29)
    own = CalendarDay(day=day, kind=DayKind.HOLIDAY, name="春节")
    calendar = Calendar(days={day: own}, complete_years=frozenset({2099}))
    assert day_kind(calendar, day).kind is DayKind.HOLIDAY
    assert day_kind(calendar, date(2099, 1, 28)).kind is DayKind.WORKDAY
    assert day_kind(calendar, date(2099, 1, 31)).kind is DayKind.REST
    assert day_kind(calendar, date(2098, 1, 28)).kind is DayKind.UNKNOWN


def test_a_complete_year_overrules_the_national_calendar() -> None:
    calendar = Calendar(complete_years=frozenset({2025}))
    assert day_kind(calendar, date(2025, 10, 1)).kind is DayKind.WORKDAY


@pytest.mark.parametrize(
    ("years", "today", "until"),
    [
        ((), date(LAST, 6, 1), date(LAST, 12, 31)),
        ((), date(LAST - 2, 6, 1), date(LAST, 12, 31)),
        ((LAST + 1,), date(LAST, 6, 1), date(LAST + 1, 12, 31)),
        ((LAST + 2,), date(LAST, 6, 1), date(LAST, 12, 31)),
        ((), date(LAST + 1, 6, 1), date(LAST + 1, 5, 31)),
    ],
)
def test_known_until(years: tuple[int, ...], today: date, until: date) -> None:
    assert known_until(Calendar(complete_years=frozenset(years)), today) == until


def test_known_until_counts_own_days_one_by_one() -> None:
    days = {
        day: CalendarDay(day=day, kind=DayKind.WORKDAY)
        for day in (date(LAST + 1, 1, 1), date(LAST + 1, 1, 2), date(LAST + 1, 1, 4))
    }
    assert known_until(Calendar(days=days), date(LAST, 3, 1)) == date(LAST + 1, 1, 2)


def test_a_day_that_the_hall_calls_unknown_ends_what_is_known() -> None:
    day = date(LAST, 3, 3)
    days = {day: CalendarDay(day=day, kind=DayKind.UNKNOWN)}
    assert known_until(Calendar(days=days), date(LAST, 3, 1)) == date(LAST, 3, 2)


def test_known_for_ever_without_national_calendar() -> None:
    assert known_until(Calendar(national=None), date(2025, 1, 1)) == date.max
