"""An ID card driver against the simulated reader, quick enough for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.driving import Driving, RecordingContext, driving
from support.echoing import loop_clock

from devices.site import DeviceEntry, HallInfo, Site
from drivers.sdt.driver import SdtDriver
from drivers.sdt.settings import SdtParameters
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator


class HastyParameters(SdtParameters):
    """Polls faster than a vendor allows."""

    poll_ms: int = 5
    presume_out_s: float = 5.0


class HastyDriver(SdtDriver):
    parameters_model = HastyParameters


@dataclass(frozen=True, slots=True)
class Desk:
    """A reader with its driver and everything that the driver told."""

    reader: Hosted
    context: RecordingContext
    driving: Driving

    async def insert(self, kind: str = "resident") -> None:
        await self.reader.act("insert", {"kind": kind})

    async def remove(self) -> None:
        await self.reader.act("remove")

    async def fail(self, sw3: int, **arguments: Any) -> None:
        await self.reader.act("fail", {"sw3": sw3, **arguments})

    @property
    def told(self) -> list[str]:
        """Events as `in resident certain`."""
        return [
            f"{event.type.removeprefix('card.')} {event.data['kind']} "
            f"{event.data['confidence']}"
            for event in self.context.events
        ]

    async def told_in_all(self, count: int) -> list[str]:
        await self.context.wait_event(count)
        return self.told

    async def reads(self, count: int) -> None:
        await self.context.wait_value(lambda value: value["reads"] >= count)

    async def card(self, state: str) -> None:
        await self.context.wait_value(lambda value: value["card"] == state)

    async def fault(self, code: str, count: int = 1) -> str:
        """Wait until a fault was counted so often; gives its message."""
        value = await self.context.wait_value(
            lambda value: value["faults"].get(code, 0) >= count
        )
        return value["fault"]["message"] if value["fault"] else ""


def reader_entry(url: str, **parameters: Any) -> DeviceEntry:
    """A hall file's entry of a reader."""
    fields = {"id": "id-1", "driver": "sdt", "url": url, **parameters}
    return DeviceEntry.model_validate(fields)


@asynccontextmanager
async def desk(
    url: str = "tcp://127.0.0.1:0", **parameters: Any
) -> AsyncIterator[Desk]:
    """Host a reader and drive it; `parameters` are keys of the hall file."""
    site = Site(hall=HallInfo(id="test"))
    simulator = build_simulator(reader_entry(url, **parameters), site)
    async with host(simulator, url, clock=loop_clock) as reader:
        entry = reader_entry(reader.url, **parameters)
        context = RecordingContext(entry, clock=loop_clock)
        async with driving(HastyDriver, entry, context) as under_way:
            yield Desk(reader, context, under_way)


def pty_url(folder: Path) -> str:
    """Where a reader is plugged in."""
    return f"serial:{folder / 'reader'}?baudrate=115200"
