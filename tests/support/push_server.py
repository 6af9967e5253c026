"""A push clock's driver on a real port, and a client that asks it by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from support.driving import Driving, RecordingContext, SettableClock, driving

from devices.adms.http import HttpRequest, HttpResponse, ResponseReader
from devices.site import Site
from drivers.adms.connection import Patience
from drivers.adms.driver import AdmsDriver
from drivers.adms.reception import Reception, expected_clocks
from drivers.adms.server import Listening, PushServer

SERIAL = "OGT1234567"
NOW = datetime(2026, 8, 29, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
LINE = "900001\t2026-08-29 15:30:00\t0\t1\t0\t0\t0\t255\t0\t0"


def push_site(*serials: str, **parameters: Any) -> Site:
    """A hall with a push clock for each serial number, `push-1` and on."""
    return Site.model_validate(
        {
            "hall": {"id": "t"},
            "adms": {"host": "127.0.0.1", "port": 0},
            "devices": [
                {"id": f"push-{n}", "driver": "adms", "serial": serial, **parameters}
                for n, serial in enumerate(serials, 1)
            ],
        }
    )


@dataclass(slots=True)
class Bench:
    """Clocks' drivers that share a server."""

    server: PushServer
    clock: SettableClock
    contexts: list[RecordingContext] = field(default_factory=list)
    drivers: list[Driving] = field(default_factory=list)
    alarms: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> RecordingContext:
        return self.contexts[0]

    @property
    def driver(self) -> Driving:
        return self.drivers[0]

    def client(self, address: str = "127.0.0.1") -> Client:
        return Client(self.server.port, address)

    async def get(self, target: str, **more: Any) -> HttpResponse:
        return await self.client(**more).ask("GET", target)

    async def post(self, target: str, body: bytes | str, **more: Any) -> HttpResponse:
        return await self.client(**more).ask("POST", target, body)

    async def punch(self, body: bytes | str = LINE, **more: Any) -> HttpResponse:
        return await self.post(f"/iclock/cdata?SN={SERIAL}&table=ATTLOG", body, **more)

    async def poll(self, serial: str = SERIAL) -> bytes:
        return (await self.get(f"/iclock/getrequest?SN={serial}")).body


@dataclass(slots=True)
class Client:
    """Speaks HTTP from an address of the loopback network, one call a connection."""

    port: int
    address: str

    async def ask(
        self, method: str, target: str, body: bytes | str = b""
    ) -> HttpResponse:
        raw = body.encode() if isinstance(body, str) else body
        headers = (("Host", "hall"), ("Content-Length", str(len(raw))))
        request = HttpRequest(method=method, target=target, headers=headers, body=raw)
        (response,) = await self.talk(request.encode())
        return response

    async def talk(self, *pieces: bytes, ends: bool = True) -> list[HttpResponse]:
        """Send pieces of bytes, give all responses until the server closes."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(self.address, 0)
        )
        responses: list[HttpResponse] = []
        parser = ResponseReader()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if ends:
                writer.write_eof()
            while data := await reader.read(65536):
                responses += parser.feed(data)
            responses += parser.feed_end()
        except OSError:
            pass  # cut off by the server: what it said before counts
        finally:
            writer.close()
        return responses


@asynccontextmanager
async def push_bench(
    site: Site | None = None,
    *,
    remembered: Sequence[dict[str, Any]] = (),
    patience: Patience | None = None,
    **server: Any,
) -> AsyncIterator[Bench]:
    """Run a driver for every push clock of a hall, on a free port."""
    site = site or push_site(SERIAL)
    clock = SettableClock(NOW)
    alarms: dict[str, str] = {}
    contexts: list[RecordingContext] = []
    reception = Reception(
        now=clock,
        clock_trusted=lambda: all(context.clock_trusted for context in contexts),
        expected=expected_clocks(site),
        alarm=alarms.__setitem__,
    )
    push = PushServer(
        listening=server.pop("listening", Listening.of(site)),
        reception=reception,
        patience=patience or Patience(),
        **server,
    )
    shared: dict[type, Any] = {PushServer: push}
    bench = Bench(push, clock, contexts, alarms=alarms)
    async with push.open(), asyncio.TaskGroup() as group:
        stop = asyncio.Event()

        async def drive(number: int, up: asyncio.Event) -> None:
            entry = site.devices[number]
            kept = remembered[number] if number < len(remembered) else None
            context = RecordingContext(
                entry, site, clock=clock, remembered=kept, shared=shared
            )
            contexts.append(context)
            async with driving(AdmsDriver, entry, context) as under_way:
                bench.drivers.append(under_way)
                await context.wait(lambda: "server" in context.info)
                up.set()
                await stop.wait()

        for number in range(len(site.devices)):
            up = asyncio.Event()
            group.create_task(drive(number, up))
            await up.wait()
        try:
            yield bench
        finally:
            stop.set()
