"""Messages that wait for the store: order, slices, bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mqtt import arrivals as module
from bridge.mqtt.arrivals import MAX_TAKEN, MOST_PASSED_OVER, SLICE, Arrival, Arrivals
from devices.events import Lane

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Reading:
    """Notes when reading is paused (False) and goes on (True)."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.arrivals = Arrivals(
            lambda: self.told.append(False), lambda: self.told.append(True)
        )


@pytest.fixture
def arrivals() -> Arrivals:
    return Reading().arrivals


def batch(count: int) -> bytes:
    return json.dumps([{}] * count).encode()


def log(count: int) -> Arrival:
    return Arrival("clock-1", batch(count))


def press() -> Arrival:
    return Arrival("bus-1", b"{}")


def take_all(arrivals: Arrivals, slices: int | None = None) -> list[int]:
    """Take one turn, or some slices of it; how many events each had."""
    turn = arrivals.next()
    assert turn is not None
    taken: list[int] = []
    reached: dict[Arrival, int] = {}
    for items in turn.slices(NOW):
        taken.append(len(items))
        reached |= {arrival: number for arrival, number, _ in items}
        if len(taken) == slices:
            break
    arrivals.settle(turn, reached)
    return taken


def test_presses_go_before_a_log(arrivals: Arrivals) -> None:
    for _ in range(3000):
        arrivals.put(Lane.CLOCK, log(1))
    arrivals.put(Lane.DESK, press())
    assert arrivals.has_presses
    first, then = arrivals.next(), arrivals.next()
    assert first is not None
    assert then is not None
    assert ([a.device for a in first.presses], first.logs) == (["bus-1"], [])
    assert (then.presses, len(then.logs)) == ([], MAX_TAKEN)
    assert not arrivals.has_presses


def test_a_log_is_not_passed_over_for_ever(arrivals: Arrivals) -> None:
    for _ in range(5):
        arrivals.put(Lane.CLOCK, log(1))
    logs = []
    for _ in range(MOST_PASSED_OVER + 1):
        arrivals.put(Lane.DESK, press())
        turn = arrivals.next()
        assert turn is not None
        logs.append(len(turn.logs))
    assert logs == [*[0] * MOST_PASSED_OVER, 1]


def test_nothing_that_waits_is_no_turn(arrivals: Arrivals) -> None:
    assert arrivals.next() is None


def test_a_log_that_was_ended_early_goes_on_where_it_stood(arrivals: Arrivals) -> None:
    arrivals.put(Lane.CLOCK, log(2 * SLICE + 7))
    arrivals.put(Lane.CLOCK, log(3))
    assert take_all(arrivals, slices=1) == [SLICE]
    arrivals.put(Lane.DESK, press())
    assert take_all(arrivals) == [1]
    assert take_all(arrivals) == [SLICE, 10]
    assert arrivals.next() is None


def test_what_was_not_committed_is_taken_again(arrivals: Arrivals) -> None:
    arrivals.put(Lane.CLOCK, log(SLICE + 1))
    turn = arrivals.next()
    assert turn is not None
    first = [len(items) for items in turn.slices(NOW)]
    assert [len(items) for items in turn.slices(NOW)] == first == [SLICE, 1]


def test_messages_without_events_are_done(arrivals: Arrivals) -> None:
    arrivals.put(Lane.CLOCK, Arrival("clock-1", b"[]"))
    assert take_all(arrivals) == []
    assert arrivals.next() is None


@given(
    st.lists(st.integers(0, 3 * SLICE), min_size=1, max_size=6),
    st.lists(st.integers(1, 4), max_size=8),
)
def test_every_event_is_taken_once_and_in_order(
    sizes: list[int], ends: list[int]
) -> None:
    arrivals = Reading().arrivals
    for number, size in enumerate(sizes):
        arrivals.put(Lane.CLOCK, Arrival(f"clock-{number}", batch(size)))
    seen: list[tuple[str, int]] = []
    early = iter(ends)
    while (turn := arrivals.next()) is not None:
        reached: dict[Arrival, int] = {}
        end = next(early, None)
        for count, items in enumerate(turn.slices(NOW), 1):
            seen += [(arrival.device, number) for arrival, number, _ in items]
            reached |= {arrival: number for arrival, number, _ in items}
            if count == end:
                break
        arrivals.settle(turn, reached)
    assert seen == [
        (f"clock-{at}", n) for at, size in enumerate(sizes) for n in range(1, size + 1)
    ]


def test_reading_pauses_while_the_store_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HIGH_WATER_BYTES", 1000)
    reading = Reading()
    for _ in range(20):
        reading.arrivals.put(Lane.CLOCK, Arrival("clock-1", b"x" * 100))
    assert reading.told == [False]
    take_all(reading.arrivals)
    assert reading.told == [False, True]


def test_a_new_connection_is_paused_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HIGH_WATER_BYTES", 1000)
    reading = Reading()
    reading.arrivals.put(Lane.CLOCK, Arrival("clock-1", b"x" * 1001))
    reading.arrivals.reading_anew()
    reading.arrivals.put(Lane.CLOCK, Arrival("clock-1", b"x"))
    assert reading.told == [False, False]
