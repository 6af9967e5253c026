"""Clocks on the real hall: a log of 100,000 rows, the same again, 100 clocks live.

The clocks are simulated in another process. While a log is read, journalled
and committed, a caller line presses ten times a second: its press must not be
late.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx
from benchmarks.figures import Figure, spread
from benchmarks.hall import RunningHall, running_hall
from benchmarks.hearing import PATIENCE_S, Acks, Standing, hearing
from benchmarks.stand import Stand, clock_stand
from benchmarks.wires import RATING_FUNC, Line, ff68, listening

from bus.client import Message
from devices.topics import Topics

PART: Final = "clocks"
ROWS: Final = 100_000
CLOCKS: Final = 100
LIVE_PER_S: Final = 20
LIVE_S: Final = 30
PRESSES_PER_S: Final = 10
QUIET_S: Final = 5
ADDRESSES: Final = 10
"""Each evaluator is pressed once a second: none is debounced."""
COMMITTED_S: Final = 15
PRESS_MS: Final = 25
TOPICS: Final = Topics("bench")


async def measure(
    rows: int = ROWS, clocks: int = CLOCKS, live_s: int = LIVE_S
) -> list[Figure]:
    """Run the part."""
    return [
        *await _read_log("tcp", rows),
        *await _read_log("udp", rows),
        *await _live(clocks, live_s),
    ]


def hall_file(urls: Mapping[str, str], line: Line | None = None) -> dict[str, Any]:
    """The hall file of this part."""
    clocks = [{"id": name, "driver": "zk", "url": url} for name, url in urls.items()]
    desks = [
        {
            "id": "bus-1",
            "driver": "ff68",
            "url": f"tcp://127.0.0.1:{line.port}",
            "units": [
                {"address": a, "evaluator": True, "counter": "w1"}
                for a in range(1, ADDRESSES + 1)
            ],
        }
        for line in ([line] if line else [])
    ]
    return {
        "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"port": 0},
        "counters": [{"id": "w1", "number": 1}],
        "devices": [*clocks, *desks],
    }


async def _read_log(scheme: str, rows: int) -> list[Figure]:
    name = f"{rows:,} rows, {scheme.upper()}"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stand = await stack.enter_async_context(clock_stand(1, rows, scheme))
        line = Line()
        await stack.enter_async_context(listening(line))
        figures = await _first_read(name, stand, line, folder, rows)
        return [*figures, *await _again(name, stand, line, folder)]


async def _first_read(
    name: str, stand: Stand, line: Line, folder: Path, rows: int
) -> list[Figure]:
    """The clock comes to a hall that runs and is pressed."""
    loop = asyncio.get_running_loop()
    desk, clock, standing = Acks(), Acks(), Standing()
    pressed: list[float] = []
    await stand.tell("unplug")
    standing.begin()
    async with (
        running_hall(hall_file(stand.urls, line), folder) as hall,
        hearing(hall, {**_lanes(desk, clock), **_standing(standing)}),
    ):
        await hall.all_ready(prefix="bus")
        pressed.append(loop.time())  # the first waits until the lane is open
        line.press(ff68(ADDRESSES, RATING_FUNC, 0))
        await desk.reach(1)
        pressing = asyncio.create_task(_press(line, pressed))
        await asyncio.sleep(QUIET_S)
        quiet_until = loop.time()
        await stand.tell("replug")
        await clock.reach(rows)
        committed = clock.at(rows)
        await standing.covered()
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
        await desk.reach(len(pressed))
        memory = hall.memory_by_part()
        kept = await _punches(hall)
    ready = standing.ready_at or quiet_until
    took = [(desk.at(n) - at, at) for n, at in enumerate(pressed, 1)][1:]
    quiet = [s for s, at in took if at < quiet_until]
    beside = [s for s, at in took if ready <= at < committed]
    return [
        Figure(
            part=PART,
            name=f"{name}: ready -> all committed",
            value=round(committed - ready, 1),
            unit="s",
            limit=COMMITTED_S,
        ),
        Figure(
            part=PART,
            name=f"{name}: punches in the store",
            value=kept,
            unit="",
            limit=rows,
            bound=">=",
        ),
        *spread(PART, f"{name}: press -> committed, before", quiet, PRESS_MS),
        *spread(PART, f"{name}: press -> committed, meanwhile", beside, PRESS_MS),
        _figure(f"{name}: memory of the drivers after", memory["drivers"], "MB"),
        _figure(f"{name}: memory of the bridge after", memory["bridge"], "MB"),
    ]


async def _again(name: str, stand: Stand, line: Line, folder: Path) -> list[Figure]:
    """The hall starts again; the log has nothing new."""
    loop = asyncio.get_running_loop()
    standing = Standing()
    standing.begin()
    start = loop.time()
    async with (
        running_hall(hall_file(stand.urls, line), folder) as hall,
        hearing(hall, _standing(standing)),
    ):
        read_s = await standing.covered()
        whole_s = loop.time() - start
    return [
        _figure(f"{name}: after a restart, ready -> reconciled", read_s, "s"),
        _figure(f"{name}: after a restart, start -> reconciled", whole_s, "s"),
    ]


async def _live(clocks: int, live_s: int) -> list[Figure]:
    """Many clocks, each with a punch now and then."""
    name = f"{clocks} clocks, {LIVE_PER_S} punches/s"
    acks = Acks()
    sequences: dict[tuple[str, str], int] = {}

    def take(message: Message) -> None:
        event = json.loads(message.payload)
        place = (event["subject"], event["data"]["user_id"])
        sequences[place] = int(event["sequence"])

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stand = await stack.enter_async_context(clock_stand(clocks, 0, "tcp"))
        start = asyncio.get_running_loop().time()
        hall = await stack.enter_async_context(
            running_hall(hall_file(stand.urls), folder)
        )
        await hall.all_ready(PATIENCE_S)
        ready_s = asyncio.get_running_loop().time() - start
        handlers = {
            TOPICS.ack("main", "clock"): acks.take,
            TOPICS.event("+", "attendance.punch"): take,
        }
        await stack.enter_async_context(hearing(hall, handlers))
        await asyncio.sleep(QUIET_S)
        before = hall.cpu_by_part()
        punched = await stand.punch(per_s=LIVE_PER_S, seconds=live_s)
        cpu = {
            part: (used_s - before.get(part, 0.0)) / live_s * 100
            for part, used_s in hall.cpu_by_part().items()
        }
        await acks.reach(len(punched))
        memory = hall.memory_by_part()
    took = [
        acks.at(sequences[each.device, each.user_id]) - each.at
        for each in punched
        if (each.device, each.user_id) in sequences
    ]
    return [
        _figure(f"{name}: start -> all ready", ready_s, "s"),
        *spread(PART, f"{name}: punch -> committed", took, PRESS_MS),
        Figure(
            part=PART,
            name=f"{name}: committed of {len(punched)}",
            value=len(took),
            unit="",
            limit=len(punched),
            bound=">=",
        ),
        *(
            _figure(f"{name}: processor, {part}", used, "% of a core")
            for part, used in cpu.items()
        ),
        *(
            _figure(f"{name}: memory, {part}", used, "MB")
            for part, used in memory.items()
        ),
        _figure(f"{name}: memory, everything", sum(memory.values()), "MB"),
    ]


def _lanes(desk: Acks, clock: Acks) -> dict[str, Callable[[Message], None]]:
    return {
        TOPICS.ack("main", "desk"): desk.take,
        TOPICS.ack("main", "clock"): clock.take,
    }


def _standing(standing: Standing) -> dict[str, Callable[[Message], None]]:
    return {
        TOPICS.device("clock-0", "status"): standing.take_status,
        TOPICS.device("clock-0", "value"): standing.take_value,
    }


async def _press(line: Line, pressed: list[float]) -> None:
    """Press one evaluator after the other, until cancelled."""
    loop = asyncio.get_running_loop()
    start = loop.time() - len(pressed) / PRESSES_PER_S
    while True:
        number = len(pressed)
        await asyncio.sleep(max(0.0, start + number / PRESSES_PER_S - loop.time()))
        value = number // ADDRESSES % 4
        pressed.append(loop.time())
        line.press(ff68(number % ADDRESSES + 1, RATING_FUNC, value))


async def _punches(hall: RunningHall) -> int:
    async with httpx.AsyncClient(base_url=hall.http) as client:
        answer = await client.get("/api/v1/attendance/punches", params={"limit": 1})
        answer.raise_for_status()
        total: int = answer.json()["total"]
        return total


def _figure(name: str, value: float, unit: str) -> Figure:
    return Figure(part=PART, name=name, value=round(value, 2), unit=unit)
