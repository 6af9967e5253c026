"""The live stream: readers get changes in order, or learn that they were too slow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, TypeAlias

from bridge.domain.views import Change

Areas: TypeAlias = frozenset[str] | None
"""What a reader follows: these areas, as a public screen may; None: everything."""

MAX_WAITING: Final = 1000
"""Changes that a reader may fall behind."""
AT_ONCE: Final = 16
"""Readers that look in one turn of the loop."""


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

    def put(self, change: Change) -> bool:
        """Hand a change over if it concerns this reader; true: `wake` it."""
        if not concerns(change, self._areas):
            return False
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._waiting.append(None)
        else:
            self._waiting.append(change)
        return True

    def wake(self) -> None:
        """Have the reader look."""
        self._wake.set()

    def rest(self) -> list[Change | None]:
        """What else is there already, taken at once."""
        found = list(self._waiting)
        self._waiting.clear()
        return found

    async def __aiter__(self) -> AsyncIterator[Change | None]:
        """Changes as they come; None when some were dropped."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._wake.clear()
            await self._wake.wait()


class Hub:
    """Hands each change to every reader.

    What a commit tells comes to a reader whole. Hundreds of readers look a few at a
    time, so that whatever else the loop has to do goes on between them.
    """

    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._to_wake: dict[Reader, None] = {}
        self._due = False

    def publish(self, change: Change) -> None:
        """To every reader."""
        for reader in self._readers:
            if reader.put(change):
                self._to_wake[reader] = None
        if self._to_wake and not self._due:
            self._due = True
            loop = asyncio.get_running_loop()
            # In the turn after the next: what goes to the broker is written then.
            loop.call_soon(loop.call_soon, self._wake)

    def _wake(self) -> None:
        for reader in list(islice(self._to_wake, AT_ONCE)):
            del self._to_wake[reader]
            reader.wake()
        self._due = bool(self._to_wake)
        if self._due:
            asyncio.get_running_loop().call_soon(self._wake)

    @contextmanager
    def reading(self, areas: Areas) -> Iterator[Reader]:
        """A reader from now on."""
        reader = Reader(areas)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
            self._to_wake.pop(reader, None)
