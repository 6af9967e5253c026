"""C-Power (CP5200) LED cards: the screen converges to the desired text."""

from __future__ import annotations

from devices.site import DeviceEntry, SiteError
from drivers.cpower.layout import CPowerParameters
from drivers.cpower.link import CardLink
from drivers.displays.asked import AskedScreenDriver
from drivers.displays.fits import check_height
from drivers.transports.transport import Transport


class CPowerDriver(AskedScreenDriver[CPowerParameters]):
    """One C-Power card, each text in a window of its own.

    Texts are in the card's RAM only, so they are written after each connection
    and again at intervals.
    """

    parameters_model = CPowerParameters
    can_flash = True

    @classmethod
    def check(cls, device: DeviceEntry, parameters: CPowerParameters) -> None:
        """Want a url that a card can have and a font that fits."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "a C-Power card wants a url: tcp://host:5200 or "
                "serial:/dev/…?baudrate=115200",
            )
        check_height(parameters)

    def panel(self, transport: Transport) -> CardLink:
        """See `ScreenDriver.panel`."""
        return CardLink(transport, self.parameters)
