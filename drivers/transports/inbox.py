"""What came and was not read yet: bounded, with the end of the line behind it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from devices.errors import TransportError

CAPACITY: Final = 256 * 1024
"""Bytes kept unread; beyond it a stream is no longer read, datagrams are dropped."""


class Inbox:
    """Chunks in order of arrival, for one reader.

    `pause` is called when it is full, `resume` when there is room again.
    """

    def __init__(
        self,
        url: str,
        *,
        pause: Callable[[], None] | None = None,
        resume: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._pause = pause
        self._resume = resume
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._changed = asyncio.Event()
        self.ended = ""
        """Why nothing more will come; empty while the line is open."""

    @property
    def is_full(self) -> bool:
        """Whether CAPACITY is reached."""
        return self._size >= CAPACITY

    def put(self, data: bytes) -> None:
        """Take bytes that came."""
        self._chunks.append(data)
        self._size += len(data)
        self._changed.set()
        if self.is_full and self._pause is not None and not self._paused:
            self._paused = True
            self._pause()

    def end(self, reason: str) -> None:
        """Note that nothing more will come; the first reason stays."""
        self.ended = self.ended or reason
        self._changed.set()

    def clear(self) -> None:
        """Throw away what was not read."""
        self._chunks.clear()
        self._size = 0
        self._make_room()

    async def take(self, timeout_s: float | None) -> bytes:
        """All bytes there are, at least one."""
        await self._wait(timeout_s)
        data = b"".join(self._chunks)
        self.clear()
        return data

    async def take_one(self, timeout_s: float | None) -> bytes:
        """The oldest datagram."""
        await self._wait(timeout_s)
        data = self._chunks.popleft()
        self._size -= len(data)
        self._make_room()
        return data

    async def _wait(self, timeout_s: float | None) -> None:
        if self._chunks:
            return
        async with asyncio.timeout(timeout_s):
            while not self._chunks:
                if self.ended:
                    raise TransportError(f"{self._url}: {self.ended}")
                self._changed.clear()
                await self._changed.wait()

    def _make_room(self) -> None:
        if self._paused and not self.ended:
            self._paused = False
            if self._resume is not None:
                self._resume()
