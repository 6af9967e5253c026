from __future__ import annotations

from bus.backoff import Backoff


def test_it_doubles_up_to_its_cap() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.5, cap_s=3.0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_it_spreads_over_the_upper_half() -> None:
    backoff = Backoff(lambda: 0.0, first_s=4.0, cap_s=4.0)
    assert backoff.next_s() == 2.0


def test_it_begins_anew_after_success() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.5, cap_s=30.0)
    backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_a_year_of_tries_does_no_harm() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.5, cap_s=30.0)
    assert max(backoff.next_s() for _ in range(10_000)) == 30.0
