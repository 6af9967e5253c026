"""What a hall's screens show, as the hall file says."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.ids import Id

if TYPE_CHECKING:  # the hall file holds screens
    from devices.site import Site


class Layout(StrEnum):
    """What a screen shows besides the call of the moment."""

    CALLS = "calls"
    """The calls before it, and how many wait."""
    WINDOWS = "windows"
    """Every window with its state and ticket."""
    WAITING = "waiting"
    """For each service the numbers that wait, in their order."""
    MIXED = "mixed"
    """Calls, windows, and how many wait."""


class Contrast(StrEnum):
    """How much colours differ."""

    NORMAL = "normal"
    """High where the browser's machine asks for it."""
    HIGH = "high"


class Motion(StrEnum):
    """Whether things move."""

    NORMAL = "normal"
    """Less where the browser's machine asks for it."""
    REDUCED = "reduced"


class Screen(BaseModel):
    """A screen with settings of its own; its page is /screen/<id>."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    name: str = ""
    areas: Annotated[list[Id], Field(min_length=1)]
    layout: Layout = Layout.CALLS
    marquee: list[Annotated[str, Field(min_length=1, max_length=300)]] = []
    """Texts along the foot."""
    media: Annotated[str, Field(min_length=1)] | None = None
    """A folder of pictures and videos; in the hall file relative to that file."""
    media_after_s: Annotated[int, Field(ge=5, le=86400)] = 60
    """They show when nobody was called for so long."""
    media_each_s: Annotated[int, Field(ge=3, le=3600)] = 12
    """How long a picture stays."""
    contrast: Contrast = Contrast.NORMAL
    motion: Motion = Motion.NORMAL


def screen_of(site: Site, screen_id: str) -> Screen | None:
    """The screen of that id; every area has one of its own without being named."""
    named = next((screen for screen in site.screens if screen.id == screen_id), None)
    if named is not None:
        return named
    area = site.area(screen_id)
    return None if area is None else Screen(id=area.id, name=area.name, areas=[area.id])
