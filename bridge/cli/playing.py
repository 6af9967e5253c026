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
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator, find_simulator

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
    cast = Cast()
    async with contextlib.AsyncExitStack() as stack:
        for device in site.devices if devices is None else devices:
            url = place(device) if place is not None else device.url
            try:
                simulator = build_simulator(device, site)
                url = url or (simulator.server if simulator.dials else None)
                if not url:
                    cast.unbound[device.id] = "it has no url to listen at"
                    continue
                hosting = host(
                    simulator,
                    url,
                    clock=lambda: datetime.fromtimestamp(time.time(), zone),
                )
                cast.hosted[device.id] = await stack.enter_async_context(hosting)
            except (DeviceError, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                cast.unbound[device.id] = f"{url}: {reason}" if url else reason
        yield cast
