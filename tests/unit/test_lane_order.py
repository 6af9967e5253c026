from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.domain.order import MAX_HELD, Held, digest
from devices.events import CloudEvent, Lane, Place, event_id

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def event(sequence: int, **more: object) -> CloudEvent:
    place = Place(node="n", epoch="e", lane=Lane.DESK, sequence=sequence)
    values: dict[str, object] = {
        "id": event_id(place),
        "source": "urn:halld:test:dev:bus-1",
        "type": "caller.key",
        "subject": "bus-1",
        "time": NOW,
        "received": NOW,
        "place": place,
        "data": {"key": "call"},
    }
    return CloudEvent(**{**values, **more})  # type: ignore[arg-type]


def numbers(events: Sequence[CloudEvent]) -> list[int]:
    return [each.place.sequence for each in events]


@pytest.mark.parametrize(
    ("last", "arrivals", "taken", "known", "missing"),
    [
        (0, [1, 2, 3], [1, 2, 3], [], None),
        (3, [1, 2, 3], [], [1, 2, 3], None),
        (2, [2, 3, 4], [3, 4], [2], None),
        (0, [2, 1], [1, 2], [], None),
        (0, [3, 5], [], [], (1, 2)),
        (0, [1, 4, 3], [1], [], (2, 2)),
        (0, [1, 1, 2, 1], [1, 2], [1, 1], None),
        (0, [2, 2, 1], [1, 2], [], None),
    ],
)
def test_a_lane_is_put_in_order(
    last: int,
    arrivals: list[int],
    taken: list[int],
    known: list[int],
    missing: tuple[int, int] | None,
) -> None:
    found = Held().sort(last, [event(number) for number in arrivals])
    assert numbers(found.taken) == taken
    assert numbers(found.known) == known
    assert found.missing == missing


def test_what_lies_beyond_a_gap_waits_for_it() -> None:
    held = Held()
    assert held.sort(0, [event(2), event(3)]).missing == (1, 1)
    assert numbers(held.sort(0, [event(1)]).taken) == [1, 2, 3]
    assert not held.events


def test_a_lost_range_lets_the_rest_go() -> None:
    held = Held()
    held.sort(0, [event(4), event(5)])
    assert numbers(held.sort(3, []).taken) == [4, 5]


def test_what_waits_is_bounded_and_the_nearest_is_kept() -> None:
    held = Held()
    held.sort(0, [event(number) for number in range(2, MAX_HELD + 500)])
    assert min(held.events) == 2
    assert len(held.events) == MAX_HELD


def test_any_order_with_losses_and_doubles_ends_complete() -> None:
    for seed in range(200):
        assert take_in_disorder(seed) == list(range(1, 31)), seed


def take_in_disorder(seed: int) -> list[int]:
    chance = random.Random(seed)
    held, last = Held(), 0
    taken: list[int] = []
    while last < 30:
        arrivals = [chance.randrange(max(1, last - 3), 31) for _ in range(8)]
        if chance.random() < 0.3:  # a replay
            arrivals = list(range(last + 1, 31))
        found = held.sort(last, [event(number) for number in arrivals])
        taken += numbers(found.taken)
        last += len(found.taken)
        assert all(number <= last for number in numbers(found.known))
    return taken


def test_two_events_at_one_place_end_what_is_taken() -> None:
    other = event(2, data={"key": "recall"})
    arrivals = [event(1), event(2), event(3), event(1), other, event(4)]
    found = Held().sort(0, arrivals)
    assert numbers(found.taken) == [1, 2, 3]
    assert found.known == [event(1), other]


def test_content_tells_events_of_one_place_apart() -> None:
    assert digest(event(1)) == digest(event(1, received=NOW.replace(year=2027)))
    assert digest(event(1)) != digest(event(1, data={"key": "recall"}))
    assert digest(event(1)) != digest(event(1, time=NOW.replace(hour=1)))


def test_the_way_a_punch_took_is_not_its_content() -> None:
    data = {"user_id": "7", "direction": "in", "method": "face", "raw": "00"}
    live = event(1, id="7:20260302T090000", data={**data, "live": True})
    log = event(9, id="7:20260302T090000", data={**data, "raw": "ff"})
    assert digest(live) == digest(log)
    other = replace(log, data={**data, "direction": "out"})
    assert digest(live) != digest(other)
