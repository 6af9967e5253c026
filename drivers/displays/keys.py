"""Keys of the hall file that every driver of LED text displays takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from devices.displays import DisplayKeys
from drivers.driver import DriverParameters

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Pixels = Annotated[int, Field(ge=0, le=8192)]
Size = Annotated[int, Field(ge=8, le=8192)]


class ScreenParameters(DisplayKeys, DriverParameters):
    """What all text displays have; drivers add their card's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: Size = 128
    height: Size = 32
    refresh_min_s: Seconds = 1.0
    """Least time between two texts."""
    rewrite_every_s: Seconds = 30.0
    """Writes the same text again, for a card may have lost its power unseen;
    0 never."""
    idle_after_s: Seconds = 2.0
    """How long to wait for a first text before the idle text is shown."""

    @property
    def dots(self) -> int:
        """Height of the font in dots, to see what fits."""
        return 16


class AskedScreenParameters(ScreenParameters):
    """Of displays that answer."""

    ping_every_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    reply_timeout_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    set_clock: bool = True
    """Whether the card's clock is set, daily, when the host's clock is trusted."""
