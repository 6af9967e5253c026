"""A log is journalled little ahead of a bridge that takes it, and never waits for one
that does not.
"""

from __future__ import annotations

import asyncio

import pytest

from devices.events import Lane
from devices.topics import Topics
from drivers.node import lane_publisher
from drivers.node.journal_rows import Row, Track
from drivers.node.lane_publisher import AHEAD, LanePublisher

EPOCH = "e1"


class Bus:
    """A bus that takes everything."""

    connected = True
    inflight = 0

    def publish(self, topic: str, payload: bytes) -> bool:
        del topic, payload
        return True

    async def drained(self, *, size_bytes: int = 0) -> None:
        del size_bytes


async def no_rows(epoch: str, lane: Lane, first: int, limit: int) -> list[Row]:
    del epoch, lane, first, limit
    return []


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def lane(bus: Bus) -> LanePublisher:
    """A lane with more than enough ahead."""
    lane = LanePublisher(
        Lane.CLOCK,
        [Track(epoch=EPOCH, last=AHEAD + 10, acked=0)],
        topics=Topics("test"),
        bus=bus,
        read=no_rows,
    )
    lane.open()
    return lane


async def waits(lane: LanePublisher) -> asyncio.Task[None]:
    """A call of `room` that has begun to wait."""
    task = asyncio.create_task(lane.room())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_log_waits_while_the_bridge_takes_it(lane: LanePublisher) -> None:
    task = await waits(lane)
    lane.acked(EPOCH, 5)
    await asyncio.sleep(0)
    assert not task.done()
    lane.acked(EPOCH, 10)
    await task


async def test_nobody_waits_for_a_bridge_that_is_away(
    lane: LanePublisher, bus: Bus
) -> None:
    bus.connected = False
    await lane.room()


async def test_a_bridge_that_stands_still_is_waited_for_once(
    lane: LanePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_publisher, "TAKES_S", 0.001)
    await lane.room()
    monkeypatch.setattr(lane_publisher, "TAKES_S", 3600)
    await lane.room()
    lane.acked(EPOCH, 1)
    task = await waits(lane)
    lane.acked(EPOCH, AHEAD)
    await task
