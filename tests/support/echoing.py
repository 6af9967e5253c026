"""A tiny simulated device, and the memory-only line that it can be tried on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from devices.errors import MisuseError
from devices.site import DeviceEntry, HallInfo, Site
from simulators.simulator import Output, Simulator, SimulatorParameters

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)


class Say(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    after_ms: float = 0


class Echo(Simulator[SimulatorParameters]):
    """Answers every portion with `<` portion `>`; counts what it got."""

    parameters_model = SimulatorParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"say": Say, "fail": Say}

    def __init__(
        self, device: DeviceEntry, parameters: SimulatorParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self.taken = b""
        self.open: list[int] = []
        self.power_cycles = 0
        self.tick_at: datetime | None = None

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        del now
        self.open.append(session)
        return [Output(b"hello;", session)]

    def disconnected(self, session: int) -> None:
        self.open.remove(session)

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        if b"crash" in data:
            raise RuntimeError("a bug of this simulator")
        if b"tick" in data:
            self.tick_at = now + timedelta(milliseconds=20)
        self.taken += data
        return [Output(b"<", session), Output(data, session), Output(b">", session)]

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        del now
        assert isinstance(arguments, Say)
        if action == "fail":
            raise MisuseError("it cannot be done now")
        return [Output(arguments.text.encode(), after_s=arguments.after_ms / 1000)]

    def powercycle(self, now: datetime) -> None:
        del now
        self.power_cycles += 1
        self.taken = b""

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        if self.tick_at is not None and now >= self.tick_at:
            self.tick_at = None
            return [Output(b"tock")], None
        return (), self.tick_at

    def view(self) -> Mapping[str, Any]:
        return {"taken": self.taken.decode()}


class MemoryLine:
    """Keeps the segments that a device sent."""

    def __init__(self, *, datagrams: bool = False) -> None:
        self.datagrams = datagrams
        self.segments: list[bytes] = []
        self.ended = False
        self._news = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.segments.append(data)
        self._news.set()

    def close(self) -> None:
        self.ended = True

    async def wait(self, count: int) -> list[bytes]:
        """Wait for `count` segments."""
        while len(self.segments) < count:
            self._news.clear()
            await self._news.wait()
        return self.segments


def echo(device_id: str = "echo-1") -> Echo:
    site = Site(hall=HallInfo(id="test"))
    entry = DeviceEntry(id=device_id, driver="echo", url="tcp://127.0.0.1:0")
    return Echo(entry, SimulatorParameters(), site)


def loop_clock() -> datetime:
    """Time as the loop measures it, from a fixed start."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())
