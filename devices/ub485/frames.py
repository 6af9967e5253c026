"""Button panels of Apertum QSystem: frames and what they mean.

57600 8N1, half duplex, one line for many panels (facts: caller bus). The host
polls each panel, a panel answers `01 ADDR KEY 07`. What the host lets a panel
show has the same head: four bytes for its light, seven for its text. There is
no checksum, so an answer of any other size is a collision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import FrameError, MisuseError, ProtocolError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

HEAD: Final = 0x01
SET_ADDRESS: Final = 0x03
POLL: Final = 0x04
TAIL: Final = 0x07
POLL_SIZE: Final = 3
SIGNAL_SIZE: Final = 4
"""Of an answer, of a light, and of a new address."""
TEXT_SIZE: Final = 7
MIN_ADDRESS: Final = 0x20
MAX_ADDRESS: Final = 0xFF
_SIZES: Final = {
    POLL: (POLL_SIZE,),
    SET_ADDRESS: (SIGNAL_SIZE,),
    HEAD: (SIGNAL_SIZE, TEXT_SIZE),
}
"""How long what begins so may be."""
FIELD: Final = 3
"""Characters that a panel with a display shows."""
CHARSET: Final = "cp1251"

IDLE: Final = 0x30
"""An answer without a key, of firmware that answers every poll (inferred)."""
STEADY: Final = 0x20
BLINKING: Final = 0x21
"""Modes of a text; 22 to 7F blink so many times less 21."""
_BEEP: Final = 7
"""Added to the code of a light: beep for 500 ms, then show it."""


class Light(IntEnum):
    """What a panel's light does, by its code."""

    OFF = 0x30
    RED = 0x31
    GREEN = 0x32
    RED_FAST = 0x33
    """Blinks every 200 ms."""
    GREEN_FAST = 0x34
    RED_SLOW = 0x35
    """Blinks every 500 ms."""
    GREEN_SLOW = 0x36


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask a panel for its key."""

    address: int

    def encode(self) -> bytes:
        """The bytes on the wire."""
        return bytes((POLL, _checked(self.address), TAIL))


@dataclass(frozen=True, slots=True)
class Signal:
    """A key that a panel tells, or a light that it shall show."""

    address: int
    code: int

    def encode(self) -> bytes:
        """The bytes on the wire."""
        return bytes((HEAD, _checked(self.address), self.code, TAIL))

    @classmethod
    def of(cls, address: int, light: Light, *, beep: bool = False) -> Signal:
        """Have a panel show a light."""
        return cls(address, light + (_BEEP if beep else 0))

    @property
    def light(self) -> tuple[Light, bool]:
        """What the panel shows, and whether it beeps before.

        Raises `ProtocolError` for a code that is no light.
        """
        beeps = self.code > Light.GREEN_SLOW
        try:
            return Light(self.code - (_BEEP if beeps else 0)), beeps
        except ValueError:
            raise ProtocolError(f"{self.code:#04x} is no light") from None


@dataclass(frozen=True, slots=True)
class Text:
    """Three characters that a panel with a display shows."""

    address: int
    text: str
    mode: int = STEADY

    def encode(self) -> bytes:
        """The bytes on the wire; what the panel's characters lack is a blank."""
        shown = "".join(c if _is_shown(c) else " " for c in self.text[:FIELD])
        data = shown.ljust(FIELD).encode(CHARSET)
        return bytes((HEAD, _checked(self.address), self.mode, *data, TAIL))


@dataclass(frozen=True, slots=True)
class SetAddress:
    """Give a panel another address."""

    address: int
    new: int

    def encode(self) -> bytes:
        """The bytes on the wire."""
        return bytes((SET_ADDRESS, _checked(self.address), _checked(self.new), TAIL))


Message = Poll | Signal | Text | SetAddress


class PanelFramer(Framer[Message]):
    """Cuts what the host says into messages, as a panel hears it."""

    max_frame = TEXT_SIZE

    def scan(self, buffer: bytearray) -> Found[Message] | Skip | NeedMore:
        """Tell what stands at the head of `buffer`."""
        sizes = _SIZES.get(buffer[0], ())
        if not sizes or (len(buffer) > 1 and buffer[1] < MIN_ADDRESS):
            return Skip(1, "noise")
        for size in sizes:
            if len(buffer) < size:
                return NEED_MORE
            if buffer[size - 1] == TAIL:
                return Found(_message(bytes(buffer[:size])), size)
        return Skip(1, "no 07 at the end")


def read_answers(burst: bytes) -> list[Signal]:
    """What panels said in one breath, of four bytes each.

    Answers to several polls may come glued from a serial server. Raises
    `FrameError` for anything else: two panels spoke at once.
    """
    cuts = [burst[at : at + SIGNAL_SIZE] for at in range(0, len(burst), SIGNAL_SIZE)]
    for cut in cuts:
        if (
            len(cut) != SIGNAL_SIZE
            or (cut[0], cut[-1]) != (HEAD, TAIL)
            or cut[1] < MIN_ADDRESS
        ):
            raise FrameError(f"not an answer of four bytes: {burst.hex(' ')}")
    answers = [Signal(cut[1], cut[2]) for cut in cuts]
    if len({answer.address for answer in answers}) != len(answers):
        raise FrameError(f"one panel answered twice in a breath: {burst.hex(' ')}")
    return answers


def _message(data: bytes) -> Message:
    match data[0], len(data):
        case 0x04, _:
            return Poll(data[1])
        case 0x03, _:
            return SetAddress(data[1], data[2])
        case _, 4:
            return Signal(data[1], data[2])
        case _:
            text = data[3:-1].decode(CHARSET, errors="replace")
            return Text(data[1], text, data[2])


def _checked(address: int) -> int:
    if not MIN_ADDRESS <= address <= MAX_ADDRESS:
        raise MisuseError(f"panels have addresses from 32 to 255, not {address}")
    return address


def _is_shown(character: str) -> bool:
    try:
        code = character.encode(CHARSET)
    except UnicodeEncodeError:
        return False
    return code >= b" "
