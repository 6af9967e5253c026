"""Where citizens draw tickets, as the hall file names it."""

from __future__ import annotations

from collections.abc import Sequence
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
    return [Kiosk(id=DEFAULT_KIOSK, printer=next(iter(printers_of(site)), None))]


def services_at(site: Site, kiosk: Kiosk) -> list[Service]:
    """What can be drawn at a kiosk."""
    if kiosk.services:
        return [service for service in site.services if service.id in kiosk.services]
    if kiosk.area is None:
        return site.services
    there = [counter for counter in site.counters if counter.area == kiosk.area]
    served = {service for counter in there for service in counter.service_ids}
    return [service for service in site.services if service.id in served]


def printers_of(site: Site) -> list[str]:
    """The ids of the devices that print tickets."""
    return [device.id for device in site.devices if device.driver == PRINTER_DRIVER]
