"""How a text is put on the screen of an Onbon font card. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from devices.onbon.areas import (
    REFRESH_MIN_S,
    Align,
    AreaUpdate,
    DynamicArea,
    Effect,
    Lines,
    Model,
    Wrap,
    text_room,
)
from devices.onbon.frames import ANY_CARD, DEFAULT_ADDRESS
from devices.onbon.messages import REPLY_TIMEOUT_S
from devices.onbon.text import (
    Charset,
    Colour,
    encode_text,
    style,
)
from devices.textfit import CardText, Fit, fit
from drivers.displays.keys import AskedScreenParameters, Pixels, Seconds, Size
from drivers.displays.look import Look

CARD_FONT_SIZE: Final = 16
"""What a card writes in when no font is named."""


class OnbonParameters(AskedScreenParameters):
    """An Onbon card in the hall file."""

    model: Model = Model.K6
    width: Size = 192
    height: Size = 32
    x: Pixels = 0
    """Where the text's area begins on the screen, in pixels."""
    y: Pixels = 0
    dynamic_area: Annotated[int, Field(ge=0, le=7)] = 0
    """Which of the card's dynamic areas holds the text."""
    address: Annotated[int, Field(ge=1, le=0xFFFE)] = DEFAULT_ADDRESS
    """The card's screen address; 65534 is any card, for one card on the line."""
    device_type: Annotated[int, Field(ge=0, le=255)] = ANY_CARD
    cover_programmes: bool = False
    """Whether texts may cover the programmes stored on the card."""

    font_size: Literal[16, 24, 32] | None = None
    """Names the font file to use; without it the card's own 16 dots are assumed."""
    colour: (
        Literal["red", "green", "yellow", "blue", "cyan", "magenta", "white"] | None
    ) = None
    charset: Charset = Charset.GB2312
    """gbk only for cards that were loaded with GBK fonts."""
    effect: Literal["auto", "static", "quick", "left", "right", "up", "down"] = "auto"
    """auto stands still when the text fits and moves to the left when not."""
    align: Literal["left", "centre", "right"] = "centre"
    speed: Annotated[int, Field(ge=0, le=24)] = 4
    """Of moving texts: 0 fastest to 24 slowest."""
    stay_s: Annotated[float, Field(ge=0, le=127)] = 5.0
    """How long a page stays before the next."""
    refresh_min_s: Seconds = REFRESH_MIN_S
    """Least time between two texts; the card's manual says 1 s."""
    reply_timeout_s: Annotated[float, Field(gt=0, le=60)] = REPLY_TIMEOUT_S

    @property
    def dots(self) -> int:
        """See `ScreenParameters.dots`."""
        return self.font_size or CARD_FONT_SIZE


@dataclass(frozen=True, slots=True)
class Layout:
    """What is written, and what people will read."""

    update: AreaUpdate
    shown: str
    lost: str = ""
    """Characters that are not shown as they were given, each once."""


def lay_out(look: Look, parameters: OnbonParameters) -> Layout:
    """Put each text into a dynamic area; one without text is deleted."""
    parts = look.parts[: parameters.lines] if parameters.lines > 1 else (look.text,)
    height = parameters.height // len(parts)
    areas, texts = [], []
    for index, text in enumerate(parts):
        if text:
            area, encoded = _area(text, look, parameters, index, height)
            areas.append(area)
            texts.append(encoded)
    first, used = parameters.dynamic_area, {area.id for area in areas}
    delete = (n for n in range(first, first + parameters.lines) if n not in used)
    return Layout(
        AreaUpdate(delete=tuple(delete), areas=tuple(areas)),
        "\n".join(text.shown for text in texts),
        "".join(dict.fromkeys("".join(text.lost for text in texts))),
    )


def _area(
    text: str, look: Look, parameters: OnbonParameters, index: int, height: int
) -> tuple[DynamicArea, CardText]:
    name = look.color or parameters.colour
    colour = Colour[name.upper()] if name else None
    prefix = style(font_size=parameters.font_size, colour=colour)
    room = text_room(parameters.model) - len(prefix)
    encoded = encode_text(text, charset=parameters.charset, room=room)
    how = fit(
        encoded.shown,
        width=parameters.width,
        height=height,
        font_size=parameters.dots,
    )
    if how is Fit.SCROLL and "\n" in text:
        encoded = encode_text(
            text.replace("\n", " "), charset=parameters.charset, room=room
        )
    area = DynamicArea(
        id=parameters.dynamic_area + index,
        x=parameters.x,
        y=parameters.y + index * height,
        width=parameters.width,
        height=height,
        in_pixels=_in_pixels(parameters),
        text=prefix + encoded.data,
        align=_align(parameters, how),
        lines=Lines.SINGLE if how is Fit.SCROLL else Lines.MULTI,
        wrap=Wrap.AUTO if how is Fit.WRAPPED else Wrap.MANUAL,
        effect=_effect(parameters, how),
        speed=parameters.speed,
        stay=round(parameters.stay_s * 2),
    )
    return area, encoded


def _in_pixels(parameters: OnbonParameters) -> bool:
    """5K firmware before 2020 counts in bytes of 8 pixels only."""
    return parameters.model is not Model.K5 or bool(
        parameters.x % 8 or parameters.width % 8
    )


def _align(parameters: OnbonParameters, how: Fit) -> Align:
    if how is Fit.SCROLL or parameters.align == "left":
        return Align.LEFT_MIDDLE
    if parameters.align == "right":
        return Align.RIGHT_MIDDLE
    return Align.CENTRE_MIDDLE


def _effect(parameters: OnbonParameters, how: Fit) -> Effect:
    if parameters.effect != "auto":
        return Effect[parameters.effect.upper()]
    return Effect.LEFT if how is Fit.SCROLL else Effect.STATIC
