from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bridge.domain.errors import QuotaError
from bridge.domain.quotas import check_quota
from bridge.domain.roster import services_on
from devices.queueing import Quota, RosterRow
from devices.site import Counter, Site
from devices.site_mistakes import mistakes_of

MONDAY = date(2026, 3, 2)


def window(*roster: dict[str, Any]) -> Counter:
    body = {"id": "w1", "number": 1, "services": ["reg"], "roster": list(roster)}
    return Counter.model_validate(body)


def served(counter: Counter, *days: date) -> list[list[str]]:
    return [list(services_on(counter, day)) for day in days]


def test_a_window_without_a_roster_serves_the_same_each_day() -> None:
    body = {"id": "w", "number": 1, "services": ["reg", {"id": "idcard", "weight": 2}]}
    counter = Counter.model_validate(body)
    assert services_on(counter, MONDAY) == {"reg": 1.0, "idcard": 2.0}
    assert counter.service_ids == ["reg", "idcard"]


def test_the_first_row_that_fits_stands() -> None:
    counter = window(
        {"weekdays": [1], "services": ["tax"]},
        {"weekdays": [1, 2], "services": ["land"]},
    )
    days = [MONDAY + timedelta(days=n) for n in range(3)]
    assert served(counter, *days) == [["tax"], ["land"], ["reg"]]
    assert counter.service_ids == ["reg", "tax", "land"]


def test_a_season_comes_each_year_and_may_span_new_year() -> None:
    counter = window({"from": "11-15", "to": "03-15", "services": ["heating"]})
    days = [date(2026, 11, 14), date(2026, 11, 15), date(2027, 1, 1), date(2027, 3, 16)]
    assert served(counter, *days) == [["reg"], ["heating"], ["heating"], ["reg"]]
    summer = window({"from": "06-01", "to": "08-31", "services": []})
    assert served(summer, date(2026, 7, 1), date(2026, 9, 1)) == [[], ["reg"]]


def test_days_with_a_year_come_once() -> None:
    row = {"from": date(2026, 3, 2), "to": "2026-03-06", "services": ["tax"]}
    days = [date(2026, 3, 1), MONDAY, date(2026, 3, 6), date(2026, 3, 7)]
    assert served(window(row), *days) == [["reg"], ["tax"], ["tax"], ["reg"]]
    open_end = window({"from": "2026-03-02", "services": ["tax"]})
    assert served(open_end, date(2026, 3, 1), date(2030, 1, 1)) == [["reg"], ["tax"]]


def test_units_share_a_window_by_weekly_turns() -> None:
    units = ["tax", "land", "water"]
    rows = [
        {
            "from": (MONDAY + timedelta(weeks=n)).isoformat(),
            "every_weeks": 3,
            "services": [unit],
        }
        for n, unit in enumerate(units)
    ]
    weeks = [MONDAY + timedelta(weeks=n, days=n % 5) for n in range(9)]
    assert served(window(*rows), *weeks) == [[unit] for unit in units * 3]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"weekdays": [0]}, "greater than or equal to 1"),
        ({"from": "03-02", "to": "2026-03-02"}, "both have a year"),
        ({"from": "02-30"}, "no such day"),
        ({"from": "spring"}, "want a day"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "must not be after"),
        ({"every_weeks": 2}, "needs a `from`"),
        ({"from": "03-02", "every_weeks": 2}, "needs a `from`"),
        ({"form": "03-02"}, "form"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(row: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        RosterRow.model_validate({"services": ["tax"], **row})


def test_a_service_of_a_roster_must_be_there() -> None:
    body = {
        "hall": {"id": "h"},
        "services": [{"id": "reg"}],
        "counters": [
            {
                "id": "w1",
                "number": 1,
                "services": ["reg", {"id": "no"}],
                "roster": [{"services": ["reg", "nor"]}],
            }
        ],
        "queue": {"priorities": [{"id": "x", "ahead_min": 1}] * 2},
    }
    found = [(each.path, str(each)) for each in mistakes_of(Site.model_validate(body))]
    assert [path for path, _ in found] == [
        ("queue", "priorities", 1, "id"),
        ("counters", 0, "services", 1),
        ("counters", 0, "roster", 0, "services", 1),
    ]


def test_a_windows_own_rules_stand_before_the_halls() -> None:
    body = {
        "hall": {"id": "h"},
        "queue": {"recall_limit": 3, "hold_limit": 2},
        "counters": [
            {"id": "w1", "number": 1, "recall_limit": 0},
            {"id": "w2", "number": 2, "on_call_while_open": "ignore"},
        ],
    }
    site = Site.model_validate(body)
    first, second = (site.rules(counter) for counter in site.counters)
    assert (first.recall_limit, first.hold_limit) == (0, 2)
    assert (second.recall_limit, second.on_call_while_open) == (3, "ignore")
    assert first.on_call_while_open == "finish_and_next"
    assert first.hold_timeout_min is None


QUOTAS = [
    Quota.model_validate({"from": "08:30", "to": "11:30", "limit": 2}),
    Quota.model_validate({"from": "14:00", "to": "17:00", "limit": 1}),
]


@pytest.mark.parametrize(
    ("at", "drawn", "reason"),
    [
        ("08:29", 0, "closed"),
        ("08:30", 0, None),
        ("11:29", 1, None),
        ("11:29", 2, "full"),
        ("11:30", 0, "closed"),
        ("14:00", 0, None),
        ("14:00", 1, "full"),
    ],
)
def test_quotas_of_parts_of_the_day(at: str, drawn: int, reason: str | None) -> None:
    now = datetime.fromisoformat(f"2026-03-02T{at}:00").replace(
        tzinfo=ZoneInfo("Asia/Shanghai")
    )
    asked: list[tuple[datetime, datetime]] = []

    def count(begin: datetime, end: datetime) -> int:
        asked.append((begin, end))
        return drawn

    found = None
    try:
        check_quota(QUOTAS, now, count)
    except QuotaError as error:
        found = error.reason
    assert found == reason
    assert all(begin <= now < end for begin, end in asked)
    check_quota([], now, count)


def test_a_quota_runs_forward() -> None:
    with pytest.raises(ValidationError, match="before"):
        Quota.model_validate({"from": "11:30", "to": "08:30", "limit": 1})
