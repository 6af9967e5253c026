"""A simulated line of button panels with its driver under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from support.driving import Driving, RecordingContext, driving

from devices.kinds import DeviceState
from devices.site import Counter, DeviceEntry, HallInfo, Site
from drivers.ub485.driver import PanelBusDriver
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

UNITS = [
    {"address": 0x21, "counter": "w1", "transfer_to": "w2"},
    {"address": 0x22, "counter": "w2"},
]


@dataclass(slots=True)
class PanelHall:
    """Panels, and what their driver tells."""

    line: Hosted
    context: RecordingContext
    driving: Driving

    async def press(self, *keys: str, address: int = 0x21) -> None:
        await self.line.act("press", {"address": address, "keys": list(keys)})

    def panel(self, address: int = 0x21) -> dict[str, Any]:
        shown = self.line.view()["units"][str(address)]
        return {key: shown[key] for key in ("light", "text", "blinks", "beeps")}

    async def polled(self, times: int = 3, address: int = 0x21) -> None:
        """Wait until a panel was asked so many times more."""
        name = str(address)
        goal = self.line.view()["units"][name]["polls"] + times
        await until(lambda: self.line.view()["units"][name]["polls"] >= goal)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something of the simulated line."""
    while not holds():  # noqa: ASYNC110 - the line tells nobody what it shows
        await asyncio.sleep(0.005)


def panel_entry(url: str, **parameters: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {
            "id": "panels",
            "driver": "ub485",
            "url": url,
            "units": UNITS,
            "poll_ms": 10,
            "answer_ms": 10,
            "debounce_ms": 3000,
            **parameters,
        }
    )


def panel_site(device: DeviceEntry) -> Site:
    return Site(
        hall=HallInfo(id="test"),
        counters=[Counter(id="w1", number=1), Counter(id="w2", number=2)],
        devices=[device],
    )


@asynccontextmanager
async def panel_hall(
    wire: str = "tcp",
    folder: Path | None = None,
    *,
    remembered: dict[str, Any] | None = None,
    **parameters: Any,
) -> AsyncIterator[PanelHall]:
    place = f"serial:{folder}/panels" if wire == "serial" else "tcp://127.0.0.1:0"
    first = panel_entry(place, **parameters)
    site = panel_site(first)

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), site.hall.zone)

    async with host(build_simulator(first, site), place, clock=clock) as line:
        device = panel_entry(line.url, **parameters)
        context = RecordingContext(device, panel_site(device), remembered=remembered)
        async with driving(PanelBusDriver, device, context) as under_way:
            await context.wait_state(DeviceState.READY)
            await until(lambda: line.sessions > 0)
            yield PanelHall(line, context, under_way)
        assert line.failure == ""
