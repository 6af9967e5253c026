"""A simulated Onbon card, hosted, and the driver that runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from support.driving import Driving, RecordingContext, driving
from support.onbon_vectors import load_vectors

from devices.site import DeviceEntry, HallInfo, Site
from drivers.onbon.driver import OnbonDriver
from drivers.transports.memory import MemoryListener, memory_listener
from simulators.hosting.host import Hosted, host
from simulators.onbon.simulator import OnbonCard, OnbonCardParameters

CALL = "请A001号到1号窗口"
IDLE = "热情为您服务"
HALL = HallInfo(id="test")
QUICK = {"refresh_min_s": 0.01, "reply_timeout_s": 20, "idle_after_s": 60}
"""Slow machines must not make a timeout where the test wants none."""
VECTORS = load_vectors()


def wall_clock() -> datetime:
    return datetime.fromtimestamp(time.time(), HALL.zone)


def entry_of(url: str, **parameters: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {"id": "led", "driver": "onbon", "url": url, **parameters}
    )


@asynccontextmanager
async def card(
    url: str = "tcp://127.0.0.1:0", **parameters: Any
) -> AsyncIterator[Hosted]:
    entry = entry_of(url)
    simulator = OnbonCard(
        entry, OnbonCardParameters(**parameters), Site(hall=HALL, devices=[entry])
    )
    async with host(simulator, url, clock=wall_clock) as hosted:
        yield hosted
        assert hosted.failure == ""


@asynccontextmanager
async def driven(
    hosted: Hosted, context: RecordingContext | None = None, **parameters: Any
) -> AsyncIterator[tuple[RecordingContext, Driving]]:
    entry = entry_of(hosted.url, **(QUICK | parameters))
    context = context or context_of(entry)
    async with driving(OnbonDriver, entry, context) as under_way:
        yield context, under_way


def context_of(entry: DeviceEntry, **arguments: Any) -> RecordingContext:
    return RecordingContext(entry, Site(hall=HALL, devices=[entry]), **arguments)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that the simulated card alone knows."""
    while not holds():  # noqa: ASYNC110 - the card has no events to wait for
        await asyncio.sleep(0.002)


async def shows(hosted: Hosted, text: str) -> None:
    await until(lambda: hosted.view()["texts"] == [text])


@asynccontextmanager
async def hand_played(
    name: str, **parameters: Any
) -> AsyncIterator[tuple[RecordingContext, MemoryListener]]:
    """A driver whose card is played by the test, byte by byte."""
    entry = entry_of(f"memory:{name}", **(QUICK | {"set_clock": False} | parameters))
    context = context_of(entry)
    with memory_listener(name) as listener:
        async with driving(OnbonDriver, entry, context):
            yield context, listener
