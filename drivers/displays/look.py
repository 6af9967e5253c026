"""What a screen shall look like: the typed form of `desired.content`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.displays import FULL, Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is on a screen. An empty text is an empty screen."""

    text: str = ""
    lines: tuple[str, ...] = ()
    """Texts one below the other, the newest call on top; empty: one text."""
    color: Colour | None = None
    flashes: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts from top to bottom, at least one."""
        return self.lines or (self.text,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Whether a screen is lit, and how brightly (0-15, None: as it was set)."""

    on: bool = True
    level: int | None = None


def read_look(content: Mapping[str, Any]) -> Look | None:
    """The look of a content, without flashing; None when it has no text.

    What is malformed besides the text is left out: a call must be shown.
    """
    text = content.get("text")
    if not isinstance(text, str):
        return None
    areas = content.get("areas")
    lines = [
        str(area.get("text", ""))
        for area in (areas if isinstance(areas, list) else [])
        if isinstance(area, Mapping)
    ]
    return Look(
        text=text,
        lines=tuple(lines) if len(lines) > 1 else (),
        color=read_color(content.get("color")),
    )


def read_color(value: object) -> Colour | None:
    """A colour by its name; None for anything else."""
    return Colour(value) if isinstance(value, str) and value in set(Colour) else None


def read_level(value: object) -> int | None:
    """A brightness, 0 to 15; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= FULL:
        return value
    return None
