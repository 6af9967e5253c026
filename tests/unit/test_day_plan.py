from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulators.day.plan import CLOSES, HOUR, OPENS, DayPlan, plan_day

SERVICES = ["reg", "idcard"]
COUNTERS = ["w1", "w2", "w3"]
STAFF = ["1001", "1002"]


def plan(seed: int) -> DayPlan:
    return plan_day(seed, services=SERVICES, counters=COUNTERS, staff=STAFF)


def test_a_seed_is_a_day() -> None:
    assert plan(7) == plan(7)
    assert plan(7) != plan(8)


@given(st.integers())
def test_every_day_is_a_day(seed: int) -> None:
    day = plan(seed)
    assert list(day.visitors) == sorted(day.visitors, key=lambda v: v.at)
    assert list(day.punches) == sorted(day.punches, key=lambda p: (p.at, p.user_id))
    assert {v.service for v in day.visitors} <= set(SERVICES)
    assert all(OPENS - 300 <= v.at < CLOSES for v in day.visitors)
    assert all(45 <= v.service_s <= 1500 for v in day.visitors)
    assert all(v.rating in {None, 0, 1, 2, 3} for v in day.visitors)
    assert day.begins <= day.visitors[0].at < day.ends < 24 * HOUR


def test_staff_come_eat_and_go() -> None:
    directions = [p.direction for p in plan(1).punches if p.user_id == "1001"]
    assert directions == ["in", "break_out", "break_in", "out"]


def test_windows_eat_in_turns() -> None:
    day = plan(1)
    open_at_noon = [shift.works(12.4 * HOUR) for shift in day.shifts]
    assert open_at_noon == [False, True, False]
    assert not day.shifts[0].works(6 * HOUR)


def test_mornings_are_busy_and_noon_is_not() -> None:
    day = plan(3)
    by_hour = [int(v.at // HOUR) for v in day.visitors]
    assert by_hour.count(10) > by_hour.count(12)


def test_some_do_not_come_and_some_do_not_rate() -> None:
    day = plan_day(5, services=SERVICES, counters=COUNTERS, staff=[], visitors=400)
    assert 5 < sum(not v.shows_up for v in day.visitors) < 60
    assert 60 < sum(v.rating is None for v in day.visitors) < 200
