"""How a lane's events are put into messages."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from devices.events import MAX_BATCH, MAX_PAYLOAD, Lane
from drivers.node.journal_rows import Row
from drivers.node.lane_messages import is_batch, messages_of, payload_of


def row(
    sequence: int, *, device: str = "bus-1", bulk: bool = False, size: int = 2
) -> Row:
    return Row(
        epoch="e",
        lane=Lane.DESK,
        sequence=sequence,
        device=device,
        type="caller.key",
        bulk=bulk,
        body=b'"' + b"x" * (size - 2) + b'"',
    )


def test_live_events_travel_alone() -> None:
    messages = messages_of([row(1), row(2), row(3)])
    assert [len(message) for message in messages] == [1, 1, 1]
    assert not any(is_batch(message) for message in messages)
    assert payload_of(messages[0]) == b'""'


def test_a_backfill_travels_together_and_even_one_is_an_array() -> None:
    messages = messages_of([row(1, bulk=True), row(2, bulk=True), row(3)])
    assert [len(message) for message in messages] == [2, 1]
    assert json.loads(payload_of(messages[0])) == ["", ""]
    (alone,) = messages_of([row(1, bulk=True)])
    assert json.loads(payload_of(alone)) == [""]


def test_a_lane_that_lags_joins_live_events_of_one_device() -> None:
    rows = [row(1), row(2), row(3, device="bus-2"), row(4)]
    messages = messages_of(rows, together=True)
    assert [[r.sequence for r in message] for message in messages] == [[1, 2], [3], [4]]
    assert is_batch(messages[0])
    assert not is_batch(messages[1])


@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(["bus-1", "bus-2"]),
            st.booleans(),
            st.integers(2, MAX_PAYLOAD // 3),
        ),
        max_size=60,
    ),
    together=st.booleans(),
)
def test_order_and_limits_hold(
    *, drawn: list[tuple[str, bool, int]], together: bool
) -> None:
    rows = [
        row(number, device=device, bulk=bulk, size=size)
        for number, (device, bulk, size) in enumerate(drawn, 1)
    ]
    messages = messages_of(rows, together=together)
    assert [r for message in messages for r in message] == rows
    for message in messages:
        assert len({(r.device, r.bulk) for r in message}) == 1
        assert len(message) <= MAX_BATCH
        assert len(payload_of(message)) <= MAX_PAYLOAD


def test_a_batch_holds_at_most_five_hundred() -> None:
    sizes = [len(m) for m in messages_of([row(n, bulk=True) for n in range(1, 1202)])]
    assert sizes == [MAX_BATCH, MAX_BATCH, 201]
