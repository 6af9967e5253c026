"""A simulated caller line with strips on it, and the drivers of all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from support.driving import Driving, RecordingContext, driving

from devices.kinds import DeviceState
from devices.site import DeviceEntry, Site
from drivers.ff68.driver import CallerBusDriver
from drivers.strip.driver import StripDriver
from simulators.hosting.host import Hosted, host, ride
from simulators.registry import build_simulator


@dataclass(slots=True)
class StripHall:
    """A line, its strips, and what their drivers tell."""

    line: Hosted
    strips: dict[str, Hosted]
    bus: RecordingContext
    contexts: dict[str, RecordingContext]
    drivers: dict[str, Driving]

    def texts(self, name: str = "strip-1") -> list[str]:
        found: list[str] = self.strips[name].view()["texts"]
        return found

    async def shows(self, text: str, name: str = "strip-1") -> None:
        """Wait until a strip shows a text."""
        await until(lambda: self.texts(name) == ([text] if text else []))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something of the simulated line."""
    while not holds():  # noqa: ASYNC110 - the line tells nobody what it shows
        await asyncio.sleep(0.005)


def strip_site(
    url: str, *, strips: int = 1, bus: dict[str, Any] | None = None, **keys: Any
) -> Site:
    """A hall with a line `bus-1` and `strip-1`, `strip-2` ... on it."""
    line = {
        "id": "bus-1",
        "driver": "ff68",
        "url": url,
        "units": [{"address": 1, "counter": "w1", "evaluator": True}],
        "frame_gap_ms": 1,
        **(bus or {}),
    }
    hung = [
        {
            "id": f"strip-{n}",
            "driver": "strip",
            "bus": "bus-1",
            "address": n,
            "counter": "w1",
            "idle_after_s": 0,
            **keys,
        }
        for n in range(1, strips + 1)
    ]
    return Site.model_validate(
        {
            "hall": {"id": "test"},
            "services": [{"id": "reg", "prefix": "A"}],
            "counters": [{"id": "w1", "number": 1, "services": ["reg"]}],
            "devices": [line, *hung],
        }
    )


def wall_clock(site: Site) -> Callable[[], datetime]:
    """The host's clock in the hall's zone."""
    return lambda: datetime.fromtimestamp(time.time(), site.hall.zone)


@asynccontextmanager
async def strip_hall(
    wire: str = "tcp", folder: Path | None = None, **keys: Any
) -> AsyncIterator[StripHall]:
    place = f"serial:{folder}/bus" if wire == "serial" else "tcp://127.0.0.1:0"
    site = strip_site(place, **keys)
    clock = wall_clock(site)
    async with AsyncExitStack() as stack:
        first, *hung = (build_simulator(device, site) for device in site.devices)
        line = await stack.enter_async_context(host(first, place, clock=clock))
        strips = {
            each.device.id: await stack.enter_async_context(
                ride(each, line, clock=clock)
            )
            for each in hung
        }
        site = strip_site(line.url, **keys)
        shared: dict[type, Any] = {}
        contexts: dict[str, RecordingContext] = {}
        drivers: dict[str, Driving] = {}
        for device in site.devices:
            model = StripDriver if device.driver == "strip" else CallerBusDriver
            context = RecordingContext(device, site, shared=shared)
            contexts[device.id] = context
            drivers[device.id] = await stack.enter_async_context(
                driving(model, device, context)
            )
        hall = StripHall(line, strips, contexts["bus-1"], contexts, drivers)
        for context in contexts.values():
            await context.wait_state(DeviceState.READY)
        await until(lambda: line.sessions > 0)
        yield hall
        assert line.failure == ""
        assert {each.failure for each in strips.values()} <= {""}


def device(site: Site, name: str) -> DeviceEntry:
    """A device of a hall that has it."""
    found = site.device(name)
    assert found is not None
    return found
