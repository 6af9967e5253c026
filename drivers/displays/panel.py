"""What a driver of text displays asks of one connection to a card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devices.errors import CommandRejectedError
from drivers.displays.look import Light, Look


class RefusedError(CommandRejectedError):
    """The card answered that it will not; `passing` when it may soon."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__("refused", message)
        self.passing = passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What people read now."""

    text: str
    lost: str = ""
    """Characters that are not shown as they were given, each once."""


class Panel(ABC):
    """One connection to one card; used once. `listen` runs beside everything.

    Every request raises `CommandTimeoutError` for a card that does not answer
    (then the connection must not be used again), `TransportError` for a broken
    line and `RefusedError` for a card that answered no.
    """

    @property
    def unasked(self) -> int:
        """Answers that came when nothing had been asked."""
        return 0

    @abstractmethod
    async def listen(self) -> None:
        """Take what the card says, until the transport breaks."""

    @abstractmethod
    async def greet(self) -> Mapping[str, Any]:
        """Make sure that the card is there; gives what to `describe`."""

    @abstractmethod
    async def write(self, look: Look) -> Shown:
        """Bring a look on the screen."""

    async def probe(self) -> Mapping[str, Any]:
        """See whether the card is there still; gives what to tell of it."""
        return await self.greet()

    async def shine(self, light: Light) -> None:
        """Switch the screen on or off and set its brightness."""
        del light

    async def set_time(self, now: datetime) -> None:
        """Set the card's clock."""
        del now
