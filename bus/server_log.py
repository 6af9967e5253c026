"""What the broker's server says: kept in a bounded file, searched for trouble."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 1_000_000
"""Beyond it a new file begins; one older one is kept."""
BROKEN_STORE: Final = "critical write error"
"""nats-server 2.12 takes nothing for a stream that once could not be written
(a full disk), also when it could be again: only a new start heals it."""


class ServerLog:
    """The output of one life of the server.

    It comes through a pipe, since on a full disk the file would not have it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._broken = asyncio.Event()
        self.fatal = "no word of the reason"
        """The last line about why it ended."""
        self.fault = ""
        """Why its store is not written any more."""

    async def broken(self) -> str:
        """Wait until the store is not written any more; gives the reason."""
        await self._broken.wait()
        return self.fault

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Take lines until the server ends."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # longer than any line of use
            if not line:
                return
            self.take(line.decode(errors="replace").rstrip())

    def take(self, line: str) -> None:
        """Note a line."""
        if "[FTL]" in line:
            self.fatal = line
        if BROKEN_STORE in line.lower():
            self.fault = line.rpartition(": ")[2]
            self._broken.set()
        with suppress(OSError):
            self._keep(line)

    def _keep(self, line: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{line}\n")
            size = file.tell()
        if size > LIMIT_BYTES:
            self._path.replace(self._path.with_suffix(".log.1"))
