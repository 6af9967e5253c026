from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from bridge.cli.handover import Handover
from bridge.domain.attendance.inputs import Calendar
from bridge.domain.opening import next_opening, opening_at
from bus.address import BrokerAddress
from devices.hours import OpeningHours
from devices.site import Site

HOURS = [
    OpeningHours.model_validate({"from": "13:30", "to": "17:30"}),
    OpeningHours.model_validate({"from": "08:30", "to": "12:00"}),
]


@pytest.mark.parametrize(
    ("moment", "answer", "spans"),
    [
        ("2026-03-02T08:29:59", False, 2),
        ("2026-03-02T08:30:00", True, 2),
        ("2026-03-02T12:00:00", False, 2),
        ("2026-03-02T14:00:00", True, 2),
        ("2026-03-07T09:00:00", False, 0),  # Saturday
        ("2026-02-14T09:00:00", True, 2),  # Saturday that is worked
        ("2026-10-01T09:00:00", False, 0),  # National Day
    ],
)
def test_the_hall_is_open_by_its_hours_and_the_calendar(
    moment: str, answer: object, spans: int
) -> None:
    found = opening_at(HOURS, Calendar(), datetime.fromisoformat(moment + "+08:00"))
    assert found.open is answer
    assert len(found.spans) == spans
    assert [span.start.hour for span in found.spans] == [8, 13][:spans]


def test_without_holidays_or_hours_nothing_is_made_up() -> None:
    now = datetime.fromisoformat("2026-10-01T09:00:00+08:00")
    assert opening_at(HOURS, Calendar(national=None), now).open is True
    assert opening_at([], Calendar(), now).open is None


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02T07:00:00+08:00", "2026-03-02T08:30:00+08:00"),
        ("2026-03-02T08:30:00+08:00", "2026-03-03T08:30:00+08:00"),
        ("2026-09-30T18:00:00+08:00", "2026-10-08T08:30:00+08:00"),  # the holidays
    ],
)
def test_it_is_known_when_the_hall_opens_next(now: str, opens: str) -> None:
    hours = [OpeningHours.model_validate({"from": "08:30", "to": "12:00"})]
    found = next_opening(hours, Calendar(), datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(opens)
    assert next_opening([], Calendar(), datetime.fromisoformat(now)) is None


def test_hours_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ValidationError, match="`from` must be before `to`"):
        OpeningHours.model_validate({"from": "12:00", "to": "08:30"})


def test_hours_and_quotas_reach_the_children() -> None:
    site = Site.model_validate(
        {
            "hall": {"id": "x", "hours": [{"from": "08:30", "to": "12:00"}]},
            "services": [
                {"id": "a", "quotas": [{"from": "08:30", "to": "11:00", "limit": 3}]}
            ],
            "counters": [
                {
                    "id": "w",
                    "number": 1,
                    "roster": [{"from": "11-15", "to": "03-15", "services": ["a"]}],
                }
            ],
        }
    )
    handover = Handover(
        role="bridge",
        site=site,
        data="/tmp/x",  # type: ignore[arg-type]  # noqa: S108 - never opened
        node="main",
        broker=BrokerAddress(host="127.0.0.1", port=1),
        log_level="info",
        log_json=False,
        parent_pid=1,
    )
    assert Handover.decode(handover.encode()).site == site
