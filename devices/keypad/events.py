"""Input events of the Linux kernel, as a keypad gives them (facts: keypads).

`struct input_event`: two longs of time, type, code and value. A key gives an
event when it goes down, while it is held, and when it comes up, each followed
by one that ends the report.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

EV_SYN: Final = 0
EV_KEY: Final = 1
MAX_TYPE: Final = 0x1F
UP: Final = 0
DOWN: Final = 1
HELD: Final = 2
"""Repeated by the kernel while a key is held."""

_LAYOUT: Final = struct.Struct("@llHHi")
SIZE: Final = _LAYOUT.size
"""Bytes of an event on this machine: 24, or 16 where longs are short."""
_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One event; its time is not used: halld's own clock tells it."""

    type: int
    code: int
    value: int

    def encode(self) -> bytes:
        """As the kernel gives it."""
        return _LAYOUT.pack(0, 0, self.type, self.code, self.value)

    @property
    def is_press(self) -> bool:
        """Whether a key went down; held keys and released ones are no presses."""
        return self.type == EV_KEY and self.value == DOWN


def key_events(code: int, *, repeats: int = 0) -> list[InputEvent]:
    """What a keypad gives for a key that goes down, is held, and comes up."""
    values = [DOWN, *[HELD] * repeats, UP]
    end = InputEvent(EV_SYN, 0, 0)
    return [event for v in values for event in (InputEvent(EV_KEY, code, v), end)]


class InputFramer(Framer[InputEvent]):
    """Cuts a stream of input events."""

    max_frame = SIZE

    def scan(self, buffer: bytearray) -> Found[InputEvent] | Skip | NeedMore:
        """Tell what stands at the head of `buffer`."""
        if len(buffer) < SIZE:
            return NEED_MORE
        _, micro, kind, code, value = _LAYOUT.unpack_from(buffer)
        known = 0 <= micro < _SECOND_US and kind <= MAX_TYPE
        if not known or (kind == EV_KEY and not UP <= value <= HELD):
            return Skip(1, "no input event")
        return Found(InputEvent(kind, code, value), SIZE)
