"""A tiny simulated device that dials, and a hall that it can reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import BaseModel

from devices.site import DeviceEntry, HallInfo, Site
from simulators.simulator import Output, Simulator, SimulatorParameters


class Ring(BaseModel):
    """Have something to say."""


class Caller(Simulator[SimulatorParameters]):
    """Says `ring;` on a line until it hears something; hangs up then."""

    parameters_model = SimulatorParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"ring": Ring}
    dials = True

    def __init__(
        self,
        device: DeviceEntry,
        parameters: SimulatorParameters,
        site: Site,
        *,
        retry_s: float = 0.0,
    ) -> None:
        super().__init__(device, parameters, site)
        self.retry_s = retry_s
        self.rings = False
        self.crashes = 0
        self.heard: list[bytes] = []
        self.failures: list[str] = []
        self.ended: list[int] = []
        self.next_at: datetime | None = None
        self._news = asyncio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that happens to the device."""
        while not holds():
            self._news.clear()
            await self._news.wait()

    @property
    def wants_line(self) -> bool:
        return self.rings and self.next_at is None

    def unreachable(self, reason: str, now: datetime) -> None:
        self.failures.append(reason)
        self._news.set()
        self.next_at = now + timedelta(seconds=self.retry_s)

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        del now
        if self.crashes:
            self.crashes -= 1
            raise RuntimeError("a bug of this simulator")
        return [Output(b"ring;", session)]

    def disconnected(self, session: int) -> None:
        self.ended.append(session)
        self._news.set()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        del session, now
        self.heard.append(data)
        self.rings = False
        return ()

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        del action, arguments, now
        self.rings = True
        return ()

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        if self.next_at is not None and now >= self.next_at:
            self.next_at = None
        return (), self.next_at

    def view(self) -> Mapping[str, Any]:
        return {"heard": b"".join(self.heard).decode()}


def caller(*, retry_s: float = 0.0) -> Caller:
    site = Site(hall=HallInfo(id="test"))
    entry = DeviceEntry(id="caller-1", driver="caller")
    return Caller(entry, SimulatorParameters(), site, retry_s=retry_s)


class Hall:
    """Takes calls; each has its streams. `calls` gives them one after another."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self.calls = asyncio.Queue()
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._take, "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take no calls and drop those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await asyncio.sleep(0)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.calls.put_nowait((reader, writer))


@asynccontextmanager
async def open_hall() -> AsyncIterator[Hall]:
    hall = Hall()
    await hall.open()
    try:
        yield hall
    finally:
        await hall.close()
