"""What is wrong with a hall file across its parts: references, and ids given twice."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from devices.kiosks import printers_of
from devices.site import DeviceEntry, Site, SiteError

LINE: Final = "ff68"
"""Driver of lines of callers, which strips share."""
STRIP: Final = "strip"
PUSHING_CLOCK: Final = "adms"

_Path = tuple[str | int, ...]

_UNIT_KEYS: Final = {
    "counter": "counter",
    "transfer_to": "counter",
    "service": "service",
    "area": "area",
}
"""What a key of a device's unit names."""


def mistakes_of(site: Site) -> list[SiteError]:
    """Every reference that leads nowhere and every id that stands twice."""
    return [
        *_twice(site),
        *_counters(site),
        *_kiosks(site),
        *_screens(site),
        *_devices(site),
        *_on_lines(site),
    ]


def _twice(site: Site) -> Iterator[SiteError]:
    lists: dict[str, Iterable[Any]] = {
        "services": site.services,
        "counters": site.counters,
        "areas": site.areas,
        "kiosks": site.kiosks,
        "screens": site.screens,
        "devices": site.devices,
    }
    for name, items in lists.items():
        yield from _repeated((name,), "id", [item.id for item in items])
    yield from _repeated(("services",), "prefix", [s.prefix for s in site.services])
    yield from _repeated(("counters",), "number", [c.number for c in site.counters])
    priorities = [priority.id for priority in site.queue.priorities]
    yield from _repeated(("queue", "priorities"), "id", priorities)
    yield from _repeated(("devices",), "serial", [_serial(d) for d in site.devices])


def _counters(site: Site) -> Iterator[SiteError]:
    known = _ids(site)
    for index, counter in enumerate(site.counters):
        path = ("counters", index)
        for tail, service in counter.named_services:
            yield from _dangling((*path, *tail), "service", service, known["service"])
        yield from _dangling((*path, "area"), "area", counter.area, known["area"])


def _kiosks(site: Site) -> Iterator[SiteError]:
    known = _ids(site)
    printers = printers_of(site)
    for index, kiosk in enumerate(site.kiosks):
        path = ("kiosks", index)
        yield from _dangling((*path, "printer"), "printer", kiosk.printer, printers)
        yield from _dangling((*path, "area"), "area", kiosk.area, known["area"])
        for place, service in enumerate(kiosk.services):
            where = (*path, "services", place)
            yield from _dangling(where, "service", service, known["service"])


def _screens(site: Site) -> Iterator[SiteError]:
    areas = _ids(site)["area"]
    for index, screen in enumerate(site.screens):
        path = ("screens", index)
        if screen.id in areas:
            yield SiteError(
                (*path, "id"),
                f"{screen.id!r} is an area, which has /screen/{screen.id} already; "
                "choose another id",
            )
        for place, area in enumerate(screen.areas):
            where = (*path, "areas", place)
            yield from _dangling(where, "area", area, areas)
            if area in screen.areas[:place]:
                yield SiteError(where, f"area {area!r} stands twice")


def _devices(site: Site) -> Iterator[SiteError]:
    known = _ids(site)
    for index, device in enumerate(site.devices):
        path = ("devices", index)
        yield from _dangling((*path, "area"), "area", device.area, known["area"])
        yield from _dangling(
            (*path, "counter"), "counter", device.counter, known["counter"]
        )
        for tail, kind, name in _of_units(device):
            yield from _dangling((*path, *tail), kind, name, known[kind])


def _of_units(device: DeviceEntry) -> Iterator[tuple[_Path, str, str]]:
    """What the device's units name: the path to the key, the kind, and the id."""
    units = device.parameters.get("units")
    for index, unit in enumerate(units if isinstance(units, list) else []):
        for key, kind in _UNIT_KEYS.items():
            if isinstance(unit, Mapping) and isinstance(unit.get(key), str):
                yield ("units", index, key), kind, unit[key]


def _on_lines(site: Site) -> Iterator[SiteError]:
    """Strips whose line cannot be, and addresses that two of them have."""
    lines = {device.id for device in site.devices if device.driver == LINE}
    taken: set[tuple[object, object]] = set()
    for index, device in enumerate(site.devices):
        name = device.parameters.get("bus")
        if device.driver != STRIP or not isinstance(name, str):
            continue
        path = ("devices", index, "bus")
        bus = site.device(name)
        if bus is None:
            yield from _dangling(path, "device", name, lines)
        elif bus.driver != LINE:
            yield SiteError(
                path, f"{name} is no line of callers (driver {LINE}){_there_are(lines)}"
            )
        elif bus.node != device.node:
            yield SiteError(
                path,
                f"{name} is on node {bus.node}; a strip is on the node of its line",
            )
        place = (name, device.parameters.get("address"))
        if place in taken:
            yield SiteError(
                ("devices", index, "address"),
                f"another strip on {name} has address {place[1]}",
            )
        taken.add(place)


def _ids(site: Site) -> dict[str, set[str]]:
    """Every id that can be named, by its kind."""
    return {
        "service": {service.id for service in site.services},
        "area": {area.id for area in site.areas},
        "counter": {counter.id for counter in site.counters},
    }


def _dangling(
    path: _Path, kind: str, name: str | None, known: Collection[str]
) -> Iterator[SiteError]:
    """The mistake of naming what is not there; None names nothing."""
    if name is not None and name not in known:
        yield SiteError(path, f"no {kind} {name!r}{_there_are(known)}")


def _there_are(ids: Collection[str]) -> str:
    return f"; there are: {', '.join(sorted(ids))}" if ids else "; none is defined"


def _serial(device: DeviceEntry) -> Hashable:
    """What a clock that pushes is known by; nothing else has it twice."""
    pushes = device.driver == PUSHING_CLOCK
    serial = device.parameters.get("serial") if pushes else None
    return serial if isinstance(serial, str | int) else object()


def _repeated(path: _Path, key: str, values: Sequence[Hashable]) -> Iterator[SiteError]:
    """Every place but the first of a value that stands several times."""
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield SiteError((*path, index, key), f"{key} {value!r} stands twice")
        seen.add(value)
