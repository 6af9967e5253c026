"""What a node keeps: seven days of what the bridge has, and all that it has not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bus.address import BrokerAddress
from bus.client import BusClient, Message
from devices.commands import Ack
from devices.events import Lane
from devices.topics import Topics
from drivers.node.alarms import Alarms
from drivers.node.journal import Journal
from drivers.node.journal_rows import Draft
from drivers.node.publisher import Publisher

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TOPICS = Topics("t")


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Keeper:
    """A node's journal and publisher, a day older after each event."""

    journal: Journal
    publisher: Publisher
    clock: Clock

    async def journal_a_day(self, *lanes: Lane) -> None:
        drafts = [
            Draft(
                device="d",
                type="caller.key",
                lane=lane,
                source="urn:d",
                time=self.clock.now,
                received=self.clock.now,
                data={"key": "call"},
            )
            for lane in lanes
        ]
        await self.journal.append(drafts)
        self.clock.now += DAY

    def hear(self, sequence: int, *, store: str = "s-1") -> None:
        epoch = self.journal.store.epoch
        ack = Ack(store=store, epoch=epoch, sequence=sequence)
        topic = TOPICS.ack("main", Lane.DESK)
        message = Message(topic=topic, payload=ack.encode(), retain=False)
        self.publisher.take_ack(message)

    async def kept(self, lane: Lane = Lane.DESK) -> list[int]:
        await self.publisher.trim()
        rows = await self.journal.rows(self.journal.store.epoch, lane, 1, -1)
        return [row.sequence for row in rows]


@asynccontextmanager
async def keeping(data: Path, clock: Clock) -> AsyncIterator[Keeper]:
    journal = await Journal.open(data, "main", clock=clock)
    publisher = await Publisher.make(
        journal=journal,
        bus=BusClient(BrokerAddress(host="127.0.0.1"), "unconnected"),
        topics=TOPICS,
        node="main",
        alarms=Alarms(clock),
    )
    yield Keeper(journal, publisher, clock)
    await journal.close()


@asynccontextmanager
async def ten_days(data: Path) -> AsyncIterator[Keeper]:
    """A node that was started again after ten days, with an event a day."""
    clock = Clock()
    async with keeping(data, clock) as keeper:
        for _ in range(10):
            await keeper.journal_a_day(*Lane)
    async with keeping(data, clock) as keeper:
        yield keeper


async def test_a_node_that_never_hears_a_bridge_keeps_all(tmp_path: Path) -> None:
    async with ten_days(tmp_path) as keeper:
        keeper.clock.now += 1000 * DAY
        assert await keeper.kept() == list(range(1, 11))


async def test_what_is_acked_is_kept_for_seven_days(tmp_path: Path) -> None:
    async with ten_days(tmp_path) as keeper:
        keeper.hear(10)
        assert await keeper.kept() == [4, 5, 6, 7, 8, 9, 10]
        keeper.clock.now += 3 * DAY
        assert await keeper.kept() == [7, 8, 9, 10]


async def test_what_is_not_acked_is_kept_however_old(tmp_path: Path) -> None:
    async with ten_days(tmp_path) as keeper:
        keeper.hear(2)
        keeper.clock.now += 1000 * DAY
        assert await keeper.kept() == list(range(3, 11))
        assert await keeper.kept(Lane.CLOCK) == list(range(1, 11))


async def test_another_store_trims_nothing(tmp_path: Path) -> None:
    async with ten_days(tmp_path) as keeper:
        keeper.hear(2)
        keeper.hear(10, store="s-2")
        assert await keeper.kept() == list(range(3, 11))


async def test_what_the_bridge_must_still_compare_is_kept(tmp_path: Path) -> None:
    async with ten_days(tmp_path) as keeper:
        clock = keeper.clock
        for _ in range(2):  # heard by nobody, as in a journal that was put back
            await keeper.journal_a_day(Lane.DESK)
    async with keeping(tmp_path, clock) as keeper:
        clock.now += 1000 * DAY
        keeper.hear(11)
        assert await keeper.kept() == [11, 12]
