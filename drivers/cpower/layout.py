"""How texts are put on the screen of a C-Power card. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from devices.cpower.messages import (
    FONTS,
    MAX_TEXT,
    NEWLINE,
    Align,
    Effect,
    PureText,
    Window,
)
from devices.cpower.packets import DEFAULT_ID_CODE
from devices.displays import Colour
from devices.textfit import Fit, encode_gbk, fit
from drivers.displays.keys import AskedScreenParameters
from drivers.displays.look import Look
from drivers.displays.panel import Shown

RGB: Final = {
    Colour.RED: (255, 0, 0),
    Colour.GREEN: (0, 255, 0),
    Colour.YELLOW: (255, 255, 0),
    Colour.WHITE: (255, 255, 255),
}
BLANK: Final = b" "
"""An empty window: cards differ in what they do with no text at all."""


class Framing(StrEnum):
    """How packets are wrapped."""

    AUTO = "auto"
    """By the url: serial escaped, TCP with a network head."""
    SERIAL = "serial"
    """Escaped, also behind a serial server."""
    NETWORK = "network"


class CPowerParameters(AskedScreenParameters):
    """A C-Power card in the hall file."""

    card: Annotated[int, Field(ge=1, le=255)] = 1
    """The card's id; 255 is any card, for one card on the line."""
    id_code: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = DEFAULT_ID_CODE
    """The network id code that is set in the card."""
    framing: Framing = Framing.AUTO
    font_size: Literal[8, 12, 16, 24, 32, 40, 48, 56] = 16
    speed: Annotated[int, Field(ge=1, le=100)] = 5
    """Of moving texts: 1 fastest to 100 slowest."""
    stay_s: Annotated[int, Field(ge=1, le=65535)] = 10
    """How long a page stays before it is drawn again."""
    align: Literal["left", "centre", "right"] = "centre"

    @property
    def dots(self) -> int:
        """See `ScreenParameters.dots`."""
        return self.font_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is written, and what people will read."""

    windows: tuple[Window, ...]
    texts: tuple[PureText, ...]
    shown: Shown


def lay_out(look: Look, parameters: CPowerParameters) -> Layout:
    """A window of the same height for each text."""
    parts = look.parts[: parameters.lines] if parameters.lines > 1 else (look.text,)
    height = parameters.height // len(parts)
    windows, texts, shown, lost = [], [], [], ""
    for index, part in enumerate(parts):
        windows.append(
            Window(x=0, y=index * height, width=parameters.width, height=height)
        )
        how = fit(
            part, width=parameters.width, height=height, font_size=parameters.dots
        )
        plain = part.replace("\n", " ") if how is Fit.SCROLL else part
        encoded = encode_gbk(plain, newline=NEWLINE, room=MAX_TEXT)
        texts.append(_text(index, encoded.data, how, look, parameters))
        if encoded.shown:
            shown.append(encoded.shown)
        lost += encoded.lost
    return Layout(
        windows=tuple(windows),
        texts=tuple(texts),
        shown=Shown(text="\n".join(shown), lost="".join(dict.fromkeys(lost))),
    )


def _text(
    window: int, data: bytes, how: Fit, look: Look, parameters: CPowerParameters
) -> PureText:
    scrolls = how is Fit.SCROLL
    effect = Effect.SCROLL_LEFT if scrolls else Effect.DRAW
    if look.flashes and window == 0 and not scrolls:
        effect = Effect.FLICKER
    across = {"left": Align.BEGIN, "centre": Align.CENTRE, "right": Align.END}
    align = Align.BEGIN if scrolls else across[parameters.align]
    return PureText(
        window=window,
        text=data or BLANK,
        effect=effect,
        align=align + 4 * Align.CENTRE,
        speed=parameters.speed,
        stay_s=parameters.stay_s,
        font=FONTS[parameters.font_size],
        color=RGB[look.color or Colour.RED],
    )
