"""Hosts the simulators of a hall file."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from devices.errors import ConfigurationError, DeviceError
from devices.site import DeviceEntry, Site
from simulators.hosting.host import Hosted, host, ride
from simulators.registry import AnySimulator, build_simulator, find_simulator

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Cast:
    """The simulated devices, and why others are not."""

    hosted: dict[str, Hosted] = field(default_factory=dict)
    unbound: dict[str, str] = field(default_factory=dict)


def dials(device: DeviceEntry) -> bool:
    """Whether a device calls its hall when it is simulated, as push clocks do."""
    try:
        return find_simulator(device.driver).dials
    except ConfigurationError:
        return False


@contextlib.asynccontextmanager
async def host_all(
    site: Site,
    *,
    devices: Iterable[DeviceEntry] | None = None,
    place: Callable[[DeviceEntry], str | None] | None = None,
) -> AsyncIterator[Cast]:
    """Host what can be of `devices`; `place` gives another URL than the entry's own.

    A device that dials (a clock that pushes) calls the hall of the file.
    """
    zone = site.hall.zone

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), zone)

    cast = Cast()
    riders: list[tuple[AnySimulator, str]] = []
    async with contextlib.AsyncExitStack() as stack:
        for device in site.devices if devices is None else devices:
            url = place(device) if place is not None else device.url
            try:
                simulator = build_simulator(device, site)
                if simulator.rides is not None:
                    riders.append((simulator, simulator.rides))
                    continue
                url = url or simulator.place
                url = url or (simulator.server if simulator.dials else None)
                if not url:
                    cast.unbound[device.id] = "it has no url to listen at"
                    continue
                hosting = host(simulator, url, clock=clock)
                cast.hosted[device.id] = await stack.enter_async_context(hosting)
            except (DeviceError, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                cast.unbound[device.id] = f"{url}: {reason}" if url else reason
        for simulator, name in riders:
            carrier = cast.hosted.get(name)
            if carrier is None:
                cast.unbound[simulator.device.id] = f"its line {name} is not simulated"
                continue
            riding = ride(simulator, carrier, clock=clock)
            hosted = await stack.enter_async_context(riding)
            cast.hosted[simulator.device.id] = hosted
        yield cast
