"""A simulated USB keypad: the kernel's input events on a line at its path.

A real pad cannot be made without the kernel's help, so this one is a PTY that
gives the same events; the driver reads it where the path is no input device.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import MisuseError
from devices.ff68.keymaps import Key, KeyMap
from devices.keypad.events import key_events
from devices.keypad.site import KeypadKeys
from devices.keypad.typing import BACKSPACE, NUMLOCK, codes_of, digit_codes
from devices.site import DeviceEntry, Site
from simulators.simulator import Output, Simulator, SimulatorParameters

_NAMED = {"backspace": BACKSPACE, "numlock": NUMLOCK}


class KeypadParameters(KeypadKeys, SimulatorParameters):
    """What matters to the pad."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Press(BaseModel):
    """Press keys: names of the key map, digits, "backspace", or codes as "0x60"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Annotated[list[str | int], Field(min_length=1, max_length=64)]
    address: int | None = None
    """A keypad has none."""
    repeats: Annotated[int, Field(ge=0, le=100)] = 0
    """How often the kernel repeats each key while it is held."""


class UsbKeypad(Simulator[KeypadParameters]):
    """A pad and the hand on it."""

    parameters_model = KeypadParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"press": Press}

    def __init__(
        self, device: DeviceEntry, parameters: KeypadParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self.keymap: KeyMap = parameters.load_keymap()
        self._pressed = 0

    @property
    def place(self) -> str:
        """A line at its path."""
        return f"serial:{self.parameters.path}"

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Nobody says anything to a pad."""
        del session, data, now
        return ()

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Press keys."""
        del action, now
        if not isinstance(arguments, Press):
            raise MisuseError(f"a keypad cannot do {arguments!r}")
        codes = [code for key in arguments.keys for code in self._codes(key)]
        self._pressed += len(codes)
        events = [
            event
            for code in codes
            for event in key_events(code, repeats=arguments.repeats)
        ]
        return [Output(b"".join(event.encode() for event in events))]

    def view(self) -> Mapping[str, Any]:
        """A pad shows nothing."""
        return {"pressed": self._pressed}

    def _codes(self, key: str | int) -> list[int]:
        word = str(key).strip().lower()
        if word.isascii() and word.isdecimal():
            return digit_codes(word)
        if word in _NAMED:
            return [_NAMED[word]]
        if word in set(Key):
            return codes_of(self.keymap.data(Key(word)))
        if re.fullmatch(r"0x[0-9a-f]{1,4}", word):
            return [int(word, 16)]
        known = ", ".join(dict.fromkeys(rule.key for rule in self.keymap.keys))
        raise MisuseError(f"no key {key!r}; want digits, a code as 0x60, or {known}")
