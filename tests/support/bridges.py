"""Halls and bridges for tests: a hall file, a store below tmp_path, a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.mqtt.link import BridgeLink
from bridge.service.hall import Hall, open_hall
from bus.address import BrokerAddress
from bus.broker import EmbeddedBroker
from devices.site import Site

IDLE = "热情为您服务"
PAUSED = "暂停服务"


class Clock:
    """A clock that tests set; it stands still otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_s(self, seconds: float) -> datetime:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)
        return self.time


def make_site(**more: Any) -> Site:
    """A hall with two services, two windows and one of each display."""
    body = {
        "hall": {"id": "test", "name": "测试大厅"},
        "services": [
            {"id": "reg", "prefix": "A", "name": "企业登记"},
            {"id": "idcard", "prefix": "B", "name": "身份证"},
        ],
        "counters": [
            {"id": "w1", "number": 1, "services": ["reg"], "area": "hall"},
            {"id": "w2", "number": 2, "services": ["reg", "idcard"], "area": "hall"},
            {"id": "w3", "number": 3, "services": ["idcard"], "area": "upstairs"},
        ],
        "areas": [{"id": "hall", "name": "一楼"}, {"id": "upstairs", "name": "二楼"}],
        "devices": [
            {
                "id": "bus-1",
                "driver": "ff68",
                "url": "memory:bus",
                "units": [
                    {"address": 1, "counter": "w1", "evaluator": True},
                    {"address": 2, "counter": "w2"},
                ],
            },
            {"id": "led-main", "driver": "onbon", "area": "hall"},
            {"id": "led-w1", "driver": "onbon", "counter": "w1"},
            {"id": "clock-1", "driver": "zk", "url": "tcp://127.0.0.1:1"},
        ],
    }
    return Site.model_validate({**body, **more})


@asynccontextmanager
async def running_hall(
    tmp_path: Path, clock: Clock | None = None, site: Site | None = None
) -> AsyncIterator[Hall]:
    """A hall without a bus."""
    async with open_hall(
        site=site or make_site(), data=tmp_path, clock=clock or Clock()
    ) as hall:
        yield hall


@asynccontextmanager
async def running_bridge(
    tmp_path: Path,
    broker: BrokerAddress,
    clock: Clock | None = None,
    site: Site | None = None,
) -> AsyncIterator[Hall]:
    """A hall on a broker."""
    async with running_hall(tmp_path, clock, site) as hall:
        link = BridgeLink(hall, broker)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(link.run())
            try:
                yield hall
            finally:
                running.cancel()


@asynccontextmanager
async def embedded_broker(tmp_path: Path) -> AsyncIterator[BrokerAddress]:
    """The broker that halld brings."""
    broker = EmbeddedBroker(tmp_path / "broker", hall="test")
    broker.lock()
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(broker.run())
            try:
                await broker.wait_ready()
                yield broker.address
            finally:
                running.cancel()
    finally:
        broker.unlock()
