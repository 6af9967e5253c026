"""Window LED strips: displays on the line of the callers.

They have no line of their own and say nothing that can be relied on: a strip
is READY while its line is open, and what it was sent counts as shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.displays import Colour
from devices.kinds import DeviceState
from devices.site import DeviceEntry, Site, SiteError
from devices.strip.frames import SHOW_ADDRESS, MonoFrame, StripFrame
from devices.strip.site import Card, StripKeys
from devices.strip.text import COLOURS, strip_text
from drivers.displays.commands import Arguments, ShowTestArguments
from drivers.displays.keys import ScreenParameters, Seconds
from drivers.displays.look import Look
from drivers.displays.panel import Panel, Shown
from drivers.displays.screen import ScreenDriver
from drivers.driver import DriverContext
from drivers.ff68.sharing import SharedLine, SharedLines
from drivers.transports.transport import Transport

TELL_AFTER_S: Final = 1.0
"""A line that opens within this was never down for a strip."""


class StripParameters(StripKeys, ScreenParameters):
    """A strip's own keys of the hall file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refresh_min_s: Seconds = 0.0
    rewrite_every_s: Seconds = 300.0
    """Sends the same text again, for a strip may have lost its power unseen."""
    width: Annotated[int, Field(ge=8, le=8192)] = 128
    height: Annotated[int, Field(ge=8, le=8192)] = 16
    length_base: Literal[255, 256] | None = None
    """How the length of texts over 254 bytes is counted; unset they are cut."""


class ShowAddressArguments(Arguments):
    """`show_address`: the strip shows its own address."""


class _LineTransport(Transport):
    """Stands for a line that somebody else opens, reads and closes."""

    def __init__(self, line: SharedLine) -> None:
        super().__init__(f"line of {line.bus}")
        self.line = line

    async def read(self, timeout_s: float | None = None) -> bytes:
        """Wait until the line closes: what comes in is its driver's."""
        async with asyncio.timeout(timeout_s):
            await self.line.closing()
        return b""

    async def write(self, data: bytes) -> None:
        """Nothing is written past the line's driver."""
        del data
        await self.line.closing()

    def discard_input(self) -> None:
        """There is none."""

    async def close(self) -> None:
        """The line is its driver's."""


class StripPanel(Panel):
    """A strip on an open line."""

    def __init__(self, line: SharedLine, parameters: StripParameters) -> None:
        self._line = line
        self._parameters = parameters

    async def listen(self) -> None:
        """Wait until the line closes."""
        await self._line.closing()

    async def greet(self) -> Mapping[str, Any]:
        """Nothing to ask: strips need not answer."""
        return {"bus": self._line.bus, "address": self._parameters.address}

    async def write(self, look: Look) -> Shown:
        """Send a text, in each form that the card may want."""
        parameters = self._parameters
        text = strip_text(look.text, long_texts=parameters.length_base is not None)
        colour = COLOURS[look.color or Colour.RED]
        frames: list[StripFrame | MonoFrame | None] = []
        if parameters.card is not Card.MONO:
            base = parameters.length_base
            frames.append(
                text.colour_frame(parameters.address, colour, length_base=base)
            )
        if parameters.card is not Card.COLOUR:
            frames.append(text.mono_frame(parameters.address))
        for frame in frames:
            if frame is not None:
                await self._send(frame)
        return Shown(text=text.shown, lost=text.lost)

    async def show_address(self) -> None:
        """Have the strip show its address."""
        await self._send(StripFrame(self._parameters.address, SHOW_ADDRESS))

    async def _send(self, frame: StripFrame | MonoFrame) -> None:
        await self._line.send((self._parameters.address, type(frame)), frame)


class StripDriver(ScreenDriver[StripParameters]):
    """One LED strip over a window, on the line of a caller bus."""

    parameters_model = StripParameters
    can_light = False
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "test": ShowTestArguments,
        "show_address": ShowAddressArguments,
    }

    def __init__(self, context: DriverContext, parameters: StripParameters) -> None:
        super().__init__(context, parameters)
        lines = context.share(SharedLines, SharedLines)
        self._line = lines.line(parameters.bus)
        self._line.listen(parameters.address, self._note_answer)
        self._answers = False

    @classmethod
    def check(cls, device: DeviceEntry, parameters: StripParameters) -> None:
        """Want no url; whether its bus can be is checked with the whole hall."""
        if device.url is not None:
            raise SiteError(
                ("url",), "a strip has no url; it is on the line of its `bus`"
            )
        if parameters.card is Card.MONO:
            lacking = strip_text("", long_texts=False).mono_frame(parameters.address)
            if lacking is None:
                raise SiteError(
                    ("address",), "a one-colour card has an address from 1 to 63"
                )

    @classmethod
    def advise(
        cls, device: DeviceEntry, parameters: StripParameters, site: Site
    ) -> Sequence[SiteError]:
        """Texts that will not fit, where it is told how long the strip is."""
        if "width" not in parameters.model_fields_set:
            return ()
        return super().advise(device, parameters, site)

    def urls(self) -> Sequence[str]:
        """Its line."""
        return [f"line of {self._line.bus}"]

    async def open(self, url: str) -> Transport:
        """Wait for the line."""
        del url
        if not self._line.is_open:
            try:
                async with asyncio.timeout(TELL_AFTER_S):
                    await self._line.opening()
            except TimeoutError:
                reason = f"its line {self._line.bus} is not open; see there for why"
                self.context.report(DeviceState.OFFLINE, reason)
                await self._line.opening()
        return _LineTransport(self._line)

    def panel(self, transport: Transport) -> Panel:
        """The strip on the open line."""
        del transport
        return StripPanel(self._line, self.parameters)

    def _note_answer(self) -> None:
        if not self._answers:
            self._answers = True
            self.context.describe(answers=True)

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `commands`."""
        if isinstance(arguments, ShowAddressArguments):
            await self.ask(lambda panel: panel.show_address())
            return {"address": self.parameters.address}
        return await super().execute(name, arguments)
