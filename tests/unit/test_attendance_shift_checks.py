"""What is wrong with a shift is told, and hours over midnight are not wrong."""

from __future__ import annotations

from datetime import time
from typing import cast

import pytest

from bridge.domain.attendance.facts import Session, Shift
from bridge.service.attendance.facts.checks import Bench, mistakes

NO_BENCH = cast("Bench", None)
"""A shift is held against nothing."""


def shift(*hours: str, weight: float = 0.3) -> Shift:
    """A shift with these hours, such as 08:30-12:00."""
    pairs = [each.split("-") for each in hours]
    return Shift(
        id="s",
        name="班",
        sessions=[
            Session(
                start=time.fromisoformat(start),
                end=time.fromisoformat(end),
                weight=weight,
            )
            for start, end in pairs
        ],
    )


@pytest.mark.parametrize(
    "hours",
    [
        ("08:30-12:00", "13:00-17:30"),
        ("20:00-00:00", "00:30-08:00"),
        ("18:00-22:00", "22:30-02:00", "02:30-08:00"),
        ("20:00-02:00", "02:00-08:00"),
    ],
)
def test_hours_that_follow_each_other(hours: tuple[str, ...]) -> None:
    assert list(mistakes(shift(*hours), NO_BENCH)) == []


@pytest.mark.parametrize(
    ("hours", "begins"),
    [
        (("08:30-12:00", "11:30-17:30"), "11:30"),
        (("13:00-17:30", "08:30-12:00"), "08:30"),
        (("20:00-02:00", "01:30-08:00"), "01:30"),
        (("20:00-02:00", "21:00-22:00"), "21:00"),
    ],
)
def test_hours_that_overlap(hours: tuple[str, ...], begins: str) -> None:
    assert [found.text() for found in mistakes(shift(*hours), NO_BENCH)] == [
        f"session {begins} begins before the one before it ends"
    ]


def test_more_than_a_day() -> None:
    (said,) = mistakes(shift("08:30-12:00", "13:00-17:30", weight=1.0), NO_BENCH)
    assert "add up to 2" in said.text()
    assert "合计 2" in said.text("zh-CN")
