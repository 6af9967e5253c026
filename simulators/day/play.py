"""Plays a planned hall day: citizens, staff and clocks act at simulated devices.

Tickets are drawn at the kiosk's REST endpoint, windows pause there; everything
else goes over the wires.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx

from devices.errors import DeviceError
from devices.site import Counter, Site
from simulators.day.callers import Habit, caller_of
from simulators.day.plan import DayPlan, Shift, Visitor

WALK_S: Final = 25.0
RECALL_S: Final = 60.0
PAUSE_BETWEEN_S: Final = 20.0
RATES_AFTER_S: Final = 6.0
CARD_LIES_S: Final = 20.0
ANSWER_S: Final = 4.0
"""Real seconds for a press to reach the queue."""
LOOK_S: Final = 0.15
"""Real seconds between two looks at the queue."""
SHORTEST_S: Final = 0.05
CLOCKS: Final = frozenset({"zk", "adms"})
"""Drivers of the clocks where staff punches, each time at the next one."""


class Actor(Protocol):
    """A simulated device that people act at."""

    async def act(
        self, action: str, arguments: Mapping[str, Any] | None = None
    ) -> None:
        """Do something at the device."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A window's caller: its device, the address on it, and how it is used."""

    line: Actor
    address: int | None
    habit: Habit


class Day:
    """One day at one hall; `run` plays it once.

    What is planned before `begins` (seconds since midnight) happens at once.
    """

    def __init__(
        self,
        site: Site,
        devices: Mapping[str, Actor],
        plan: DayPlan,
        *,
        api: httpx.AsyncClient,
        speed: float = 60.0,
        begins: float | None = None,
        note: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._site = site
        self._devices = devices
        self._plan = plan
        self._api = api
        self._speed = speed
        self._begins = plan.begins if begins is None else begins
        self._note = note
        self._visitors: dict[str, Visitor] = {}
        self._started = 0.0
        self._over = False
        """Nobody comes or goes any more."""

    @property
    def time_s(self) -> float:
        """The time of the played day, seconds since midnight."""
        passed_s = asyncio.get_running_loop().time() - self._started
        return self._begins + passed_s * self._speed

    async def run(self) -> None:
        """Play until the last thing of the plan has happened and all are served."""
        self._started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._people())
            for shift in self._plan.shifts:
                counter = self._site.counter(shift.counter)
                caller = self._caller(shift.counter)
                if counter is not None and caller is not None:
                    tasks.create_task(self._window(counter, caller, shift))

    async def _people(self) -> None:
        await asyncio.gather(self._arrivals(), self._punches())
        self._over = True

    async def _arrivals(self) -> None:
        for visitor in self._plan.visitors:
            await self._until(visitor.at)
            body = {"service": visitor.service, "channel": "kiosk"}
            ticket = await self._post("/api/v1/tickets", body)
            if "id" in ticket:
                self._visitors[str(ticket["id"])] = visitor
                self._note(f"ticket {ticket['number']} for {visitor.service}")

    async def _punches(self) -> None:
        clocks = self._actors(CLOCKS)
        for index, punch in enumerate(self._plan.punches):
            await self._until(punch.at)
            if clocks:
                arguments = {
                    "user_id": punch.user_id,
                    "direction": punch.direction,
                    "method": punch.method,
                }
                await self._act(clocks[index % len(clocks)], "punch", arguments)

    async def _window(self, counter: Counter, caller: Caller, shift: Shift) -> None:
        sits = True
        while True:
            works = shift.works(self.time_s)
            if works != sits:
                action = "open" if works else "pause"
                await self._post(f"/api/v1/counters/{counter.id}/{action}", {})
                self._note(f"window {counter.number}: {action}")
                sits = works
            waiting = works and await self._somebody_waits(counter)
            if self._over and not waiting:
                return
            if not waiting:
                await self._pass(PAUSE_BETWEEN_S)
                continue
            ticket = await self._call(counter, caller)
            if ticket is not None:
                await self._serve(counter, caller, str(ticket["id"]))
            await self._pass(PAUSE_BETWEEN_S)

    async def _serve(self, counter: Counter, caller: Caller, ticket: str) -> None:
        visitor = self._visitors.pop(ticket, None)
        await self._pass(WALK_S)
        if visitor is not None and not visitor.shows_up:
            await self._press(caller, caller.habit.recall)
            await self._pass(RECALL_S)
            await self._press(caller, caller.habit.no_show)
            return
        if caller.habit.begin is not None:
            await self._press(caller, caller.habit.begin)
        reader = self._reader(counter.id)
        if visitor is not None and visitor.card and reader is not None:
            await self._act(reader, "insert", {})
            await self._pass(CARD_LIES_S, at_least_s=1.0)
            await self._act(reader, "remove", {})
        await self._pass(visitor.service_s if visitor else WALK_S)
        await self._press(caller, caller.habit.end)
        rating = visitor.rating if visitor is not None else None
        if rating is not None and caller.habit.has_evaluator:
            await self._pass(RATES_AFTER_S, at_least_s=0.3)
            press = {"address": caller.address, "value": rating}
            await self._act(caller.line, "rate", press)

    async def _call(self, counter: Counter, caller: Caller) -> Mapping[str, Any] | None:
        """Press the call key and wait for the ticket that comes up."""
        before = await self._ticket(counter)
        await self._press(caller, caller.habit.call)
        loop = asyncio.get_running_loop()
        end = loop.time() + ANSWER_S
        while loop.time() < end:
            ticket = await self._ticket(counter)
            if ticket is not None and ticket != before:
                self._note(f"window {counter.number} calls {ticket['number']}")
                return ticket
            await asyncio.sleep(LOOK_S)
        return None

    async def _ticket(self, counter: Counter) -> Mapping[str, Any] | None:
        queue = await self._get("/api/v1/queue")
        for window in queue.get("counters", []):
            if window["id"] == counter.id:
                ticket: Mapping[str, Any] | None = window["ticket"]
                return ticket
        return None

    async def _somebody_waits(self, counter: Counter) -> bool:
        queue = await self._get("/api/v1/queue")
        return any(
            service["waiting"] and service["id"] in counter.service_ids
            for service in queue.get("services", [])
        )

    async def _press(self, caller: Caller, key: str) -> None:
        arguments: dict[str, Any] = {"keys": [key]}
        if caller.address is not None:
            arguments = {"address": caller.address, **arguments}
        await self._act(caller.line, "press", arguments)

    async def _act(self, actor: Actor, action: str, arguments: dict[str, Any]) -> None:
        try:
            await actor.act(action, arguments)
        except (DeviceError, OSError) as error:
            self._note(f"{action}: {error}")

    async def _get(self, path: str) -> Mapping[str, Any]:
        return await self._request("GET", path, None)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._request("POST", path, body)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Ask the hall; while it is away, wait and ask again."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if body is not None else {}
        while True:
            try:
                answer = await self._api.request(
                    method, path, json=body, headers=headers
                )
            except httpx.HTTPError:
                await asyncio.sleep(1.0)
                continue
            if answer.status_code < 500:
                found: Mapping[str, Any] = answer.json()
                return found
            await asyncio.sleep(1.0)

    async def _until(self, at: float) -> None:
        wait_s = (at - self.time_s) / self._speed
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _pass(self, played_s: float, at_least_s: float = SHORTEST_S) -> None:
        await asyncio.sleep(max(played_s / self._speed, at_least_s))

    def _actors(self, drivers: Collection[str]) -> list[Actor]:
        return [
            self._devices[entry.id]
            for entry in self._site.devices
            if entry.driver in drivers and entry.id in self._devices
        ]

    def _reader(self, counter: str) -> Actor | None:
        for entry in self._site.devices:
            if entry.driver == "sdt" and entry.counter == counter:
                return self._devices.get(entry.id)
        return None

    def _caller(self, counter: str) -> Caller | None:
        place = caller_of(self._site.devices, counter)
        if place is None or place.device not in self._devices:
            return None
        return Caller(self._devices[place.device], place.address, place.habit)
