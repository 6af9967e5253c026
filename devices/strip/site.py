"""Keys of the hall file that driver and simulator of a window strip share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from devices.site import Id


class Card(StrEnum):
    """Which card is in the strip."""

    BOTH = "both"
    """Not known: both forms are sent, each card takes its own."""
    COLOUR = "colour"
    MONO = "mono"


class StripKeys(BaseModel):
    """Where a strip is, and what it is."""

    bus: Id
    """The caller line (driver ff68) on which it hangs."""
    address: Annotated[int, Field(ge=1, le=254)]
    card: Card = Card.BOTH

    simulated_answers: bool = False
    """The simulated strip answers what it took."""
