"""The clock driver on a simulated clock, over real TCP or UDP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from support.clocks import DAY, TCP, clock_entry, fill, simulated_clock, wall_clock
from support.driving import Driving, RecordingContext, driving

from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceState
from devices.site import DeviceEntry
from drivers.zk.driver import ZkDriver
from simulators.hosting.faults import Faults
from simulators.hosting.host import Hosted, host
from simulators.zk.simulator import ZkClock

FAST = {"probe_s": 0.02, "timeout_s": 2.0}


@dataclass
class Bench:
    clock: ZkClock
    hosted: Hosted
    context: RecordingContext
    driving: Driving

    async def punch(self, user_id: str = "1001", minute: int = 0, **more: Any) -> None:
        time = (DAY + timedelta(minutes=minute)).isoformat()
        await self.hosted.act("punch", {"user_id": user_id, "time": time, **more})

    @property
    def punches(self) -> list[DeviceEvent]:
        return [e for e in self.context.events if e.type is EventType.ATTENDANCE_PUNCH]

    @property
    def tampers(self) -> list[DeviceEvent]:
        return [e for e in self.context.events if e.type is EventType.ATTENDANCE_TAMPER]

    async def punched(self, count: int = 1) -> list[DeviceEvent]:
        """Wait for `count` punches in all; gives all there are."""
        await self.context.wait(lambda: len(self.punches) >= count)
        return self.punches

    async def tampered(self, kind: str, count: int = 1) -> list[DeviceEvent]:
        """Wait for `count` tampers of a kind; gives all of that kind."""

        def found() -> list[DeviceEvent]:
            return [event for event in self.tampers if event.data["kind"] == kind]

        await self.context.wait(lambda: len(found()) >= count)
        return found()

    async def ready(self) -> None:
        await self.context.wait_state(DeviceState.READY)

    async def read_log(self) -> None:
        """Wait until the log was gone through as far as it goes now."""
        rows = len(self.clock.memory.rows)
        await self.context.wait(lambda: rows_marked(self.context) == rows)


def rows_marked(context: RecordingContext) -> int | None:
    mark = context.remembered.get("zk:SPECIMEN1:log")
    return mark["rows"] if mark else None


def ids(events: Sequence[DeviceEvent]) -> list[str]:
    return [event.identity.id if event.identity else "" for event in events]


@asynccontextmanager
async def bench(
    url: str = TCP,
    *,
    clock: ZkClock | None = None,
    rows: int = 0,
    faults: Faults | None = None,
    context: RecordingContext | None = None,
    parameters: dict[str, Any] | None = None,
    comm_key: int = 0,
    **simulation: Any,
) -> AsyncIterator[Bench]:
    entry = clock_entry(url, comm_key=comm_key, **simulation)
    clock = clock or simulated_clock(entry)
    fill(clock, rows)
    async with host(clock, url, clock=wall_clock, faults=faults) as hosted:
        found = {**entry.model_dump(), **FAST, "url": hosted.url, **(parameters or {})}
        real = DeviceEntry.model_validate(found)
        context = context or RecordingContext(real, clock.site)
        context._device = real
        async with driving(ZkDriver, real, context) as under_way:
            yield Bench(clock, hosted, context, under_way)
