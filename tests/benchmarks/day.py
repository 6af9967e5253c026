"""(h) A day of 10,000 tickets in under five minutes, at the hall of 200 windows.

Visitors come as the simulator plans them, 100 times as fast, and draw at the REST
endpoint of a kiosk; each window presses its keys on the caller line and believes
only what the live stream tells it. The same stream is the ledger: nobody twice,
nobody skipped, nobody lost. Memory is looked at all the time.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from benchmarks.figures import Figure, quantile, spread
from benchmarks.hall import RunningHall, running_hall
from benchmarks.hearing import hearing
from benchmarks.ledger import Ledger, changes
from benchmarks.windows import (
    END,
    RECALL,
    SERVICES,
    WINDOWS,
    Wires,
    hall_file,
    services_of,
)
from benchmarks.wires import CALL, KEY_FUNC, ff68, listening

from bus.client import Message
from devices.topics import Topics
from simulators.day.plan import OPENS, Shift, Visitor, plan_day

TICKETS: Final = 10_000
SPEED: Final = 100.0
SEED: Final = 20260302
KIOSKS: Final = 8
"""So many draw at a time."""
WALK_S: Final = 25.0
BETWEEN_S: Final = 20.0
RATES_AFTER_S: Final = 6.0
BOUNCE_S: Final = 0.35
"""Real seconds between two presses of one key that are two presses."""
ANSWER_S: Final = 3.0
"""Real seconds in which a press shows; then its window looks again."""
LOOK_S: Final = 0.25
SAMPLE_S: Final = 5.0
WARM: Final = 0.25
"""Of the day: caches and pools fill, then memory is to be flat."""
NO_SHOW: Final = bytes((6, 0x0F))
PARTS: Final = ("drivers", "bridge", "broker")
PART: Final = "day"


@dataclass(slots=True)
class Marks:
    """What was pressed and drawn, and what the hall took of memory."""

    pressed: list[float] = field(default_factory=list)
    committed: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    numbers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    memory: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    """(tickets so far, MB by part)."""

    def acked(self, sequence: int, now: float) -> None:
        """Take an acknowledgement: everything up to it is committed."""
        while len(self.committed) < min(sequence, len(self.pressed)):
            self.committed.append(now - self.pressed[len(self.committed)])

    def growth(self, part: str) -> float:
        """MB that a part grew with a thousand tickets, once it was warm."""
        known = [(n, used.get(part, 0.0)) for n, used in self.memory]
        warm = [each for each in known if each[0] >= WARM * known[-1][0]]
        middle = sum(n for n, _ in warm) / len(warm)
        mean = sum(mb for _, mb in warm) / len(warm)
        square = sum((n - middle) ** 2 for n, _ in warm)
        slope = sum((n - middle) * (mb - mean) for n, mb in warm) / (square or 1.0)
        return slope * 1000


class Day:
    """Citizens and windows; times are the played day's seconds since midnight."""

    def __init__(
        self, api: httpx.AsyncClient, wires: Wires, marks: Marks, speed: float
    ) -> None:
        self.ledger = Ledger({f"w{n}": services_of(n) for n in range(1, WINDOWS)})
        self._api = api
        self._wires = wires
        self._marks = marks
        self._speed = speed
        self._visitors: dict[str, Visitor] = {}
        self._claims: dict[str, int] = defaultdict(int)
        """Windows that are calling, by the service they look at: not all for one."""
        self._kiosks = asyncio.Semaphore(KIOSKS)
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._over = False

    @property
    def now(self) -> float:
        """The played time."""
        return OPENS - 300 + (self._loop.time() - self._start) * self._speed

    async def play(self, visitors: Sequence[Visitor], shifts: Sequence[Shift]) -> None:
        """Until everybody was served."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._arrive(visitors))
            for number, shift in enumerate(shifts, start=1):
                tasks.create_task(self._window(number, shift))

    async def _arrive(self, visitors: Sequence[Visitor]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for visitor in visitors:
                await asyncio.sleep(max(0.0, (visitor.at - self.now) / self._speed))
                await self._kiosks.acquire()
                tasks.create_task(self._draw(visitor))
        self._over = True

    async def _draw(self, visitor: Visitor) -> None:
        try:
            before = self._loop.time()
            body = {"service": visitor.service, "channel": "kiosk"}
            answer = await self._api.post("/api/v1/tickets", json=body)
            answer.raise_for_status()
        finally:
            self._kiosks.release()
        self._marks.drawn.append(self._loop.time() - before)
        ticket = answer.json()
        self._visitors[ticket["id"]] = visitor
        self._marks.numbers[visitor.service].append(ticket["number"])

    async def _window(self, number: int, shift: Shift) -> None:
        name = f"w{number}"
        while True:
            if self._over and not self.ledger.somebody_waits(name):
                return
            works = self._over or shift.works(self.now)
            service = self._wanted(name) if works else None
            if service is None:
                await asyncio.sleep(LOOK_S)
                continue
            self._claims[service] += 1
            before = self.ledger.at.get(name)
            self._press(number, CALL)
            ticket = await self._next(name, before)
            self._claims[service] -= 1
            if ticket is not None:
                await self._serve(number, self._visitors.get(ticket))
            await self._pass(BETWEEN_S, at_least_s=BOUNCE_S)

    async def _serve(self, number: int, visitor: Visitor | None) -> None:
        await self._pass(WALK_S)
        if visitor is not None and not visitor.shows_up:
            self._press(number, RECALL)
            await self._pass(WALK_S)
            self._press(number, *NO_SHOW)
            return
        await self._pass(visitor.service_s if visitor else WALK_S)
        self._press(number, END)
        if visitor is not None and visitor.rating is not None:
            await self._pass(RATES_AFTER_S)
            self._marks.pressed.append(self._loop.time())
            self._wires.rate(number, visitor.rating)

    def _wanted(self, name: str) -> str | None:
        """A service of the window in whose line more wait than are being called."""
        for service in self.ledger.serves[name]:
            if len(self.ledger.waiting[service]) > self._claims[service]:
                return service
        return None

    async def _next(self, name: str, before: str | None) -> str | None:
        """The ticket that comes to a window; None when somebody else took it."""
        changed = self.ledger.changed[name]
        try:
            async with asyncio.timeout(ANSWER_S):
                while (found := self.ledger.at.get(name)) in {None, before}:
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return None
        return found

    def _press(self, number: int, *keys: int) -> None:
        self._marks.pressed.append(self._loop.time())
        line, address = self._wires.place(number)
        self._wires.lines[line].press(ff68(address, KEY_FUNC, *keys))

    async def _pass(self, played_s: float, at_least_s: float = 0.05) -> None:
        await asyncio.sleep(max(played_s / self._speed, at_least_s))


async def measure(tickets: int = TICKETS, speed: float = SPEED) -> list[Figure]:
    """Play the day."""
    marks = Marks()
    loop = asyncio.get_running_loop()
    wires = Wires(lambda _window, _at: None)

    def take(message: Message) -> None:
        marks.acked(json.loads(message.payload)["sequence"], loop.time())

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(listening(*wires.all))
        hall = await stack.enter_async_context(running_hall(hall_file(wires), folder))
        await hall.all_ready()
        api = await stack.enter_async_context(httpx.AsyncClient(base_url=hall.http))
        acks = {Topics("bench").ack("main", "desk"): take}
        await stack.enter_async_context(hearing(hall, acks))
        day = Day(api, wires, marks, speed)
        plan = plan_day(
            SEED,
            services=[f"s{n}" for n in range(SERVICES)],
            counters=[f"w{n}" for n in range(1, WINDOWS)],
            staff=[],
            visitors=tickets,
        )
        watchers = [
            asyncio.create_task(_follow(hall, day.ledger)),
            asyncio.create_task(_sample(hall, marks)),
        ]
        await asyncio.sleep(1)
        before, start = hall.cpu_by_part(), loop.time()
        await day.play(plan.visitors, plan.shifts)
        took_s = loop.time() - start
        used = hall.cpu_by_part()
        await asyncio.sleep(2)
        for watcher in watchers:
            watcher.cancel()
        ends = await asyncio.gather(*watchers, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
    share = {part: (used[part] - before[part]) / took_s * 100 for part in PARTS}
    return [*_figures(marks, day.ledger, tickets, took_s), *_load(marks, share)]


async def _follow(hall: RunningHall, ledger: Ledger) -> None:
    async for number, kind, data in changes(hall.http):
        ledger.take(number, kind, data)


async def _sample(hall: RunningHall, marks: Marks) -> None:
    while True:
        marks.memory.append((len(marks.drawn), hall.memory_by_part()))
        await asyncio.sleep(SAMPLE_S)


def _figures(
    marks: Marks, ledger: Ledger, tickets: int, took_s: float
) -> Iterator[Figure]:
    quarter = len(marks.committed) // 4
    wrong = sum(
        sorted(int(number[1:]) for number in found) != [*range(1, len(found) + 1)]
        for found in marks.numbers.values()
    )
    several = sum(count > 1 for count in ledger.announced.values())
    yield _figure("the day took", took_s, "s")
    yield _figure("tickets called", len(ledger.announced), "", tickets, at_least=True)
    yield _figure("tickets lost", ledger.lost, "", 0)
    yield _figure(
        "tickets at two windows, or called twice", ledger.doubled + several, "", 0
    )
    yield _figure("calls that skipped somebody", ledger.skipped, "", 0)
    yield _figure("services with a gap in their numbers", wrong, "", 0)
    presses = len(marks.pressed)
    yield _figure(
        f"presses committed of {presses}",
        len(marks.committed),
        "",
        presses,
        at_least=True,
    )
    yield from spread(PART, "press -> committed (ack seen)", marks.committed, None)
    for name, some in (
        ("the first quarter", marks.committed[:quarter]),
        ("the last quarter", marks.committed[-quarter:]),
    ):
        yield _figure(f"... {name} p50", quantile(some, 0.5) * 1000, "ms")
    yield from spread(PART, "ticket drawn, asked -> answered", marks.drawn, None)


def _load(marks: Marks, share: dict[str, float]) -> Iterator[Figure]:
    for part in PARTS:
        yield _figure(f"processor: {part}", share[part], "% of a core")
    for part in PARTS:
        last = marks.memory[-1][1].get(part, 0.0)
        yield _figure(f"memory: {part}, at the end", last, "MB")
        growth = marks.growth(part)
        yield _figure(f"memory: {part}, more with 1,000 tickets", growth, "MB", 1)


def _figure(
    name: str,
    value: float,
    unit: str,
    limit: float | None = None,
    *,
    at_least: bool = False,
) -> Figure:
    return Figure(
        part=PART,
        name=name,
        value=round(value, 2),
        unit=unit,
        limit=limit,
        bound=">=" if at_least else "<=",
    )
