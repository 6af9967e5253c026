"""Many hall screens in a process of their own: streams that note when a call came.

`python -m benchmarks.crowd HOST PORT PATH COUNT` opens the streams and prints
`ready` as JSON once each has its snapshot. On a line of input it prints every call
that came since: its id, the window, and when the first and the last stream had it
(monotonic seconds), and ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

STARTING_S: Final = 60.0
_CALL: Final = re.compile(rb"id: (\d+)\nevent: call\ndata: ([^\n]*)\n\n")
_SNAPSHOT: Final = b"event: snapshot\n"
_END: Final = b"\n\n"


@dataclass(slots=True)
class Seen:
    """When a call came to the first and to the last of so many screens."""

    call: int
    counter: int
    first: float
    last: float
    screens: int


class Crowd:
    """The screens, as the bench sees them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def start(self) -> None:
        """Wait until every screen shows something."""
        async with asyncio.timeout(STARTING_S):
            await self._answer()

    async def seen(self) -> list[Seen]:
        """Every call that came to them since they were asked last."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()
        return [Seen(**each) for each in await self._answer()]

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the screens ended")
        return json.loads(line)


@asynccontextmanager
async def crowd(http: str, path: str, count: int) -> AsyncIterator[Crowd]:
    """So many streams of a hall while the block runs."""
    place = urlsplit(http)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.crowd"),
        *(str(place.hostname), str(place.port), path, str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    try:
        screens = Crowd(process)
        await screens.start()
        yield screens
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


class _Screen(asyncio.Protocol):
    """One stream. Whole events alone count."""

    def __init__(self, path: str, seen: dict[int, Seen]) -> None:
        self._path = path
        self._seen = seen
        self._buffer = b""
        self.shown = asyncio.Event()
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self._buffer += data
        for found in _CALL.finditer(self._buffer):
            self._note(int(found[1]), found[2], now)
        if not self.shown.is_set() and _SNAPSHOT in self._buffer:
            self.shown.set()
        self._buffer = self._buffer[max(0, self._buffer.rfind(_END)) :]

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_lost = True

    def _note(self, call: int, data: bytes, now: float) -> None:
        seen = self._seen.get(call)
        if seen is None:
            counter = json.loads(data)["counter_number"]
            seen = self._seen[call] = Seen(call, counter, now, now, 0)
        seen.last = now
        seen.screens += 1


async def _watch(host: str, port: int, path: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    seen: dict[int, Seen] = {}
    screens = []
    for _ in range(count):
        _, screen = await loop.create_connection(
            lambda: _Screen(path, seen), host, port
        )
        screens.append(screen)
    for screen in screens:
        await screen.shown.wait()
    _say(["ready"])
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while await orders.readline():
        if any(screen.is_lost for screen in screens):
            raise RuntimeError("a screen lost its stream")
        _say(
            [
                {name: getattr(each, name) for name in Seen.__slots__}
                for each in seen.values()
            ]
        )
        seen.clear()


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the bench reads it


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
