"""What a hall in this process can still do while it is busy."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, quantile, spread

from bridge.service.days import set_meta
from bridge.service.hall import Hall

LOOK_S: Final = 0.001
WRITE_EVERY_S: Final = 0.02


@dataclass(slots=True)
class Beside:
    """What else the hall could do while it was busy: seconds."""

    held: list[float] = field(default_factory=list)
    """How late the event loop came back."""
    writes: list[float] = field(default_factory=list)
    """How long small transactions took."""
    worker_mb: float = 0.0

    def figures(self, part: str, name: str, limit_ms: float | None) -> list[Figure]:
        """The longest hold and the writes' spread."""
        return [
            *spread(part, f"a small write, {name}", self.writes, limit_ms),
            Figure(
                part=part,
                name=f"event loop held at most, {name}",
                value=round(max(self.held) * 1000, 1),
                unit="ms",
                limit=limit_ms,
            ),
            Figure(
                part=part,
                name=f"event loop held p99, {name}",
                value=round(quantile(self.held, 0.99) * 1000, 1),
                unit="ms",
            ),
        ]


@asynccontextmanager
async def watching(hall: Hall) -> AsyncIterator[Beside]:
    """Look at the loop, write a little, look at the worker, while the block runs."""
    seen = Beside()
    tasks = [
        asyncio.create_task(_look(seen.held)),
        asyncio.create_task(_write(hall, seen.writes)),
        asyncio.create_task(_look_at_worker(seen)),
    ]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _look(held: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        start = loop.time()
        await asyncio.sleep(LOOK_S)
        held.append(loop.time() - start - LOOK_S)


async def _write(hall: Hall, writes: list[float]) -> None:
    number = 0
    while True:
        number += 1
        word = str(number)
        writes.append(
            await timed(hall.transact(lambda work: set_meta(work, "bench", word)))  # noqa: B023 - awaited here
        )
        await asyncio.sleep(WRITE_EVERY_S)


async def _look_at_worker(seen: Beside) -> None:
    while True:
        for process in multiprocessing.active_children():
            seen.worker_mb = max(seen.worker_mb, _peak_mb(process.pid))
        await asyncio.sleep(0.5)


def _peak_mb(pid: int | None) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


async def timed(work: Coroutine[Any, Any, Any]) -> float:
    """Seconds that something took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await work
    return loop.time() - start
