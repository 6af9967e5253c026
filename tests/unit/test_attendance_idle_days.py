"""Days on which nobody is due, or it is not known whether."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.attending import (
    DAY,
    LI,
    ONE,
    TWO,
    changed,
    posted,
    schedule,
    see,
    states,
    uses,
)


@pytest.mark.parametrize(
    ("day", "expected", "name"),
    [
        (date(2025, 6, 14), "rest", ""),
        (date(2025, 10, 1), "holiday", "国庆节"),
        (date(2025, 4, 27), "absent", "劳动节调休"),
    ],
)
def test_days_that_nobody_came(day: date, expected: str, name: str) -> None:
    result = see(day=day)
    assert (states(result), result.day_name) == (expected, name)
    assert result.final


def test_punches_of_a_rest_day_are_listed_and_count_nothing() -> None:
    shift = changed(TWO, overtime_after_min=0)
    result = see("08:25", "20:00", day=date(2025, 6, 14), shift=shift)
    assert (states(result), uses(result)) == ("rest", ["outside", "outside"])
    assert (result.due_days, result.worked_min, result.overtime_min) == (0, 0, 0)


@pytest.mark.parametrize(
    ("person", "note"),
    [
        (replace(LI, joined=DAY + timedelta(days=1)), "not_employed"),
        (replace(LI, left=DAY - timedelta(days=1)), "not_employed"),
        (replace(LI, id="0043"), "no_shift"),
    ],
)
def test_a_row_for_people_who_are_not_due(person: object, note: str) -> None:
    result = see("08:25", person=person)
    assert (states(result), result.notes, result.final) == ("rest", (note,), True)


def test_a_day_off_by_rotation_is_rest_on_a_holiday() -> None:
    plan = schedule(ONE, postings=[posted(None, rotation=(None,))])
    result = see(plan=plan, day=date(2025, 10, 1))
    assert (states(result), result.notes) == ("rest", ("day_off",))


def test_an_unknown_calendar_is_unknown() -> None:
    result = see("08:25", day=date(2099, 6, 10))
    assert (states(result), result.final) == ("unknown", False)
    assert result.waiting == ("calendar:2099",)
    assert result.next_look is None
