"""Simulated text displays of any driver, hosted, and the driver that runs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from support.driving import Driving, RecordingContext, driving

from devices.site import DeviceEntry, HallInfo, Site
from drivers.registry import find_driver
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

CALL: Final = "请A001号到1号窗口"
IDLE: Final = "热情为您服务"
HALL: Final = HallInfo(id="test")
QUICK: Final = {"refresh_min_s": 0.01, "idle_after_s": 60, "width": 192}
PATIENT: Final = {"reply_timeout_s": 20, "set_clock": False}
"""Slow machines must not make a timeout where the test wants none."""


def keys_of(driver: str) -> dict[str, Any]:
    return QUICK | ({} if driver == "eq2013" else PATIENT)


def entry_of(driver: str, url: str, **keys: Any) -> DeviceEntry:
    body = {"id": "led", "driver": driver, "url": url, **keys_of(driver), **keys}
    return DeviceEntry.model_validate(body)


@asynccontextmanager
async def card(driver: str, url: str, **keys: Any) -> AsyncIterator[Hosted]:
    entry = entry_of(driver, url, **keys)
    simulator = build_simulator(entry, Site(hall=HALL, devices=[entry]))

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), HALL.zone)

    async with host(simulator, url, clock=clock) as hosted:
        yield hosted
        assert hosted.failure == ""


@asynccontextmanager
async def driven(
    driver: str,
    hosted: Hosted,
    *,
    clock: Callable[[], datetime] | None = None,
    **keys: Any,
) -> AsyncIterator[tuple[RecordingContext, Driving]]:
    entry = entry_of(driver, hosted.url, **keys)
    site = Site(hall=HALL, devices=[entry])
    context = RecordingContext(entry, site, clock=clock)
    async with driving(find_driver(driver), entry, context) as under_way:
        yield context, under_way


async def until(holds: Callable[[], Any]) -> None:
    """Wait for something that the simulated card alone knows."""
    while not holds():  # noqa: ASYNC110 - the card has no events to wait for
        await asyncio.sleep(0.002)


async def shows(hosted: Hosted, *texts: str) -> None:
    await until(lambda: hosted.view()["texts"] == list(texts))


def url_of(wire: str, folder: Path) -> str:
    return (
        "tcp://127.0.0.1:0"
        if wire == "tcp"
        else f"serial:{folder / 'led'}?baudrate=9600"
    )
