from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import AppointmentError
from bridge.domain.turns import (
    TICK,
    Position,
    Queued,
    first_turn,
    next_ticket,
    score,
    turn_at,
    turn_behind,
)
from devices.queueing import AppointmentSettings

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def queued(
    key: int, service: str = "a", came: float = -10, only: str | None = None
) -> Queued:
    return Queued(key=key, service=service, turn=at(came), only_counter=only)


def chosen(tickets: list[Queued], counter: str = "w1", **weights: float) -> int | None:
    found = next_ticket(tickets, counter=counter, weights=weights, now=NOW)
    return None if found is None else found.key


def test_the_smallest_turn_of_the_windows_services_is_next() -> None:
    line = [
        queued(3, "b", -5),
        queued(2, "c", -9),
        queued(1, "d", -30),
        queued(4, "a", -7),
    ]
    assert chosen(line, a=1, b=1) == 4
    assert chosen(line, b=1) == 3
    assert chosen(line) is None
    assert chosen([], a=1) is None


def test_the_first_drawn_is_next_among_equal_turns() -> None:
    assert chosen([queued(5), queued(4), queued(6)], a=1) == 4
    assert chosen([queued(5, "b"), queued(4, "a")], a=2, b=2) == 4


def test_a_ticket_for_one_window_is_for_no_other() -> None:
    line = [queued(1, "a", -30, only="w2"), queued(2, "a")]
    assert chosen(line, "w1", a=1) == 2
    assert chosen(line, "w2") == 1


@pytest.mark.parametrize(
    ("came_a", "came_b", "winner"),
    [(-10, -6, 2), (-10, -5, 1), (-10, -4, 1), (5, 4, 2), (5, -1, 2)],
)
def test_waiting_counts_twice_with_weight_two(
    came_a: float, came_b: float, winner: int
) -> None:
    line = [queued(1, "a", came_a), queued(2, "b", came_b)]
    assert chosen(line, a=1, b=2) == winner


def test_a_ticket_for_the_window_itself_has_its_largest_weight() -> None:
    line = [queued(1, "b", -10), queued(2, "c", -11, only="w1")]
    assert chosen(line, a=1, b=3) == 2


@given(
    st.lists(st.floats(-600, 600), min_size=2, max_size=5, unique=True),
    st.floats(0.1, 100),
)
def test_who_came_earlier_is_never_less_urgent(
    came: list[float], weight: float
) -> None:
    urgencies = [score(at(each), weight, NOW) for each in sorted(came)]
    assert urgencies == sorted(urgencies, reverse=True)


@pytest.mark.parametrize(
    ("ahead", "appointment", "turn"),
    [(0, None, 0), (15, None, -15), (0, 40, 40), (10, 40, 30), (10, -20, -30)],
)
def test_where_a_new_ticket_stands(
    ahead: float, appointment: float | None, turn: float
) -> None:
    appointed = None if appointment is None else at(appointment)
    assert first_turn(NOW, ahead_min=ahead, appointment=appointed) == at(turn)


@pytest.mark.parametrize(("appointment", "word"), [(60.1, "early"), (-20.1, "late")])
def test_an_appointment_far_from_now_is_refused(appointment: float, word: str) -> None:
    with pytest.raises(AppointmentError, match=word):
        first_turn(NOW, appointment=at(appointment))
    limits = AppointmentSettings(before_min=90, after_min=30)
    assert first_turn(NOW, appointment=at(appointment), limits=limits)


@pytest.mark.parametrize(
    ("position", "first", "last", "turn"),
    [
        (Position.AGE, -60.0, -1.0, at(-30)),
        (Position.FRONT, -60.0, -1.0, at(-60) - TICK),
        (Position.FRONT, -10.0, -1.0, at(-30)),
        (Position.FRONT, None, None, at(-30)),
        (Position.END, -60.0, -1.0, NOW),
        (Position.END, -60.0, 5.0, at(5) + TICK),
        (Position.END, None, None, NOW),
    ],
)
def test_where_a_transferred_ticket_stands(
    position: Position, first: float | None, last: float | None, turn: datetime
) -> None:
    found = turn_at(
        position,
        turn=at(-30),
        now=NOW,
        first=None if first is None else at(first),
        last=None if last is None else at(last),
    )
    assert found == turn


def test_who_waits_again_stands_behind_but_never_before_its_turn() -> None:
    assert turn_behind(at(-30), at(-5)) == at(-5) + TICK
    assert turn_behind(at(-30), at(-40)) == at(-30)
    assert turn_behind(at(-30), None) == at(-30)


def test_classes_and_weights_keep_nobody_out() -> None:
    """More people with every advantage come than the window can take."""
    chance = random.Random(3)
    weights = {"a": 1.0, "b": 3.0}
    line: list[Queued] = []
    served: dict[int, float] = {}
    came: dict[int, tuple[float, bool]] = {}
    for minute in range(1500):
        for _ in range(2 if minute < 900 else 0):
            is_plain = chance.random() < 0.2
            key = len(came) + 1
            came[key] = (minute, is_plain)
            ahead = 0 if is_plain else 240
            service = "a" if is_plain else "b"
            line.append(queued(key, service, minute - ahead))
        found = next_ticket(line, counter="w1", weights=weights, now=at(minute))
        if found is not None:
            line.remove(found)
            served[found.key] = minute
    early = [k for k, (minute, plain) in came.items() if plain and minute < 100]
    assert early
    assert all(key in served for key in early)
