"""A driver that does what a test says, and a node that runs it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from support.fake_bridge import HALL

from bus.address import BrokerAddress
from devices.errors import (
    CommandRejectedError,
    CommandTimeoutError,
    ProtocolError,
    TransportError,
)
from devices.events import DeviceEvent, EventType, Identity
from devices.kinds import DeviceKind, DeviceState
from devices.site import Site
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.node.node import NodeTiming, run_node
from drivers.node.publisher import Timing

QUICK = NodeTiming(
    publisher=Timing(ack_grace_s=0.15, stand_still_s=0.3, save_every_s=0.05),
    first_retry_s=0.01,
    health_every_s=0.2,
)


class ProbeParameters(DriverParameters):
    broken: str = ""


class Echo(BaseModel):
    text: str


class Fail(BaseModel):
    how: str


class Nothing(BaseModel):
    pass


class Probe(Driver[ProbeParameters]):
    """READY at once; fails when told to."""

    kind = DeviceKind.CALLER_BUS
    parameters_model = ProbeParameters
    capabilities = ("caller.key",)
    commands = {"echo": Echo, "fail": Fail, "hang": Nothing, "gate": Nothing}  # noqa: RUF012 - ClassVar in the base

    def __init__(self, context: DriverContext, parameters: ProbeParameters) -> None:
        super().__init__(context, parameters)
        self.lives = 0
        self.executed: list[str] = []
        self.gate = asyncio.Event()
        self._end: asyncio.Future[None] | None = None
        PROBES[context.device.id] = self

    async def run(self) -> None:
        self.lives += 1
        self._end = asyncio.get_running_loop().create_future()
        self.context.report(DeviceState.READY)
        await self._end

    def fail(self, error: Exception) -> None:
        """End this life."""
        assert self._end is not None
        self._end.set_exception(error)

    async def press(self, *keys: str, bulk: bool = False) -> None:
        """Emit one `caller.key` a key, in one call."""
        await self.context.emit([self._key(key) for key in keys], bulk=bulk)

    async def punch(self, *users: str, bulk: bool = True) -> None:
        """Emit one punch a user, with an identity of its own."""
        now = self.context.now()
        events = [
            DeviceEvent(
                type=EventType.ATTENDANCE_PUNCH,
                data={"user_id": user, "raw": "00"},
                time=now,
                received=now,
                identity=Identity(source="zk:S1", id=f"{user}:{now:%Y%m%dT%H%M%S}"),
            )
            for user in users
        ]
        await self.context.emit(events, bulk=bulk)

    def _key(self, key: str) -> DeviceEvent:
        now = self.context.now()
        return DeviceEvent(
            type=EventType.CALLER_KEY, data={"key": key}, time=now, received=now
        )

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        self.executed.append(name)
        match arguments:
            case Echo(text=text):
                return {"text": text}
            case Fail(how="rejected"):
                raise CommandRejectedError("no_paper", "there is no paper")
            case Fail(how="timeout"):
                raise CommandTimeoutError("it says nothing")
            case Fail(how="transport"):
                raise TransportError("it is unplugged")
            case Fail(how="protocol"):
                raise ProtocolError("it talks nonsense")
            case Fail(how="json"):
                return {"bytes": b"no JSON"}
            case Fail():
                raise ZeroDivisionError("a bug")
            case _ if name == "gate":
                await self.gate.wait()
                return {"times": self.executed.count("gate")}
            case _:
                await asyncio.get_running_loop().create_future()
                return {}


PROBES: dict[str, Probe] = {}
"""The probes that were made last, by device."""


def install_probe() -> None:
    """Let hall files say `driver: probe`."""
    module = ModuleType("drivers.probe")
    Probe.__module__ = "drivers.probe"
    module.Probe = Probe  # type: ignore[attr-defined]
    sys.modules["drivers.probe"] = module


def probe_site(devices: Sequence[str] = ("p-1",), **hall: Any) -> Site:
    """A hall of probes; `id@node` puts one on another node."""
    entries = []
    for name in devices:
        device, _, node = name.partition("@")
        entries.append({"id": device, "driver": "probe", "node": node or "main"})
    return Site.model_validate({"hall": {"id": HALL, **hall}, "devices": entries})


def real_clock() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


@asynccontextmanager
async def running_node(
    data: Path,
    broker: BrokerAddress,
    *,
    site: Site | None = None,
    node: str = "main",
    clock: Callable[[], datetime] = real_clock,
    timing: NodeTiming = QUICK,
) -> AsyncIterator[asyncio.Task[None]]:
    """A node whose drivers run; cancelled at the end. Probes are in `PROBES`."""
    install_probe()
    started = asyncio.Event()
    task = asyncio.create_task(
        run_node(
            site=site or probe_site(),
            node=node,
            data=data,
            broker=broker,
            clock=clock,
            ready=started.set,
            timing=timing,
        )
    )
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if task.done():
            await task
        await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
