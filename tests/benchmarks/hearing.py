"""What a running hall tells over MQTT, with when it was told."""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from benchmarks.hall import RunningHall

from bus.address import BrokerAddress
from bus.client import BusClient, Message

PATIENCE_S: Final = 120.0


class Acks:
    """When the events of a lane were committed, as the bridge tells it."""

    def __init__(self) -> None:
        self.last = 0
        self._told: list[tuple[int, float]] = []
        self._moved = asyncio.Event()

    def take(self, message: Message) -> None:
        """Take an acknowledgement: everything up to it is committed."""
        sequence = json.loads(message.payload)["sequence"]
        if sequence > self.last:
            self.last = sequence
            self._told.append((sequence, asyncio.get_running_loop().time()))
            self._moved.set()

    async def reach(self, sequence: int) -> None:
        """Wait until an event is committed."""
        async with asyncio.timeout(PATIENCE_S):
            while self.last < sequence:
                self._moved.clear()
                await self._moved.wait()

    def at(self, sequence: int) -> float:
        """When an event was committed, by the loop's time."""
        return self._told[bisect_left(self._told, (sequence, 0.0))][1]


class Standing:
    """What a clock's node says: when it was ready, and how far its log was read."""

    def __init__(self) -> None:
        self.ready_at: float | None = None
        self._covered = asyncio.Event()
        self._since = 0.0

    def take_status(self, message: Message) -> None:
        """The moment of the first `ready`, by the loop's time."""
        told = json.loads(message.payload)
        at = loop_time(told["since"])
        if told["state"] == "ready" and self.ready_at is None and at >= self._since:
            self.ready_at = at

    def take_value(self, message: Message) -> None:
        """Coverage that begins after the watch began."""
        until = json.loads(message.payload).get("coverage", {}).get("until")
        if until is not None and loop_time(until) >= self._since:
            self._covered.set()

    def begin(self) -> None:
        """Look at what comes from now on."""
        self._since = asyncio.get_running_loop().time()

    async def covered(self) -> float:
        """Wait until the whole log was read; seconds since it was ready."""
        async with asyncio.timeout(PATIENCE_S):
            await self._covered.wait()
        now = asyncio.get_running_loop().time()
        return now - (self.ready_at if self.ready_at is not None else now)


def loop_time(moment: str) -> float:
    """A moment that was told, by the loop's time; both clocks are this machine's."""
    past_s = time.time() - datetime.fromisoformat(moment).timestamp()
    return asyncio.get_running_loop().time() - past_s


@asynccontextmanager
async def hearing(
    hall: RunningHall, handlers: Mapping[str, Callable[[Message], None]]
) -> AsyncIterator[None]:
    """Hear topics while the block runs."""
    client = BusClient(BrokerAddress.parse(hall.mqtt), "bench-watcher")
    for topic, handler in handlers.items():
        client.subscribe(topic, handler)
    running = asyncio.create_task(client.run())
    try:
        await client.wait_connected()
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
