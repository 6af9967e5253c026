"""C-Power (CP5200) LED cards: the screen converges to the desired text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from devices.site import DeviceEntry, SiteError
from drivers.cpower.layout import CPowerParameters
from drivers.cpower.link import CardLink
from drivers.displays.commands import (
    PingArguments,
    SetTimeArguments,
    ShowTestArguments,
)
from drivers.displays.screen import ScreenDriver
from drivers.driver import DriverContext
from drivers.transports.transport import Transport


class CPowerDriver(ScreenDriver[CPowerParameters]):
    """One C-Power card, each text in a window of its own.

    Texts are in the card's RAM only, so they are written after each connection
    and again at intervals.
    """

    parameters_model = CPowerParameters
    can_flash = True
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "ping": PingArguments,
        "set_time": SetTimeArguments,
        "test": ShowTestArguments,
    }

    def __init__(self, context: DriverContext, parameters: CPowerParameters) -> None:
        super().__init__(context, parameters)
        self.probe_every_s = parameters.ping_every_s
        self.sets_clock = parameters.set_clock

    @classmethod
    def check(cls, device: DeviceEntry, parameters: CPowerParameters) -> None:
        """Want a url that a card can have and a font that fits."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "a C-Power card wants a url: tcp://host:5200 or "
                "serial:/dev/…?baudrate=115200",
            )
        if parameters.font_size * parameters.lines > parameters.height:
            raise SiteError(
                ("font_size",),
                f"{parameters.lines} lines of {parameters.font_size} dots do not fit "
                f"{parameters.height} pixels",
            )

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`."""
        match arguments:
            case PingArguments():
                return await self.ping()
            case SetTimeArguments():
                return await self.set_time()
            case ShowTestArguments():
                return await self.test(arguments)
            case _:
                return await super().execute(name, arguments)

    def panel(self, transport: Transport) -> CardLink:
        """See `ScreenDriver.panel`."""
        return CardLink(transport, self.parameters)
