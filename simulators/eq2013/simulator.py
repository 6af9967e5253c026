"""A simulated EQ2013 card with its screen: mute, as documented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from devices.eq2013.messages import (
    EVERY_CARD,
    Area,
    Colour,
    Effect,
    Message,
    MessageFramer,
    decode_text,
)
from devices.errors import MisuseError
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters


class Eq2013CardParameters(SimulatorParameters):
    """What matters to the card."""

    address: int = 1


class Eq2013Card(FramedSimulator[Eq2013CardParameters, MessageFramer]):
    """The card: shows what it is told and says nothing."""

    parameters_model = Eq2013CardParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {}

    def __init__(
        self, device: DeviceEntry, parameters: Eq2013CardParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._areas: dict[int, Area] = {}
        self._messages = 0
        self._clears = 0
        self._spoiled = 0

    def new_framer(self) -> MessageFramer:
        """See `FramedSimulator.new_framer`."""
        return MessageFramer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Show what is told to this card or to all."""
        del now
        framer = self.framer(session)
        errors = framer.errors
        for message in framer.feed(data):
            if message.address in {self.parameters.address, EVERY_CARD}:
                self._show(message)
        self._spoiled += framer.errors - errors
        return ()

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """There is nothing to do at a card."""
        del arguments, now
        raise MisuseError(f"an LED card cannot {action}")

    def powercycle(self, now: datetime) -> None:
        """Lose all areas."""
        super().powercycle(now)
        self._areas = {}

    def view(self) -> Mapping[str, Any]:
        """What is to be read on the screen, and what a technician may ask."""
        areas = [self._areas[number] for number in sorted(self._areas)]
        return {
            "texts": [decode_text(area.text) for area in areas if area.text.strip()],
            "areas": [_describe(area) for area in areas],
            "refreshes": self._messages,
            "clears": self._clears,
            "spoiled": self._spoiled,
        }

    def _show(self, message: Message) -> None:
        self._messages += 1
        if message.clears:
            self._clears += 1
            self._areas = {}
        for area in message.areas:
            # A text without an area takes the whole screen.
            if area.id is None and area.box is None:
                self._areas = {}
            self._areas[area.id or 1] = area


def _describe(area: Area) -> dict[str, Any]:
    effects = {effect.value: effect.name.lower() for effect in Effect}
    colours = {colour.value: colour.name.lower() for colour in Colour}
    return {
        "id": area.id,
        "box": area.box and list(area.box),
        "effect": effects.get(area.effect or 0, area.effect),
        "color": colours.get(area.colour or 0, area.colour),
        "font_size": area.font_size,
        "text": decode_text(area.text),
    }
