from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drivers.node.coverage import Coverage

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOLD = Coverage(serial="S1", until=NINE, suspect="", how="log", epoch="e-1", sequence=7)


def test_the_first_is_news() -> None:
    assert TOLD.is_news_after(None)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": "S2"},
        {"suspect": "the log has 3 rows and had 9"},
        {"how": "sum"},
        {"epoch": "e-2"},
        {"until": None},
        {"until": NINE + timedelta(seconds=60)},
        {"until": NINE - timedelta(seconds=60)},
    ],
)
def test_what_changed_is_news_both_ways(change: dict[str, Any]) -> None:
    other = replace(TOLD, **change)
    assert other.is_news_after(TOLD)
    assert TOLD.is_news_after(other)


@pytest.mark.parametrize(
    "change",
    [{}, {"sequence": 8}, {"until": NINE + timedelta(seconds=20), "sequence": 9}],
)
def test_that_time_went_on_is_no_news(change: dict[str, Any]) -> None:
    assert not replace(TOLD, **change).is_news_after(TOLD)


def test_a_suspect_clock_that_was_never_read_is_told_once() -> None:
    suspect = replace(TOLD, until=None, suspect="layout unknown")
    assert not replace(suspect, sequence=8).is_news_after(suspect)


def test_it_travels_as_agreed() -> None:
    assert TOLD.as_json() == {
        "serial": "S1",
        "until": "2026-03-02T09:00:00+00:00",
        "suspect": None,
        "how": "log",
        "epoch": "e-1",
        "sequence": 7,
    }
    never = replace(TOLD, until=None, suspect="layout unknown").as_json()
    assert (never["until"], never["suspect"]) == (None, "layout unknown")
