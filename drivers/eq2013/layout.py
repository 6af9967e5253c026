"""How texts are put on the screen of an EQ2013 card. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from devices.displays import Colour
from devices.eq2013 import messages as eq
from devices.textfit import Fit, fit
from drivers.displays.keys import ScreenParameters
from drivers.displays.look import Look
from drivers.displays.panel import Shown

COLOURS: Final = {
    Colour.RED: eq.Colour.RED,
    Colour.GREEN: eq.Colour.GREEN,
    Colour.YELLOW: eq.Colour.YELLOW,
    Colour.WHITE: eq.Colour.YELLOW,
}
"""White is yellow on screens of two colours."""


class Eq2013Parameters(ScreenParameters):
    """An EQ2013 card in the hall file."""

    address: Annotated[int, Field(ge=0, le=eq.EVERY_CARD)] = 1
    """The card's address; 999 is every card on the line."""
    font_size: Literal[16, 24, 32] = 16
    effect: Annotated[int, Field(ge=1, le=99)] = eq.Effect.STATIC
    """Number of the effect of texts that fit."""
    scroll_effect: Annotated[int, Field(ge=1, le=99)] = eq.Effect.SCROLL
    """Number of the effect of texts that do not fit."""
    speed: Annotated[int, Field(ge=1, le=99)] = 3
    stay_s: Annotated[float, Field(ge=0.1, le=999)] = 600.0
    """How long a page stays before it is drawn again."""
    align: Literal["left", "centre", "right"] = "centre"

    @property
    def dots(self) -> int:
        """See `ScreenParameters.dots`."""
        return self.font_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The areas that are written, and what people will read."""

    areas: tuple[eq.Area, ...]
    shown: Shown


def lay_out(look: Look, parameters: Eq2013Parameters) -> Layout:
    """An area of the same height for each text; an empty text needs none."""
    parts = look.parts[: parameters.lines] if parameters.lines > 1 else (look.text,)
    height = parameters.height // len(parts)
    areas, shown, lost = [], [], ""
    for index, part in enumerate(parts):
        how = fit(
            part, width=parameters.width, height=height, font_size=parameters.dots
        )
        plain = part.replace("\n", " ") if how is Fit.SCROLL else part
        encoded = eq.encode_text(plain)
        lost += encoded.lost
        if not encoded.data:
            continue
        shown.append(encoded.shown)
        areas.append(
            eq.Area(
                id=index + 1,
                box=(0, index * height, parameters.width, height),
                text=encoded.data,
                **_style(how, look, parameters),
            )
        )
    return Layout(
        areas=tuple(areas),
        shown=Shown(text="\n".join(shown), lost="".join(dict.fromkeys(lost))),
    )


def _style(how: Fit, look: Look, parameters: Eq2013Parameters) -> dict[str, int]:
    scrolls = how is Fit.SCROLL
    places = {
        "left": eq.Place.BEGIN,
        "centre": eq.Place.CENTRE,
        "right": eq.Place.END,
    }
    return {
        "effect": parameters.scroll_effect if scrolls else parameters.effect,
        "speed": parameters.speed,
        "stay": round(parameters.stay_s * 10),
        "font_size": parameters.font_size,
        "colour": COLOURS[look.color or Colour.RED],
        "across": eq.Place.BEGIN if scrolls else places[parameters.align],
        "down": eq.Place.CENTRE,
    }
