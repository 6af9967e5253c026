"""Brokers for tests that kill them and start them again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from bus.address import BrokerAddress
from bus.broker import EmbeddedBroker, free_port


class KillableBroker(Protocol):
    @property
    def address(self) -> BrokerAddress: ...

    async def kill(self) -> None:
        """End it without warning."""

    async def start(self) -> None:
        """Start it (again), on the same port; returns when it accepts."""


class Embedded:
    """The product's own broker; it comes back by itself."""

    def __init__(self, broker: EmbeddedBroker, directory: Path) -> None:
        self._broker = broker
        self._directory = directory

    @property
    def address(self) -> BrokerAddress:
        return self._broker.address

    async def kill(self) -> None:
        os.kill(int((self._directory / "pid").read_text()), signal.SIGKILL)
        while self._broker._ready.is_set():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)

    async def start(self) -> None:
        await self._broker.wait_ready()


class Mosquitto:
    """Debian's broker with its default persistence: none that survives a kill."""

    def __init__(self, directory: Path) -> None:
        self._port = free_port()
        self._config = directory / "mosquitto.conf"
        self._config.write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous true\n"
            "set_tcp_nodelay true\n"
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(host="127.0.0.1", port=self._port)

    async def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(self._config),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                return
            await asyncio.sleep(0.01)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running_broker(kind: str, directory: Path) -> AsyncIterator[KillableBroker]:
    """`embedded` or `mosquitto`, ended at the end."""
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test's own
    if kind == "mosquitto":
        mosquitto = Mosquitto(directory)
        await mosquitto.start()
        try:
            yield mosquitto
        finally:
            await mosquitto.kill()
        return
    broker = EmbeddedBroker(directory, hall="t")
    broker.lock()
    task = asyncio.create_task(broker.run())
    try:
        await broker.wait_ready()
        yield Embedded(broker, directory)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        broker.unlock()
