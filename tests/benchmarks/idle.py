"""(c) 200 idle devices: processor and memory. (d) Start to all devices ready."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.hall import RunningHall, running_hall
from benchmarks.wires import Led, Line, listening

LINES: Final = 100
LEDS: Final = 100
SETTLE_S: Final = 5
WATCH_S: Final = 20


def hall_file(lines: list[Line], leds: list[Led]) -> dict[str, Any]:
    """The hall file of this part."""
    return {
        "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"port": 0},
        "services": [{"id": "reg", "prefix": "A"}],
        "counters": [
            {"id": f"w{n}", "number": n + 1, "services": ["reg"]} for n in range(LINES)
        ],
        "devices": [
            *(
                {
                    "id": f"bus-{n}",
                    "driver": "ff68",
                    "url": f"tcp://127.0.0.1:{line.port}",
                    "units": [{"address": 1, "counter": f"w{n}"}],
                }
                for n, line in enumerate(lines)
            ),
            *(
                {
                    "id": f"led-{n}",
                    "driver": "onbon",
                    "url": f"tcp://127.0.0.1:{led.port}",
                    "counter": f"w{n}",
                }
                for n, led in enumerate(leds)
            ),
        ],
    }


async def measure() -> list[Figure]:
    """Run the part."""
    loop = asyncio.get_running_loop()
    lines = [Line() for _ in range(LINES)]
    leds = [Led(lambda _now: None) for _ in range(LEDS)]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(listening(*lines, *leds))
        start = loop.time()
        hall = await stack.enter_async_context(
            running_hall(hall_file(lines, leds), folder)
        )
        answered_s = loop.time() - start
        await hall.all_ready()
        ready_s = loop.time() - start
        await asyncio.sleep(SETTLE_S)
        cpu, memory = await _watch(hall)
    part = "idle, 200 devices"
    return [
        Figure(part="start", name="HTTP answers", value=round(answered_s, 2), unit="s"),
        Figure(
            part="start",
            name="200 devices ready",
            value=round(ready_s, 2),
            unit="s",
            limit=3,
        ),
        Figure(
            part=part,
            name="processor",
            value=round(sum(cpu.values()), 2),
            unit="% of a core",
            limit=2,
        ),
        *(
            Figure(part=part, name=f"processor, {name}", value=round(v, 2), unit="%")
            for name, v in cpu.items()
        ),
        *(
            Figure(
                part=part,
                name=f"memory, {name}",
                value=round(v, 1),
                unit="MB",
                limit=100 if name == "drivers" else None,
            )
            for name, v in memory.items()
        ),
        Figure(
            part=part,
            name="memory, everything",
            value=round(sum(memory.values()), 1),
            unit="MB",
            limit=200,
        ),
    ]


async def _watch(hall: RunningHall) -> tuple[dict[str, float], dict[str, float]]:
    before = hall.cpu_by_part()
    await asyncio.sleep(WATCH_S)
    cpu = {
        name: (used_s - before.get(name, 0.0)) / WATCH_S * 100
        for name, used_s in hall.cpu_by_part().items()
    }
    return cpu, hall.memory_by_part()
