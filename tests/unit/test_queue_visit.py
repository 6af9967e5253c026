"""What somebody gets who draws again, by the rule alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.views import TicketState
from bridge.domain.visit import Again, Held, drawn_again

S = TicketState
NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def held(
    services: str, state: TicketState = S.WAITING, *, key: int = 1, after_min: int = 0
) -> Held:
    """A ticket for services of one letter each, the present one first."""
    return Held(
        key=key,
        state=state,
        service=services[0],
        next_services=tuple(services[1:]),
        turn=NINE + timedelta(minutes=after_min),
    )


@pytest.mark.parametrize(
    ("ticket", "wanted", "added"),
    [
        (held("a"), "a", ""),
        (held("a", S.TRANSFERRED), "a", ""),
        (held("a"), "ab", "b"),
        (held("a"), "ba", "b"),
        (held("ab"), "b", ""),
        (held("ab"), "bc", "c"),
        (held("ab"), "abcd", "cd"),
        (held("ab", S.CALLED), "b", ""),
        (held("ab", S.SERVING), "ba", ""),
        (held("ab", S.HELD), "bc", "c"),
        (held("ab", S.WAITING_RATING), "b", ""),
        (held("a"), "b", None),
        (held("a", S.CALLED), "a", None),
        (held("a", S.SERVING), "ab", None),
        (held("a", S.HELD), "a", None),
        (held("ab", S.NO_SHOW), "ab", None),
        (held("ab", S.FINISHED), "b", None),
        (held("ab", S.EXPIRED), "ab", None),
    ],
)
def test_a_ticket_that_waits_for_what_is_wanted_stands_for_it(
    ticket: Held, wanted: str, added: str | None
) -> None:
    told = None if added is None else Again(key=1, added=tuple(added))
    assert drawn_again([ticket], tuple(wanted)) == told


def test_who_holds_nothing_gets_a_number() -> None:
    assert drawn_again([], ("a",)) is None


@pytest.mark.parametrize(
    ("tickets", "wanted", "told"),
    [
        # the one that is called first, whatever was named or drawn first
        ([held("a", after_min=5), held("b", key=2)], "ab", Again(key=2, added=())),
        ([held("b", key=2), held("a", key=1)], "ba", Again(key=1, added=())),
        # what another ticket of theirs is for is not waited for twice
        ([held("a"), held("b", key=2, after_min=1)], "abc", Again(key=1, added=("c",))),
        ([held("a", S.SERVING), held("b", key=2)], "ba", Again(key=2, added=("a",))),
    ],
)
def test_of_several_tickets_the_one_whose_turn_is_first(
    tickets: Sequence[Held], wanted: str, told: Again
) -> None:
    assert drawn_again(tickets, tuple(wanted)) == told
