"""A line within one process, for tests: both ends are transports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from devices.errors import TransportError
from drivers.transports.inbox import Inbox
from drivers.transports.transport import Transport


class MemoryTransport(Transport):
    """One end of a line; what is written comes out of `peer`."""

    peer: MemoryTransport

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._inbox = Inbox(url)

    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next bytes, at least one."""
        return await self._inbox.take(timeout_s)

    async def write(self, data: bytes) -> None:
        """Hand bytes to the other end."""
        if self._inbox.ended or self.peer._inbox.ended:  # noqa: SLF001 - its own kind
            raise TransportError(f"{self.url}: the other end is closed")
        if data:
            self.peer._inbox.put(data)  # noqa: SLF001 - its own kind

    def discard_input(self) -> None:
        """Throw away what came and was not read."""
        self._inbox.clear()

    async def close(self) -> None:
        """Close both ends, as pulling the cable does."""
        self._inbox.end("closed")
        self.peer._inbox.end("the other end is closed")  # noqa: SLF001 - its own kind


class MemoryListener:
    """The far side of `memory:<name>`: takes what connects, in order."""

    def __init__(self, name: str) -> None:
        self.url = f"memory:{name}"
        self._waiting: asyncio.Queue[MemoryTransport] = asyncio.Queue()

    async def accept(self) -> MemoryTransport:
        """The far end of the next connection."""
        return await self._waiting.get()

    def connect(self) -> MemoryTransport:
        """Open a line to this listener; gives the near end."""
        near, far = memory_pair(self.url)
        self._waiting.put_nowait(far)
        return near


_LISTENERS: Final[dict[str, MemoryListener]] = {}


def memory_pair(url: str = "memory:pair") -> tuple[MemoryTransport, MemoryTransport]:
    """Both ends of a new line."""
    near, far = MemoryTransport(url), MemoryTransport(url)
    near.peer, far.peer = far, near
    return near, far


@contextmanager
def memory_listener(name: str) -> Iterator[MemoryListener]:
    """Answer `open_transport("memory:<name>")` within the block."""
    listener = _LISTENERS[name] = MemoryListener(name)
    try:
        yield listener
    finally:
        del _LISTENERS[name]


def connect_memory(url: str) -> MemoryTransport:
    """The near end of a line to the listener of that name."""
    listener = _LISTENERS.get(url.removeprefix("memory:"))
    if listener is None:
        raise TransportError(f"{url}: refused: nothing listens there")
    return listener.connect()
