"""Seasons, weekdays and versions of a shift."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.attending import (
    DAY,
    MORNING,
    TWO,
    changed,
    plan_of,
    schedule,
    stretch,
)

from bridge.domain.attendance.facts import (
    Shift,
    Variant,
)

SEASONAL = Shift(
    id="s",
    name="s",
    sessions=(stretch("09:00", "17:00"),),
    variants=(
        Variant(sessions=(stretch("08:30", "12:00"),), weekdays=(4,)),
        Variant(
            sessions=(stretch("08:00", "16:00"),),
            season_from="06-01",
            season_to="09-30",
        ),
        Variant(
            sessions=(stretch("10:00", "16:00"),),
            season_from="12-15",
            season_to="01-15",
            weekdays=(1, 2),
        ),
        Variant(sessions=(stretch("10:30", "16:00"),), season_to="01-31"),
        Variant(sessions=(stretch("09:30", "17:00"),), season_from="12-01"),
    ),
)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 6, 13), "08:30-12:00"),  # Friday before the season
        (date(2025, 6, 11), "08:00-16:00"),
        (date(2025, 9, 30), "08:00-16:00"),
        (date(2025, 10, 9), "09:00-17:00"),
        (date(2025, 12, 16), "10:00-16:00"),  # Tuesday
        (date(2026, 1, 14), "10:00-16:00"),  # Wednesday
        (date(2026, 1, 15), "10:30-16:00"),  # Thursday
        (date(2025, 12, 18), "09:30-17:00"),  # Thursday
    ],
)
def test_variants(day: date, expected: str) -> None:
    (due,) = plan_of(schedule(SEASONAL), day).due
    assert f"{due.start:%H:%M}-{due.end:%H:%M}" == expected


def test_the_version_of_the_day() -> None:
    old = Shift(id="s", name="old", sessions=(stretch("09:00", "17:00"),))
    new = replace(old, name="new", valid_from=DAY, sessions=(MORNING,))
    held = schedule(old, new)
    shift = plan_of(held).shift
    before = plan_of(held, DAY - timedelta(days=1)).shift
    assert shift is not None
    assert before is not None
    assert (before.name, shift.name) == ("old", "new")


def test_a_shift_without_a_version_yet_is_not_guessed() -> None:
    planned = plan_of(schedule(changed(TWO, valid_from=DAY + timedelta(days=1))))
    assert (planned.due, planned.uncertain) == ((), True)
    assert planned.waiting == ("shift:day",)
