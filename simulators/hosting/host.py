"""Puts a simulated device where its driver finds it, or lets it dial its hall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from devices.errors import ConfigurationError, MisuseError
from simulators.hosting.faults import FAULT_ACTIONS, Faults, PowerCycle, Switch
from simulators.hosting.hub import Hub
from simulators.hosting.wires.dial import DialWire
from simulators.hosting.wires.pty import PtyWire
from simulators.hosting.wires.riding import RidingWire
from simulators.hosting.wires.tcp import TcpWire
from simulators.hosting.wires.udp import UdpWire
from simulators.hosting.wires.wire import Wire
from simulators.simulator import Simulator


class Hosted:
    """One simulated device with its wire."""

    def __init__(self, hub: Hub, wire: Wire) -> None:
        self._hub = hub
        self._wire = wire

    @property
    def simulator(self) -> Simulator[Any]:
        """The device."""
        return self._hub.simulator

    @property
    def url(self) -> str:
        """Where a driver reaches it, with the real port; or what it dials."""
        return self._wire.url

    @property
    def plugged(self) -> bool:
        """Whether it can be reached, or can dial."""
        return self._wire.plugged

    @property
    def faults(self) -> Faults:
        """The faults in force; may be changed at any time."""
        return self._hub.faults

    @property
    def failure(self) -> str:
        """The simulator's last exception; empty when there was none."""
        return self._hub.failure

    @property
    def sessions(self) -> int:
        """How many are connected."""
        return len(self._hub.sessions)

    @property
    def actions(self) -> Mapping[str, type[BaseModel]]:
        """Everything that `act` knows, with the model of its arguments."""
        return {**self.simulator.actions, **FAULT_ACTIONS}

    def view(self) -> Mapping[str, Any]:
        """What the device shows."""
        return self.simulator.view()

    async def act(
        self, action: str, arguments: Mapping[str, Any] | None = None
    ) -> None:
        """Do one of `actions`.

        Raises `MisuseError` when there is no such action or it cannot be done
        now, and pydantic's `ValidationError` for wrong arguments.
        """
        model = self.actions.get(action)
        if model is None:
            known = ", ".join(sorted(self.actions))
            raise MisuseError(f"no action {action!r}; there are: {known}")
        checked = model.model_validate(dict(arguments or {}))
        if action in FAULT_ACTIONS:
            await self._misbehave(action, checked)
        else:
            self._hub.act(action, checked)

    async def _misbehave(self, action: str, arguments: BaseModel) -> None:
        match action, arguments:
            case "unplug", _:
                await self._wire.unplug()
            case "replug", _:
                self.faults.hang = False
                await self._wire.plug()
            case "powercycle", PowerCycle(off_ms=off_ms):
                await self._wire.unplug()
                self._hub.powercycle()
                self.faults.hang = False
                await asyncio.sleep(off_ms / 1000)
                await self._wire.plug()
            case "heal", _:
                self.faults.heal()
                await self._wire.plug()
            case _, Switch(on=on):
                setattr(self.faults, action, on)
            case _:
                self.faults.set(arguments)
        self._hub.wake()


@asynccontextmanager
async def host(
    simulator: Simulator[Any],
    url: str,
    *,
    clock: Callable[[], datetime],
    faults: Faults | None = None,
) -> AsyncIterator[Hosted]:
    """Host a simulator at `tcp://h:p`, `udp://h:p` or `serial:/path?...`.

    Port 0 takes a free one. One that `dials` calls `http://h:p` instead,
    whether somebody answers there or not. Raises OSError when the
    place cannot be had and `ConfigurationError` for a URL that is none of these.
    """
    hub = Hub(simulator, clock=clock, faults=faults)
    wire = _wire(hub, url)
    await wire.plug()
    try:
        hub.wake()
        yield Hosted(hub, wire)
    finally:
        await wire.unplug()
        hub.stop()


@asynccontextmanager
async def ride(
    simulator: Simulator[Any], carrier: Hosted, *, clock: Callable[[], datetime]
) -> AsyncIterator[Hosted]:
    """Host a simulator on the line of another, which it `rides`."""
    hub = Hub(simulator, clock=clock)
    wire = RidingWire(hub, carrier._hub, carrier._wire)  # noqa: SLF001 - its own kind
    await wire.plug()
    try:
        hub.wake()
        yield Hosted(hub, wire)
    finally:
        await wire.unplug()
        hub.stop()


def _wire(hub: Hub, url: str) -> Wire:
    try:
        parts = urlsplit(url)
        host_name, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"{url}: {error}") from error
    if parts.scheme == "serial" and parts.path.startswith("/"):
        return PtyWire(hub, Path(parts.path), parts.query)
    if parts.scheme in {"tcp", "udp"} and host_name and port is not None:
        if parts.scheme == "tcp":
            return TcpWire(hub, host_name, port)
        return UdpWire(hub, host_name, port)
    if parts.scheme == "http" and host_name and port and hub.simulator.dials:
        return DialWire(hub, host_name, port)
    raise ConfigurationError(
        f"cannot simulate at {url!r}; want tcp://host:port, udp://host:port "
        "or serial:/path"
    )
