"""A simulated LED strip on a simulated line of callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from devices.errors import MisuseError
from devices.site import DeviceEntry, Site
from devices.strip.frames import (
    MARK,
    REPLY_TAIL,
    SHOW,
    SHOW_ADDRESS,
    START,
    MonoFrame,
    StripColour,
    StripFrame,
    StripFramer,
    StripMessage,
)
from devices.strip.site import Card, StripKeys
from devices.strip.text import CHARSET, read_colours
from simulators.simulator import Output, Simulator, SimulatorParameters


class StripParameters(StripKeys, SimulatorParameters):
    """What matters to the strip."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Strip(Simulator[StripParameters]):
    """A strip of two colours, or with a one-colour card where `card` is mono."""

    parameters_model = StripParameters

    def __init__(
        self, device: DeviceEntry, parameters: StripParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._framer = StripFramer()
        self._text = ""
        self._colours: list[StripColour | None] = []
        self._frames = 0

    @property
    def rides(self) -> str:
        """The line of callers."""
        return self.parameters.bus

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Take what is for this strip of what is said on the line."""
        del now
        taken = [m for m in self._framer.feed(data) if self._takes(m)]
        if not taken or not self.parameters.simulated_answers:
            return ()
        answer = bytes((START, MARK, self.parameters.address)) + REPLY_TAIL
        return [Output(answer, session) for _ in taken]

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Nobody can do anything at a strip."""
        del arguments, now
        raise MisuseError(f"a strip cannot {action}")

    def powercycle(self, now: datetime) -> None:
        """Go dark."""
        del now
        self._text, self._colours = "", []

    def view(self) -> Mapping[str, Any]:
        """What is to be read on it."""
        colours = dict.fromkeys(c.name.lower() for c in self._colours if c is not None)
        return {
            "texts": [self._text] if self._text else [],
            "colours": list(colours),
            "frames": self._frames,
        }

    def _takes(self, message: StripMessage) -> bool:
        mono = self.parameters.card is Card.MONO
        if message.address != self.parameters.address:
            return False
        match message:
            case StripFrame(command=command, data=data) if not mono:
                if command == SHOW:
                    characters = read_colours(data)
                    self._text = "".join(text for text, _ in characters)
                    self._colours = [colour for _, colour in characters]
                elif command == SHOW_ADDRESS:
                    self._text = str(self.parameters.address)
            case MonoFrame(data=data) if mono:
                self._text = data.decode(CHARSET, errors="replace")
            case _:
                return False
        self._frames += 1
        return True
