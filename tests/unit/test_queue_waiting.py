"""The estimate of a wait against Erlang's formula and a simulated hall."""

from __future__ import annotations

import heapq
import math
import random
from statistics import fmean

import pytest

from bridge.domain.waiting import (
    Desk,
    Line,
    Rate,
    estimated_wait_s,
    robust_mean,
    service_time_s,
)

A: Line = ("a", None)


def desks(count: int, busy: int, *services: str) -> list[Desk]:
    served = frozenset(services or ("a",))
    return [
        Desk(id=f"w{n}", services=served, serving=min(served) if n < busy else None)
        for n in range(count)
    ]


def rate(mean_s: float, samples: int = 1000) -> Rate:
    return Rate(mean_s=mean_s, samples=samples)


def erlang_c(windows: int, load: float) -> float:
    """The share of people who must wait; `load` = arrivals times mean time."""
    top = load**windows / math.factorial(windows) * windows / (windows - load)
    below = sum(load**k / math.factorial(k) for k in range(windows))
    return top / (below + top)


def balance(windows: int, load: float, people: int) -> float:
    """How often so many are in an M/M/c hall in balance."""

    def weight(n: int) -> float:
        if n <= windows:
            return load**n / math.factorial(n)
        return (
            load**windows / math.factorial(windows) * (load / windows) ** (n - windows)
        )

    return weight(people) / sum(weight(n) for n in range(2000))


@pytest.mark.parametrize(
    ("windows", "load"), [(1, 0.5), (1, 0.8), (2, 1.6), (3, 2.4), (5, 4.0), (10, 8.0)]
)
def test_the_mean_over_a_hall_in_balance_is_erlangs(windows: int, load: float) -> None:
    mean_s = 300.0
    expected = erlang_c(windows, load) * mean_s / (windows - load)
    found = 0.0
    for people in range(400):
        waiting = max(0, people - windows)
        hall = desks(windows, min(people, windows))
        wait = estimated_wait_s(A, {A: waiting}, hall, {"a": rate(mean_s)})
        assert wait is not None
        found += balance(windows, load, people) * wait
    assert found == pytest.approx(expected, rel=0.01, abs=1)


@pytest.mark.parametrize(
    ("windows", "load", "seed"), [(1, 0.7, 1), (3, 2.5, 2), (6, 5.2, 3)]
)
def test_estimates_meet_what_people_wait_in_a_simulated_hall(
    windows: int, load: float, seed: int
) -> None:
    chance, mean_s = random.Random(seed), 300.0
    free = [0.0] * windows
    heapq.heapify(free)
    starts: list[float] = []
    ends: list[float] = []
    now, told, true = 0.0, [], []
    for _ in range(20_000):
        now += chance.expovariate(load / mean_s)
        waiting = sum(start > now for start in starts[-400:])
        busy = sum(
            s <= now < e for s, e in zip(starts[-400:], ends[-400:], strict=True)
        )
        wait = estimated_wait_s(
            A, {A: waiting}, desks(windows, busy), {"a": rate(mean_s)}
        )
        assert wait is not None
        start = max(now, heapq.heappop(free))
        ends.append(start + chance.expovariate(1 / mean_s))
        heapq.heappush(free, ends[-1])
        starts.append(start)
        told.append(wait)
        true.append(start - now)
    assert fmean(told) == pytest.approx(fmean(true), rel=0.1)
    long = [(w, t) for w, t in zip(told, true, strict=True) if w >= 2 * mean_s]
    assert fmean(w for w, _ in long) == pytest.approx(
        fmean(t for _, t in long), rel=0.1
    )


@pytest.mark.parametrize(
    ("waiting", "windows", "busy", "expected"),
    [(0, 1, 0, 0), (0, 1, 1, 100), (4, 2, 2, 250), (1, 2, 0, 50), (3, 0, 0, None)],
)
def test_people_times_time_over_windows(
    waiting: int, windows: int, busy: int, expected: int | None
) -> None:
    hall = desks(windows, busy)
    assert estimated_wait_s(A, {A: waiting}, hall, {"a": rate(100)}) == expected


def test_nothing_is_known_before_anything_was_done() -> None:
    assert estimated_wait_s(A, {A: 3}, desks(2, 0), {}) is None


def test_only_the_shared_part_of_others_work_counts() -> None:
    hall = [
        Desk(id="w1", services=frozenset("a")),
        Desk(id="w2", services=frozenset("ab")),
        Desk(id="w3", services=frozenset("b")),
    ]
    rates = {"a": rate(100), "b": rate(100)}
    # Four of b: half of their work falls on w2. Two windows do a.
    assert estimated_wait_s(A, {("b", None): 4}, hall, rates) == 100
    assert estimated_wait_s(A, {("c", None): 9}, hall, rates) == 0
    # Those for w1 alone stand before a; those for w3 do not.
    assert estimated_wait_s(A, {("b", "w1"): 2, ("b", "w3"): 9}, hall, rates) == 100
    assert estimated_wait_s(("a", "w3"), {("b", "w3"): 2}, hall, rates) == 200


def test_forgotten_and_doubled_tickets_are_left_out_of_the_mean() -> None:
    assert robust_mean([]) is None
    assert robust_mean([0, -5]) is None
    found = robust_mean([100, 110, 90, 100, 1, 9000, 0])
    assert found == rate(100, 4)
    chance = random.Random(1)
    times = [chance.expovariate(1 / 300) for _ in range(20_000)]
    sound = robust_mean(times)
    assert sound is not None
    assert sound.mean_s == pytest.approx(300, rel=0.06)


def test_a_service_with_few_tickets_leans_on_the_hall() -> None:
    rates = {"a": rate(100, 57), "b": rate(400, 3)}
    hall_s = (100 * 57 + 400 * 3) / 60
    assert service_time_s("c", rates) == hall_s
    assert service_time_s("b", rates) == pytest.approx((400 * 3 + hall_s * 3) / 6)
    assert service_time_s("a", {"a": rate(100, 1)}) == 100
