"""(g) A call among 200 windows and 200 screens: commit, LED, screens, voice.

Four caller lines of 50 callers each, an LED card on TCP over every other window and
a strip on the caller line over the rest; 50 times a minute somebody draws a ticket,
a window calls, another one ends, and its evaluator is pressed. 200 streams of the
one area that all windows but the last are in wait for every call. Then, under the
same load, a screen in Chromium speaks the calls of the last window.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from benchmarks.crowd import Seen, crowd
from benchmarks.figures import Figure, quantile, spread
from benchmarks.hall import RunningHall, running_hall
from benchmarks.hearing import hearing
from benchmarks.speaking import can_speak, speech
from benchmarks.windows import (
    CORNER,
    CORNER_SERVICE,
    END,
    HALL,
    RECALL,
    SERVICES,
    WINDOWS,
    Wires,
    hall_file,
)
from benchmarks.wires import CALL, listening

from bus.client import Message
from devices.topics import Topics

SCREENS: Final = 200
CALLS_A_MIN: Final = 50
SECONDS: Final = 90
SPEAKING_S: Final = 60
WAITING: Final = 300
"""So many wait already when it begins."""
ENDS_AFTER: Final = 10
"""A window ends so many calls later."""
SPEAKS_S: Final = 2.0
"""A call and its repetitions, cut short, are said in this."""
SETTLE_S: Final = 3.0
RESTS_S: Final = 1.0
"""Between two refreshes of a card."""
PART: Final = "queue"


@dataclass(slots=True)
class Marks:
    """When each press was made, and when each of its effects was seen."""

    pressed: list[float] = field(default_factory=list)
    committed: list[float] = field(default_factory=list)
    calls: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each window pressed its call key."""
    shown: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each window's display got a first byte."""
    drawn: list[float] = field(default_factory=list)
    """How long drawing a ticket took."""
    _base: int = 0

    def acked(self, sequence: int, now: float) -> None:
        """Take an acknowledgement: everything up to it is committed."""
        if not self.pressed:
            self._base = sequence
        while len(self.committed) < min(sequence - self._base, len(self.pressed)):
            self.committed.append(now - self.pressed[len(self.committed)])

    def displays(self, *, cards: bool) -> list[float]:
        """From each call to the first byte that its window's display got after it.

        A card that was written within the last second is left alone meanwhile: such
        calls do not count (a quiet card is written again every 30 s).
        """
        found = []
        for window, presses in self.calls.items():
            if (window % 2 == 0) is not cards:
                continue
            for at in presses:
                moments = self.shown[window]
                later = [moment for moment in moments if moment >= at]
                is_rested = not any(at - RESTS_S < moment < at for moment in moments)
                found += [min(later) - at] if later and is_rested else []
        return found

    def screens(self, seen: list[Seen], *, last: bool) -> list[float]:
        """From each call to the first, or the last, screen that had it."""
        times: dict[int, list[float]] = defaultdict(list)
        for call in sorted(seen, key=lambda call: call.call):
            times[call.counter].append(call.last if last else call.first)
        return [
            moment - at
            for window, presses in self.calls.items()
            for at, moment in zip(presses, times[window], strict=False)
        ]


class Load:
    """Citizens and windows at work."""

    def __init__(self, api: httpx.AsyncClient, wires: Wires, marks: Marks) -> None:
        self._api = api
        self._wires = wires
        self._marks = marks
        self._slot = 0
        self._first = asyncio.get_running_loop().time()

    async def draw(self, service: str) -> None:
        """Draw a ticket as a kiosk does."""
        body = {"service": service, "channel": "kiosk"}
        answer = await self._api.post("/api/v1/tickets", json=body)
        answer.raise_for_status()

    def press(self, window: int, key: int) -> float:
        """Press a key; gives when."""
        now = asyncio.get_running_loop().time()
        self._marks.pressed.append(now)
        if key == CALL:
            self._marks.calls[window].append(now)
        self._wires.key(window, key)
        return now

    async def work(self, seconds: float) -> None:
        """Draw, call, end and rate, each so often a minute."""
        loop = asyncio.get_running_loop()
        step_s = 60 / CALLS_A_MIN
        start = loop.time()
        for turn in range(int(seconds / step_s)):
            at = start + turn * step_s
            await _until(at)
            before = loop.time()
            await self.draw(f"s{self._slot % SERVICES}")
            self._marks.drawn.append(loop.time() - before)
            await _until(at + step_s / 4)
            self.press(self._window(self._slot), CALL)
            if self._slot >= ENDS_AFTER:
                window = self._window(self._slot - ENDS_AFTER)
                await _until(at + step_s / 2)
                self.press(window, END)
                await _until(at + step_s * 3 / 4)
                self._marks.pressed.append(loop.time())
                self._wires.rate(window, self._slot % 4)
            self._slot += 1
        await _until(start + seconds)

    def _window(self, slot: int) -> int:
        """All windows but the last in turn, lines and displays mixed."""
        return slot * 37 % (WINDOWS - 1) + 1


@dataclass(slots=True)
class Voice:
    """From presses to the first sound, and to the text; new texts and known ones."""

    cold: list[float] = field(default_factory=list)
    cached: list[float] = field(default_factory=list)
    text: list[float] = field(default_factory=list)


async def measure() -> list[Figure]:
    """Run the part."""
    marks, voice = Marks(), Voice()
    loop = asyncio.get_running_loop()
    wires = Wires(lambda window, at: marks.shown[window].append(at))

    def take(message: Message) -> None:
        marks.acked(json.loads(message.payload)["sequence"], loop.time())

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(listening(*wires.all))
        hall = await stack.enter_async_context(running_hall(hall_file(wires), folder))
        await hall.all_ready()
        api = await stack.enter_async_context(httpx.AsyncClient(base_url=hall.http))
        load = Load(api, wires, marks)
        for n in range(WAITING):
            await load.draw(f"s{n % SERVICES}")
        stream = f"/api/v1/stream?area={HALL}"
        screens = await stack.enter_async_context(crowd(hall.http, stream, SCREENS))
        acks = {Topics("bench").ack("main", "desk"): take}
        await stack.enter_async_context(hearing(hall, acks))
        await asyncio.sleep(SETTLE_S)
        before = hall.cpu_by_part()
        await load.work(SECONDS)
        await asyncio.sleep(SETTLE_S)
        used = hall.cpu_by_part()
        presses, memory = len(marks.pressed), hall.memory_by_part()
        seen = await screens.seen()
        figures = _figures(marks, seen, presses)
        for part in ("drivers", "bridge", "broker"):
            share = (used[part] - before[part]) / (SECONDS + SETTLE_S) * 100
            figures.append(_plain(f"processor: {part}", share, "% of a core"))
        figures.append(_plain("memory: bridge", memory["bridge"], "MB"))
        if can_speak():
            await _speak(hall, load, voice)
    return figures + _voice_figures(voice)


async def _speak(hall: RunningHall, load: Load, voice: Voice) -> None:
    """Call, then call again, at the last window, while the others work."""
    async with speech(f"{hall.http}/screen/{CORNER}?sound=on") as page, _working(load):
        loop = asyncio.get_running_loop()
        end = loop.time() + SPEAKING_S
        while loop.time() < end:
            await load.draw(CORNER_SERVICE)
            await asyncio.sleep(0.2)
            for key, found in ((CALL, voice.cold), (RECALL, voice.cached)):
                at = load.press(WINDOWS, key)
                await asyncio.sleep(SPEAKS_S)
                begun = await page.begun_after(at)
                found.extend(moment - at for moment in begun[:1])
                voice.text += [begun[1] - at] if len(begun) > 1 else []


@asynccontextmanager
async def _working(load: Load) -> AsyncIterator[None]:
    working = asyncio.create_task(load.work(SPEAKING_S + 2 * SPEAKS_S))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _figures(marks: Marks, seen: list[Seen], presses: int) -> list[Figure]:
    calls = sum(map(len, marks.calls.values()))
    whole = sum(call.screens == SCREENS for call in seen)
    cards, strips = marks.displays(cards=True), marks.displays(cards=False)
    return [
        *spread(PART, "press -> committed (ack seen)", marks.committed, 25),
        *spread(PART, "press -> first LED byte (TCP card)", cards, 50),
        *spread(PART, "press -> first strip byte (caller line)", strips, None),
        *spread(PART, "press -> first screen", marks.screens(seen, last=False), 50),
        *spread(
            PART,
            f"press -> last of {SCREENS} screens",
            marks.screens(seen, last=True),
            50,
        ),
        *spread(PART, "ticket drawn, asked -> answered", marks.drawn, None),
        _counted(f"presses committed of {presses}", len(marks.committed), presses),
        _counted(f"calls on all {SCREENS} screens of {calls}", whole, calls),
    ]


def _voice_figures(voice: Voice) -> list[Figure]:
    return [
        *spread(PART, "press -> voice, a new text", voice.cold, 300),
        *spread(PART, "press -> voice, a known text", voice.cached, 300),
        _plain("press -> text behind the gong p50", quantile(voice.text, 0.5), "s"),
        _counted("calls spoken", len(voice.cold) + len(voice.cached), 1),
    ]


def _plain(name: str, value: float, unit: str) -> Figure:
    return Figure(part=PART, name=name, value=round(value, 2), unit=unit)


def _counted(name: str, value: int, least: int) -> Figure:
    return Figure(part=PART, name=name, value=value, unit="", limit=least, bound=">=")


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
