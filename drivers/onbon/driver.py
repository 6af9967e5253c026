"""Onbon BX-5K/6K LED font cards: the screen converges to the desired text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.onbon.areas import LIMITS
from devices.onbon.messages import BAUDRATES
from devices.site import DeviceEntry, SiteError
from drivers.displays.asked import AskedScreenDriver
from drivers.onbon.layout import OnbonParameters
from drivers.onbon.link import CardLink
from drivers.transports.transport import Transport

_RATE: Final = "baudrate"


class OnbonDriver(AskedScreenDriver[OnbonParameters]):
    """One LED card, each text written into a dynamic area.

    The text is in the card's RAM only, so it is written after each connection
    and again at intervals.
    """

    parameters_model = OnbonParameters

    @classmethod
    def check(cls, device: DeviceEntry, parameters: OnbonParameters) -> None:
        """Want a url that a card can have and areas that the model has."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "an Onbon card wants a url: tcp://host:5005 or "
                "serial:/dev/…?baudrate=57600 (or 9600)",
            )
        areas = LIMITS[parameters.model].areas
        if parameters.dynamic_area >= areas:
            raise SiteError(
                ("dynamic_area",),
                f"a {parameters.model} card has the areas 0 to {areas - 1}",
            )
        if parameters.dynamic_area + parameters.lines > areas:
            raise SiteError(
                ("lines",),
                f"each line takes one of the areas 0 to {areas - 1} of a "
                f"{parameters.model} card",
            )
        if parameters.font_size and parameters.font_size > parameters.height:
            raise SiteError(
                ("font_size",),
                f"{parameters.font_size} dots do not fit {parameters.height} pixels",
            )

    def panel(self, transport: Transport) -> CardLink:
        """See `ScreenDriver.panel`."""
        return CardLink(transport, self.parameters)

    def urls(self) -> Sequence[str]:
        """See `ScreenDriver.urls`; a url without baud rate is tried at both."""
        url = self.context.device.url or ""
        if not url.startswith("serial:") or f"{_RATE}=" in url:
            return [url]
        known = self.context.recall(_RATE)
        joint = "&" if "?" in url else "?"
        rates = sorted(BAUDRATES, key=lambda rate: rate != known)
        return [f"{url}{joint}{_RATE}={rate}" for rate in rates]

    async def reached(self, url: str) -> None:
        """Keep the baud rate that was found."""
        _, found, rate = url.partition(f"{_RATE}=")
        if found and f"{_RATE}=" not in (self.context.device.url or ""):
            self.context.describe(baudrate=int(rate))
            await self.context.remember({_RATE: int(rate)})
