from __future__ import annotations

from itertools import product

import pytest

from bridge.domain.errors import NoTicketError
from bridge.domain.queue import (
    OPEN,
    TRANSITIONS,
    TicketAction,
    counter_state,
    next_state,
    ticket_number,
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
                A.NEXT,
                A.RETURN,
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
                A.NEXT,
                A.EXPIRE,
            },
        ),
        (S.HELD, {A.RESUME, A.CALL, A.RETURN, A.EXPIRE}),
        (S.TRANSFERRED, {A.CALL, A.EXPIRE}),
        (S.WAITING_RATING, {A.FINISH, A.CLOSE, A.NEXT, A.EXPIRE}),
        (S.NO_SHOW, {A.CALL, A.REJOIN}),
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


def test_the_table_holds_known_words_alone() -> None:
    assert set(TRANSITIONS) <= set(product(S, A))
