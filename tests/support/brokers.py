"""Real brokers for tests that share one: each test takes a hall id of its own."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bus.address import BrokerAddress
from bus.broker import EmbeddedBroker, free_port

MOSQUITTO: Final = "/usr/sbin/mosquitto"
START_S: Final = 20.0


@contextmanager
def shared_embedded(directory: Path) -> Iterator[BrokerAddress]:
    """The broker that halld brings, on a loop of its own."""
    broker = EmbeddedBroker(directory, hall="test")
    broker.lock()
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    running: list[asyncio.Task[None]] = []

    async def serve() -> None:
        running.append(asyncio.ensure_future(broker.run()))
        await broker.wait_ready()
        ready.set()
        with suppress(asyncio.CancelledError):
            await running[0]

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(START_S)
        yield broker.address
    finally:
        loop.call_soon_threadsafe(running[0].cancel)
        thread.join()
        loop.close()
        broker.unlock()


@contextmanager
def shared_mosquitto(directory: Path) -> Iterator[BrokerAddress]:
    """Debian's mosquitto with its defaults."""
    port = free_port()
    config = directory / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen(
        [MOSQUITTO, "-c", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(port)
            yield BrokerAddress(host="127.0.0.1", port=port)
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        threading.Event().wait(0.02)
    raise TimeoutError(f"mosquitto does not listen on {port}")
