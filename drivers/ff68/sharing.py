"""Caller lines that window strips use too: the line's driver owns it.

A strip has no line of its own. What it sends goes through the outbox of the
line's driver, so that acknowledgements and digits stay first; it waits while
the line is not open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from devices.errors import TransportError
from devices.ff68.frames import Message
from drivers.ff68.outbox import Outbox, Outgoing


class SharedLine:
    """One caller line, as those see it who may send on it."""

    def __init__(self, bus: str) -> None:
        self.bus = bus
        self._outbox: Outbox | None = None
        self._changed = asyncio.Event()
        self._waiting: set[asyncio.Future[None]] = set()
        self._listeners: dict[int, Callable[[], None]] = {}

    @property
    def is_open(self) -> bool:
        """Whether its driver has it open."""
        return self._outbox is not None

    async def opening(self) -> None:
        """Wait until it is open."""
        while not self.is_open:
            await self._change()

    async def closing(self) -> None:
        """Wait until it closes; raises `TransportError` then."""
        outbox = self._outbox
        while outbox is not None and self._outbox is outbox:
            await self._change()
        raise self._down()

    async def send(self, key: object, message: Message) -> None:
        """Send, in place of what still waits under `key`; returns when it went.

        Raises `TransportError` when the line closes before.
        """
        if self._outbox is None:
            raise self._down()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(written)
        written.add_done_callback(self._waiting.discard)

        def sent(at_s: float) -> None:
            del at_s
            if not written.done():
                written.set_result(None)

        self._outbox.strip(key, Outgoing(message=message, sent=sent))
        await written

    def listen(self, address: int, answered: Callable[[], None]) -> None:
        """Have `answered` called when the strip of that address says something."""
        self._listeners[address] = answered

    # For the line's driver

    def opened(self, outbox: Outbox) -> None:
        """The line is open."""
        self._outbox = outbox
        self._tell()

    def closed(self) -> None:
        """The line is closed; what waited will not be sent."""
        self._outbox = None
        for written in self._waiting:
            if not written.done():
                written.set_exception(self._down())
        self._tell()

    def answered(self, address: int) -> None:
        """A strip said something."""
        if address in self._listeners:
            self._listeners[address]()

    def _down(self) -> TransportError:
        return TransportError(f"its line {self.bus} is not open; see there for why")

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self) -> None:
        await self._changed.wait()


class SharedLines:
    """The caller lines of a node, by the id of their device."""

    def __init__(self) -> None:
        self._lines: dict[str, SharedLine] = {}

    def line(self, bus: str) -> SharedLine:
        """The line of that id, open or not."""
        return self._lines.setdefault(bus, SharedLine(bus))
