"""Runs the embedded broker, or waits until it may."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final

from bus.address import BrokerAddress
from bus.broker import STARTING, BrokerError, EmbeddedBroker, StoreInUseError

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
AGAIN_S: Final = 5.0


class BrokerKeeper:
    """Whoever has the lock of the store runs the broker; the others connect."""

    def __init__(self, data: Path, *, hall: str, port: int) -> None:
        self._directory = data / "broker"
        self._port = port
        self._broker = EmbeddedBroker(self._directory, hall=hall, port=port)
        self._known = asyncio.Event()
        self._address: BrokerAddress | None = None
        self._waits = False

    @property
    def reason(self) -> str:
        """Why there is no broker of ours; empty while it runs, here or elsewhere."""
        return "" if self._waits else self._broker.reason

    async def address(self) -> BrokerAddress:
        """Where the broker is or will be; waits until that is known."""
        await self._known.wait()
        assert self._address is not None  # noqa: S101 - known
        return self._address

    async def ready(self) -> None:
        """Wait until it takes connections, or until it is known why it does not."""
        await self._known.wait()
        while not self._waits and self._broker.reason == STARTING:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S / 10):
                    await self._broker.wait_ready()

    def finish(self) -> None:
        """Leave a broker that ends now ended."""
        self._broker.finish()

    async def run(self) -> None:
        """Run the broker until cancelled."""
        if self._port:
            self._set(self._port)
        await self._take_lock()
        try:
            while True:
                try:
                    await self._broker.run()
                except (BrokerError, OSError) as error:
                    log.error("embedded broker: %s", error)  # noqa: TRY400 - plain
                    self._broker.reason = str(error)
                    await asyncio.sleep(AGAIN_S)
        finally:
            self._broker.unlock()

    async def _take_lock(self) -> None:
        while True:
            try:
                self._broker.lock()
            except StoreInUseError as error:
                if not self._waits:
                    log.info("%s; using that one", error)
                self._waits = True
                self._learn()
                await asyncio.sleep(LOOK_EVERY_S)
            except OSError as error:
                log.error("embedded broker: %s", error)  # noqa: TRY400 - plain
                self._broker.reason = str(error)
                await asyncio.sleep(AGAIN_S)
            else:
                if self._waits:
                    log.info("the other halld has ended; running the broker here")
                self._waits = False
                self._set(self._broker.address.port)
                return

    def _learn(self) -> None:
        """Find the port of a broker that another halld runs."""
        with contextlib.suppress(OSError, ValueError):
            self._set(int((self._directory / "port").read_text()))

    def _set(self, port: int) -> None:
        self._address = BrokerAddress(host="127.0.0.1", port=port)
        self._known.set()
