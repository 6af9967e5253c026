from __future__ import annotations

import random
from itertools import product

import pytest

from bridge.domain.errors import NoTicketError
from bridge.domain.queue import (
    AT_WINDOW,
    OPEN,
    QUEUED,
    TRANSITIONS,
    Queued,
    TicketAction,
    counter_state,
    estimated_wait_s,
    next_state,
    next_ticket,
    ticket_number,
    waiting_before,
)
from bridge.domain.views import CounterState, TicketState

S, A = TicketState, TicketAction


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (S.WAITING, {A.CALL, A.EXPIRE}),
        (
            S.CALLED,
            {
                A.RECALL,
                A.START,
                A.FINISH,
                A.RATE,
                A.NO_SHOW,
                A.HOLD,
                A.TRANSFER,
                A.EXPIRE,
            },
        ),
        (
            S.SERVING,
            {
                A.RECALL,
                A.START,
                A.FINISH,
                A.RATE,
                A.NO_SHOW,
                A.HOLD,
                A.TRANSFER,
                A.EXPIRE,
            },
        ),
        (S.HELD, {A.RESUME, A.CALL, A.EXPIRE}),
        (S.TRANSFERRED, {A.CALL, A.EXPIRE}),
        (S.WAITING_RATING, {A.FINISH, A.CLOSE, A.EXPIRE}),
        (S.NO_SHOW, {A.CALL}),
        (S.FINISHED, set()),
        (S.EXPIRED, set()),
    ],
)
def test_each_state_allows_these_actions_alone(
    state: TicketState, allowed: set[TicketAction]
) -> None:
    assert {action for action in A if (state, action) in TRANSITIONS} == allowed
    for action in set(A) - allowed:
        with pytest.raises(NoTicketError, match=action):
            next_state(state, action)


def test_every_open_ticket_ends_with_the_day() -> None:
    for state in S:
        ends = (state, A.EXPIRE) in TRANSITIONS
        assert ends is (state in OPEN)
        if ends:
            assert next_state(state, A.EXPIRE) not in OPEN


def test_every_state_can_be_reached() -> None:
    assert set(TRANSITIONS.values()) | {S.WAITING} == set(S)


@pytest.mark.parametrize(
    ("count", "number"),
    [(1, "A001"), (42, "A042"), (999, "A999"), (1000, "A1000"), (10000, "A10000")],
)
def test_numbers_have_at_least_three_digits(count: int, number: str) -> None:
    assert ticket_number("A", count) == number


@pytest.mark.parametrize(
    ("paused", "ticket", "state"),
    [
        (False, None, CounterState.IDLE),
        (False, S.CALLED, CounterState.CALLING),
        (False, S.SERVING, CounterState.SERVING),
        (False, S.WAITING_RATING, CounterState.SERVING),
        (True, None, CounterState.PAUSED),
        (True, S.SERVING, CounterState.PAUSED),
    ],
)
def test_what_a_window_does(
    paused: bool,  # noqa: FBT001 - a row of the table
    ticket: TicketState | None,
    state: CounterState,
) -> None:
    assert counter_state(paused=paused, ticket=ticket) is state


def queued(place: int, service: str = "a", only: str | None = None) -> Queued:
    return Queued(id=str(place), service=service, place=place, only_counter=only)


def test_the_oldest_of_the_windows_services_is_next() -> None:
    tickets = [queued(3, "b"), queued(2, "c"), queued(1, "d"), queued(4, "a")]
    chosen = next_ticket(tickets, counter="w1", services=["a", "b"])
    assert chosen is not None
    assert chosen.place == 3


def test_a_ticket_for_one_window_is_for_no_other() -> None:
    tickets = [queued(1, "a", only="w2"), queued(2, "a")]
    assert next_ticket(tickets, counter="w1", services=["a"]) == tickets[1]
    assert next_ticket(tickets, counter="w2", services=[]) == tickets[0]
    assert next_ticket([], counter="w1", services=["a"]) is None


def test_only_older_ones_of_the_same_service_stand_before() -> None:
    tickets = [queued(1, "a"), queued(2, "b"), queued(3, "a"), queued(5, "a")]
    assert waiting_before(tickets, queued(4, "a")) == 2


@pytest.mark.parametrize(
    ("waiting", "durations", "windows", "expected"),
    [
        (4, [100.0, 200.0], 2, 300),
        (0, [100.0], 1, 0),
        (4, [], 2, None),
        (4, [100.0], 0, None),
        (1, [0.0, 60.0], 1, 60),
        (1, [60.0] * 20 + [9999.0], 1, 60),
    ],
)
def test_the_wait_is_people_times_time_over_windows(
    waiting: int, durations: list[float], windows: int, expected: int | None
) -> None:
    assert estimated_wait_s(waiting, durations, windows) == expected


WINDOWS = {"w1": ["a"], "w2": ["a", "b"], "w3": ["b"]}


def test_no_ticket_is_called_twice_and_none_is_skipped() -> None:
    """Random interleavings of three windows, by the rules alone."""
    for seed in range(1000):
        calls, issued = run_a_day(seed)
        assert sorted(calls) == issued, seed


def run_a_day(seed: int) -> tuple[list[int], list[int]]:
    chance = random.Random(seed)
    state: dict[int, TicketState] = {}
    service: dict[int, str] = {}
    at: dict[str, int] = {}
    calls: list[int] = []

    def call(window: str) -> None:
        line = [queued(n, service[n]) for n, s in state.items() if s in QUEUED]
        chosen = next_ticket(line, counter=window, services=WINDOWS[window])
        if chosen is None:
            assert not any(q.service in WINDOWS[window] for q in line)
            return
        mine = [q.place for q in line if q.service in WINDOWS[window]]
        assert chosen.place == min(mine)
        state[chosen.place] = next_state(state[chosen.place], A.CALL)
        at[window] = chosen.place
        calls.append(chosen.place)

    for _ in range(40):
        window = chance.choice(list(WINDOWS))
        if chance.random() < 0.4:
            number = len(state) + 1
            state[number], service[number] = S.WAITING, chance.choice("ab")
        elif window not in at:
            call(window)
        else:
            action = chance.choice([A.START, A.RECALL, A.FINISH, A.NO_SHOW])
            ticket = at[window]
            state[ticket] = next_state(state[ticket], action)
            if state[ticket] not in AT_WINDOW:
                del at[window]
    for window in [*WINDOWS, *WINDOWS]:
        for _ in state:
            if window in at:
                state[at[window]] = next_state(state[at[window]], A.FINISH)
                del at[window]
            call(window)
    return calls, sorted(state)


def test_the_table_holds_known_words_alone() -> None:
    assert set(TRANSITIONS) <= set(product(S, A))
