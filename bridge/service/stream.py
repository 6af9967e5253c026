"""The live stream: readers get changes in order, or learn that they were too slow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from bridge.domain.views import Change

Areas: TypeAlias = frozenset[str] | None
"""What a reader follows: these areas, as a public screen may; None: everything."""

MAX_WAITING: Final = 1000
"""Changes that a reader may fall behind."""


def concerns(change: Change, areas: Areas) -> bool:
    """Whether a reader of areas may see a change."""
    if areas is None:
        return True
    if change.kind == "device":
        return False
    return change.area is None or change.area in areas


class Reader:
    """One reader's changes; a slow one gets None and then what is new."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._waiting: deque[Change | None] = deque()
        self._wake = asyncio.Event()

    def put(self, change: Change) -> None:
        """Hand a change over if it concerns this reader."""
        if not concerns(change, self._areas):
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._waiting.append(None)
        else:
            self._waiting.append(change)
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Change | None]:
        """Changes as they come; None when some were dropped."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._wake.clear()
            await self._wake.wait()


class Hub:
    """Hands each change to every reader."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()

    def publish(self, change: Change) -> None:
        """To every reader."""
        for reader in self._readers:
            reader.put(change)

    @contextmanager
    def reading(self, areas: Areas) -> Iterator[Reader]:
        """A reader from now on."""
        reader = Reader(areas)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
