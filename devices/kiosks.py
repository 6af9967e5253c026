"""Where citizens draw tickets, as the hall file names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from devices.topics import ID_PATTERN

if TYPE_CHECKING:  # the hall file holds kiosks
    from devices.site import Service, Site

Id = Annotated[str, Field(pattern=ID_PATTERN)]

DEFAULT_KIOSK: Final = "main"
PRINTER_DRIVER: Final = "escpos"
"""The driver of devices that print tickets."""


class PrintPolicy(StrEnum):
    """Whether a kiosk draws a ticket that it cannot print."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Kiosk(BaseModel):
    """Where citizens draw tickets; its page is /kiosk/<id>."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    name: str = ""
    printer: Id | None = None
    services: list[Id] = []
    """Those that it offers; empty: all, or with an area those of its windows."""
    area: Id | None = None
    print: PrintPolicy = PrintPolicy.REQUIRED


def kiosks_of(site: Site) -> Sequence[Kiosk]:
    """Every kiosk; a hall file without any has `main`, with the first printer."""
    if site.kiosks:
        return site.kiosks
    return [Kiosk(id=DEFAULT_KIOSK, printer=next(iter(_printers(site)), None))]


def services_at(site: Site, kiosk: Kiosk) -> list[Service]:
    """What can be drawn at a kiosk."""
    if kiosk.services:
        return [service for service in site.services if service.id in kiosk.services]
    if kiosk.area is None:
        return site.services
    there = [counter for counter in site.counters if counter.area == kiosk.area]
    served = {service for counter in there for service in counter.service_ids}
    return [service for service in site.services if service.id in served]


def kiosk_mistakes(site: Site) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """References that lead nowhere: the path to the key, and what is wrong."""
    services = [service.id for service in site.services]
    areas = [area.id for area in site.areas]
    for index, kiosk in enumerate(site.kiosks):
        path = ("kiosks", index)
        if kiosk.printer is not None and kiosk.printer not in _printers(site):
            yield (
                (*path, "printer"),
                f"no printer {kiosk.printer!r}{_known(_printers(site))}",
            )
        if kiosk.area is not None and kiosk.area not in areas:
            yield (*path, "area"), f"no area {kiosk.area!r}{_known(areas)}"
        for place, service in enumerate(kiosk.services):
            if service not in services:
                yield (
                    (*path, "services", place),
                    f"no service {service!r}{_known(services)}",
                )


def _printers(site: Site) -> list[str]:
    return [device.id for device in site.devices if device.driver == PRINTER_DRIVER]


def _known(ids: Sequence[str]) -> str:
    return f"; there are: {', '.join(sorted(ids))}" if ids else "; none is defined"
