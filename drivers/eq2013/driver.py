"""EQ2013 LED cards: mute cards that are told again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from devices.eq2013.messages import Message
from devices.site import DeviceEntry, SiteError
from drivers.displays.commands import ShowTestArguments
from drivers.displays.fits import check_height
from drivers.displays.look import Look
from drivers.displays.panel import Panel, Shown
from drivers.displays.screen import ScreenDriver
from drivers.eq2013.layout import Eq2013Parameters, lay_out
from drivers.transports.transport import Transport

HEARD_BYTES = 64


class MuteCard(Panel):
    """One connection to an EQ2013 card, which confirms nothing.

    What some cards say all the same is told to `heard`, for a technician.
    """

    def __init__(
        self,
        transport: Transport,
        parameters: Eq2013Parameters,
        heard: Callable[[str], None],
    ) -> None:
        self._heard = heard
        self._transport = transport
        self._parameters = parameters
        self._areas: tuple[int | None, ...] | None = None
        """The areas that the card was given; None when that is not known."""

    async def listen(self) -> None:
        """See `Panel.listen`."""
        last = b""
        while True:
            data = (await self._transport.read())[:HEARD_BYTES]
            if data != last:
                last = data
                self._heard(data.decode("ascii", "backslashreplace"))

    async def greet(self) -> Mapping[str, Any]:
        """See `Panel.greet`: an open line is all that there is."""
        parameters = self._parameters
        return {
            "model": "EQ2013",
            "width": parameters.width,
            "height": parameters.height,
            "address": parameters.address,
            "confirms": False,
        }

    async def write(self, look: Look) -> Shown:
        """See `Panel.write`; shown means sent."""
        layout = lay_out(look, self._parameters)
        areas = tuple(area.id for area in layout.areas)
        message = Message(
            address=self._parameters.address,
            clears=areas != self._areas or not areas,
            areas=layout.areas,
        )
        self._areas = None
        await self._transport.write(message.encode())
        self._areas = areas
        return layout.shown


class Eq2013Driver(ScreenDriver[Eq2013Parameters]):
    """One EQ2013 card, told each text twice and then again at intervals.

    The card confirms nothing: `ready` means that the line is open and that it
    was told. It knows no power or brightness: off is an empty screen.
    """

    parameters_model = Eq2013Parameters
    can_light = False
    repeat_after_s = 2.0
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {"test": ShowTestArguments}

    @classmethod
    def check(cls, device: DeviceEntry, parameters: Eq2013Parameters) -> None:
        """Want a url, a font that fits and nothing that the card cannot do."""
        if device.url is None:
            raise SiteError(
                ("url",),
                "an EQ2013 card wants a url: tcp://host:5005, udp://host:5005 or "
                "serial:/dev/…?baudrate=9600",
            )
        check_height(parameters)
        if parameters.brightness:
            raise SiteError(
                ("brightness",), "an EQ2013 card cannot be dimmed by its protocol"
            )

    def panel(self, transport: Transport) -> MuteCard:
        """See `ScreenDriver.panel`."""
        return MuteCard(
            transport, self.parameters, lambda said: self.context.describe(said=said)
        )
