"""The devices' end of a caller line, byte by byte, for driver tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from support.driving import Driving, RecordingContext, driving

from devices.ff68.frames import Ff68Framer, Message
from devices.site import Counter, DeviceEntry, HallInfo, Site
from drivers.ff68.driver import CallerBusDriver
from drivers.transports.memory import MemoryListener, MemoryTransport, memory_listener

_NAMES = itertools.count(1)


def entry(url: str, **parameters: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {
            "id": "bus-1",
            "driver": "ff68",
            "url": url,
            "units": [
                {"address": 1, "counter": "w1", "evaluator": True},
                {"address": 5, "counter": "w5", "evaluator": True},
            ],
            "frame_gap_ms": 1,
            **parameters,
        }
    )


def site(device: DeviceEntry) -> Site:
    return Site(
        hall=HallInfo(id="test"),
        counters=[Counter(id="w1", number=1), Counter(id="w5", number=5)],
        devices=[device],
    )


class FarEnd:
    """All devices of a line; `echoing` gives every byte back."""

    def __init__(self, listener: MemoryListener, *, echoing: bool = False) -> None:
        self._listener = listener
        self._echoing = echoing
        self._line: MemoryTransport | None = None
        self._framer = Ff68Framer()
        self._said: list[Message] = []

    async def accept(self) -> None:
        """Take the driver's next connection."""
        self._line = await self._listener.accept()
        self._framer.reset()
        self._said.clear()

    async def send(self, *data: bytes) -> None:
        """Send portions; a portion is read in one piece."""
        assert self._line is not None
        for portion in data:
            await self._line.write(portion)
            await asyncio.sleep(0)

    async def hear(self) -> Message:
        """The next frame of the host."""
        assert self._line is not None
        while not self._said:
            data = await self._line.read()
            if self._echoing:
                await self._line.write(data)
            self._said += self._framer.feed(data)
            assert self._framer.errors == 0
        return self._said.pop(0)

    async def hear_all(self, count: int) -> list[Message]:
        """The next frames of the host."""
        return [await self.hear() for _ in range(count)]

    async def hear_until_silent(self, seconds: float) -> list[Message]:
        """The host's frames until it says nothing for so long."""
        said: list[Message] = []
        while True:
            try:
                async with asyncio.timeout(seconds):
                    said.append(await self.hear())
            except TimeoutError:
                return said

    async def is_silent(self, seconds: float = 0.1) -> bool:
        """Whether the host says nothing for so long."""
        return not await self.hear_until_silent(seconds)

    async def cut(self) -> None:
        """Break the line."""
        assert self._line is not None
        await self._line.close()


@dataclass(slots=True)
class Setup:
    """A driver under way on a line that a test plays."""

    context: RecordingContext
    far: FarEnd
    driving: Driving


@asynccontextmanager
async def on_a_line(
    *,
    remembered: dict[str, Any] | None = None,
    echoing: bool = False,
    clock: Callable[[], datetime] | None = None,
    **parameters: Any,
) -> AsyncIterator[Setup]:
    with memory_listener(f"ff68-{next(_NAMES)}") as listener:
        device = entry(listener.url, **parameters)
        context = RecordingContext(
            device, site(device), clock=clock, remembered=remembered
        )
        far = FarEnd(listener, echoing=echoing)
        async with driving(CallerBusDriver, device, context) as under_way:
            await far.accept()
            yield Setup(context, far, under_way)
