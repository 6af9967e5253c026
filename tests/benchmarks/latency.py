"""(a) From a press to the commit, the LED's first byte and the web screen.

50 devices (25 caller lines, 25 LED cards), 50 events a second: 10 calls, each
with its LED and screen, and 40 ratings. A window is called every 2.5 s, so an
LED's last refresh is always over a second old.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from benchmarks.figures import Figure, spread
from benchmarks.hall import RunningHall, running_hall
from benchmarks.wires import (
    CALL,
    KEY_FUNC,
    RATING_FUNC,
    Led,
    Line,
    ff68,
    listening,
)

from bus.address import BrokerAddress
from bus.client import BusClient, Message
from devices.topics import Topics

WINDOWS: Final = 25
EVENTS_PER_S: Final = 50
CALL_EVERY: Final = 5
"""One event in five is a call."""
SECONDS: Final = 20


class Marks:
    """When each press was made, and when each of its effects was seen."""

    def __init__(self) -> None:
        self.pressed: list[float] = []
        self.committed: list[float] = []
        self.called_at: dict[int, float] = {}
        self.led: list[float] = []
        self.screen: list[float] = []
        self._acked = 0

    def acked(self, sequence: int, now: float) -> None:
        """Take an acknowledgement: everything up to it is committed."""
        while self._acked < min(sequence, len(self.pressed)):
            self.committed.append(now - self.pressed[self._acked])
            self._acked += 1

    def led_frame(self, window: int, now: float) -> None:
        """Take the first byte of a refresh; the first after a call counts."""
        pressed = self.called_at.get(window)
        if pressed is not None and now >= pressed:
            self.led.append(now - pressed)
            del self.called_at[window]


def hall_file(lines: list[Line], leds: list[Led]) -> dict[str, Any]:
    """The hall file of this part."""
    numbers = range(1, WINDOWS + 1)
    return {
        "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"port": 0},
        "services": [{"id": "reg", "prefix": "A", "name": "reg"}],
        "areas": [{"id": "hall"}],
        "counters": [
            {"id": f"w{n}", "number": n, "services": ["reg"], "area": "hall"}
            for n in numbers
        ],
        "devices": [
            *(
                {
                    "id": f"bus-{n}",
                    "driver": "ff68",
                    "url": f"tcp://127.0.0.1:{line.port}",
                    "units": [{"address": 1, "counter": f"w{n}", "evaluator": True}],
                }
                for n, line in zip(numbers, lines, strict=True)
            ),
            *(
                {
                    "id": f"led-{n}",
                    "driver": "onbon",
                    "url": f"tcp://127.0.0.1:{led.port}",
                    "counter": f"w{n}",
                }
                for n, led in zip(numbers, leds, strict=True)
            ),
        ],
    }


async def measure() -> list[Figure]:
    """Run the part."""
    marks = Marks()
    lines = [Line() for _ in range(WINDOWS)]
    leds = [Led(partial(marks.led_frame, window)) for window in range(WINDOWS)]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(listening(*lines, *leds))
        hall = await stack.enter_async_context(
            running_hall(hall_file(lines, leds), folder)
        )
        await hall.all_ready()
        await _draw_tickets(hall, SECONDS * EVENTS_PER_S // CALL_EVERY + WINDOWS)
        watchers = [
            asyncio.create_task(_watch_acks(hall, marks)),
            asyncio.create_task(_watch_screen(hall, marks)),
        ]
        await asyncio.sleep(2)
        await _press(lines, marks)
        await asyncio.sleep(2)
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    part = "latency"
    return [
        *spread(part, "press -> committed (ack seen)", marks.committed, 25),
        *spread(part, "press -> first LED byte", marks.led, 50),
        *spread(part, "press -> web screen (SSE)", marks.screen, 50),
        Figure(
            part=part,
            name=f"presses committed of {len(marks.pressed)}",
            value=len(marks.committed),
            unit="",
            limit=len(marks.pressed),
            bound=">=",
        ),
    ]


async def _draw_tickets(hall: RunningHall, count: int) -> None:
    async with httpx.AsyncClient(base_url=hall.http) as client:
        for _ in range(count):
            answer = await client.post(
                "/api/v1/tickets", json={"service": "reg", "channel": "kiosk"}
            )
            answer.raise_for_status()


async def _press(lines: list[Line], marks: Marks) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    window = 0
    for index in range(SECONDS * EVENTS_PER_S):
        await asyncio.sleep(max(0.0, start + index / EVENTS_PER_S - loop.time()))
        now = loop.time()
        marks.pressed.append(now)
        if index % CALL_EVERY == 0:
            marks.called_at[window] = now
            lines[window].press(ff68(1, KEY_FUNC, CALL))
            window = (window + 1) % WINDOWS
        else:
            lines[index % WINDOWS].press(ff68(1, RATING_FUNC, index % 4))


async def _watch_acks(hall: RunningHall, marks: Marks) -> None:
    loop = asyncio.get_running_loop()
    base: list[int] = []

    def take(message: Message) -> None:
        sequence = json.loads(message.payload)["sequence"]
        if not marks.pressed:
            base[:] = [sequence]
        marks.acked(sequence - (base[0] if base else 0), loop.time())

    client = BusClient(BrokerAddress.parse(hall.mqtt), "bench-watcher")
    client.subscribe(Topics("bench").ack("main", "desk"), take)
    await client.run()


async def _watch_screen(hall: RunningHall, marks: Marks) -> None:
    loop = asyncio.get_running_loop()
    pressed = dict[int, float]()
    async for event, data in _events(f"{hall.http}/api/v1/stream?area=hall"):
        if event == "call":
            window = data["counter_number"] - 1
            calls = marks.pressed[::CALL_EVERY]
            turn = pressed.get(window, 0)
            index = int(turn) * WINDOWS + window
            pressed[window] = turn + 1
            if index < len(calls):
                marks.screen.append(loop.time() - calls[index])


async def _events(url: str) -> AsyncIterator[tuple[str, Any]]:
    async with (
        httpx.AsyncClient(timeout=None) as client,  # noqa: S113 - a stream has no end
        client.stream("GET", url) as answer,
    ):
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                yield event, json.loads(line[5:])
