"""Simulated clocks in a process of their own, so that they cost the hall nothing.

`python -m benchmarks.stand CLOCKS ROWS SCHEME` listens on free ports and prints
the URLs as JSON. Then each line on its input is an order, each answered with a
line of JSON: `unplug`, `replug`, and `punch RATE SECONDS`, answered with who
punched where and when (monotonic seconds, of the moment before the wire).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from bridge.cli.playing import Cast, host_all
from devices.site import Site

STARTING_S: Final = 60.0
PEOPLE: Final = 500
"""Users of each clock."""
FIRST_USER: Final = 1001
"""As simulated clocks number them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Punched:
    """Somebody punched; `at` by the machine's monotonic clock."""

    device: str
    user_id: str
    at: float


class Stand:
    """The clocks, as the bench sees them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.urls: dict[str, str] = {}

    async def start(self) -> None:
        """Take the URLs."""
        async with asyncio.timeout(STARTING_S):
            self.urls = await self._answer()

    async def tell(self, order: str) -> Any:
        """Give an order and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(order.encode() + b"\n")
        await self._process.stdin.drain()
        return await self._answer()

    async def punch(self, *, per_s: int, seconds: int) -> list[Punched]:
        """Have people punch at all clocks in turn."""
        found = await self.tell(f"punch {per_s} {seconds}")
        return [Punched(device=d, user_id=u, at=at) for d, u, at in found]

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the simulated clocks ended")
        return json.loads(line)


@asynccontextmanager
async def clock_stand(clocks: int, rows: int, scheme: str) -> AsyncIterator[Stand]:
    """Run the process while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.stand", str(clocks), str(rows), scheme),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    try:
        stand = Stand(process)
        await stand.start()
        yield stand
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def clock_site(clocks: int, rows: int, scheme: str) -> Site:
    """A hall file of simulated clocks, each with 500 people and a past."""
    return Site.model_validate(
        {
            "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
            "devices": [
                {
                    "id": f"clock-{n}",
                    "driver": "zk",
                    "url": f"{scheme}://127.0.0.1:0",
                    "simulation": {
                        "users": PEOPLE,
                        "rows": rows,
                        "capacity": max(200_000, rows * 2),
                    },
                }
                for n in range(clocks)
            ],
        }
    )


async def _serve(clocks: int, rows: int, scheme: str) -> None:
    async with host_all(clock_site(clocks, rows, scheme)) as cast:
        if cast.unbound:
            raise RuntimeError(str(cast.unbound))
        _say({name: one.url for name, one in cast.hosted.items()})
        loop = asyncio.get_running_loop()
        orders = asyncio.StreamReader()
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
        )
        while line := await orders.readline():
            _say(await _obey(cast, line.decode().split()))


async def _obey(cast: Cast, words: list[str]) -> Any:
    match words:
        case ["punch", rate, seconds]:
            return await punches(cast, int(rate), int(seconds))
        case [("unplug" | "replug") as action]:
            for one in cast.hosted.values():
                await one.act(action)
            return {}
    raise ValueError(f"no such order: {words}")


async def punches(cast: Cast, rate: int, seconds: int) -> list[tuple[str, str, float]]:
    """Punch at all clocks in turn; nobody punches twice at the same one."""
    loop = asyncio.get_running_loop()
    clocks = list(cast.hosted.items())
    done = []
    start = loop.time()
    for index in range(rate * seconds):
        await asyncio.sleep(max(0.0, start + index / rate - loop.time()))
        device, hosted = clocks[index % len(clocks)]
        user_id = str(FIRST_USER + index // len(clocks))
        at = loop.time()
        await hosted.act("punch", {"user_id": user_id})
        done.append((device, user_id, at))
    return done


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the bench reads it


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
