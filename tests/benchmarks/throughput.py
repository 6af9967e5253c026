"""(b) Sustained wire -> committed, beside a bare pipeline on the same broker.

The hall: 25 caller lines blast rating frames; committed is what the bridge
acknowledges. The bare pipeline: a paho publisher process, the same kind of
broker, a paho subscriber that commits in groups into SQLite with the same
durability. Both carry the same number of events of about 300 bytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.hall import running_hall
from benchmarks.wires import RATING_FUNC, Line, ff68, listening

from bus.address import BrokerAddress
from bus.broker import EmbeddedBroker
from bus.client import BusClient, Message
from devices.topics import Topics

LINES: Final = 25
ADDRESSES: Final = 64
EVENTS: Final = LINES * ADDRESSES * 20
TARGET_RATIO: Final = 0.70
DEBOUNCE_S: Final = 0.3


def hall_file(lines: list[Line]) -> dict[str, Any]:
    """The hall file of this part."""
    return {
        "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"port": 0},
        "counters": [{"id": "w1", "number": 1}],
        "devices": [
            {
                "id": f"bus-{n}",
                "driver": "ff68",
                "url": f"tcp://127.0.0.1:{line.port}",
                "units": [
                    {"address": a, "evaluator": True, "counter": "w1"}
                    for a in range(1, ADDRESSES + 1)
                ],
            }
            for n, line in enumerate(lines)
        ],
    }


async def measure() -> list[Figure]:
    """Run both pipelines one after the other."""
    ours = await _hall_rate()
    bare = await _bare_rate()
    part = "throughput"
    return [
        Figure(part=part, name="wire -> committed", value=round(ours), unit="events/s"),
        Figure(part=part, name="bare pipeline", value=round(bare), unit="events/s"),
        Figure(
            part=part,
            name="ratio to the bare pipeline",
            value=round(ours / bare, 3),
            unit="",
            limit=TARGET_RATIO,
            bound=">=",
        ),
    ]


async def _hall_rate() -> float:
    loop = asyncio.get_running_loop()
    lines = [Line() for _ in range(LINES)]
    finished = asyncio.Event()
    committed_at = 0.0

    def take(message: Message) -> None:
        nonlocal committed_at
        if json.loads(message.payload)["sequence"] >= EVENTS:
            committed_at = loop.time()
            finished.set()

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(listening(*lines))
        hall = await stack.enter_async_context(running_hall(hall_file(lines), folder))
        await hall.all_ready()
        client = BusClient(BrokerAddress.parse(hall.mqtt), "bench-watcher")
        client.subscribe(Topics("bench").ack("main", "desk"), take)
        watcher = asyncio.create_task(client.run())
        await client.wait_connected()
        start = loop.time()
        await asyncio.gather(*(_blast(line) for line in lines))
        async with asyncio.timeout(120):
            await finished.wait()
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    return EVENTS / (committed_at - start)


async def _blast(line: Line) -> None:
    """Press every evaluator in turn; a round never takes less than the debounce."""
    loop = asyncio.get_running_loop()
    frames = b"".join(ff68(a, RATING_FUNC, 3) for a in range(1, ADDRESSES + 1))
    next_round = loop.time()
    for _ in range(EVENTS // (LINES * ADDRESSES)):
        # The value alternates, so that no frame equals the one before it.
        line.press(frames)
        frames = b"".join(
            ff68(a, RATING_FUNC, frames[7] ^ 1) for a in range(1, ADDRESSES + 1)
        )
        await line.drain()
        next_round += DEBOUNCE_S / 4
        await asyncio.sleep(max(0.0, next_round - loop.time()))


async def _bare_rate() -> float:
    with tempfile.TemporaryDirectory() as name:
        broker = EmbeddedBroker(Path(name) / "broker", hall="bare")
        broker.lock()
        task = asyncio.create_task(broker.run())
        try:
            await broker.wait_ready()
            return await _bare_pipeline(broker.address.port, Path(name))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            broker.unlock()


async def _bare_pipeline(port: int, folder: Path) -> float:
    command = (sys.executable, "-m", "benchmarks.bare")
    pipe = asyncio.subprocess.PIPE
    taker = await asyncio.create_subprocess_exec(
        *command, "take", str(port), str(EVENTS), str(folder / "bare.db"), stdout=pipe
    )
    assert taker.stdout is not None
    await taker.stdout.readline()
    giver = await asyncio.create_subprocess_exec(
        *command, "give", str(port), str(EVENTS), stdout=pipe
    )
    assert giver.stdout is not None
    started = float(await giver.stdout.readline())
    ended = float(await taker.stdout.readline())
    await asyncio.gather(giver.wait(), taker.wait())
    return EVENTS / (ended - started)
