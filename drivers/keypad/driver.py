"""USB keypads as callers: digits and a key that ends them are a press."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from devices.errors import ConfigurationError, TransportError
from devices.events import DeviceEvent, EventType
from devices.keypad.events import InputEvent
from devices.keypad.site import KeypadKeys
from devices.keypad.typing import Keypad
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, Site, SiteError
from drivers.driver import Driver, DriverParameters
from drivers.keypad.source import (
    EvdevSource,
    KeySource,
    LineSource,
    is_input_device,
    load_evdev,
)

RESCAN_S: Final = 1.0
"""How often a pad that is not there is looked for."""
_NUMBERED: Final = re.compile(r"^/dev/input/event\d+$")


class KeypadParameters(KeypadKeys, DriverParameters):
    """A keypad's own keys of the hall file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grab: bool = True
    """Keep its keys from everybody else; without it they type on the console."""
    digits_s: Annotated[float, Field(gt=0, le=600)] = 10
    """Digits that were typed and left are forgotten after this."""
    debounce_ms: Annotated[float, Field(ge=0, le=10_000)] = 50
    """Equal presses within this are one."""


class KeypadDriver(Driver[KeypadParameters]):
    """A keypad of a window: its presses, as a caller's."""

    kind = DeviceKind.KEYPAD
    parameters_model = KeypadParameters
    capabilities = (EventType.CALLER_KEY.value,)

    @classmethod
    def check(cls, device: DeviceEntry, parameters: KeypadParameters) -> None:
        """Want no url, and a key map that can be read."""
        if device.url is not None:
            raise SiteError(
                ("url",), "a keypad has no url; give its `path`: /dev/input/by-id/…"
            )
        try:
            parameters.load_keymap()
        except ConfigurationError as error:
            raise SiteError(("keymap",), str(error)) from error

    @classmethod
    def advise(
        cls, device: DeviceEntry, parameters: KeypadParameters, site: Site
    ) -> Sequence[SiteError]:
        """A pad of no window, and names that another may have the next time."""
        del site
        found = []
        if device.counter is None:
            message = "without `counter` its keys are on record alone"
            found.append(SiteError((), message))
        if _NUMBERED.match(parameters.path):
            message = "this name may change at the next start; use /dev/input/by-id/..."
            found.append(SiteError(("path",), message))
        return found

    async def run(self) -> None:
        """See `Driver.run`. A pad that is not plugged in is looked for."""
        keymap = self.parameters.load_keymap()
        async with await self._open() as source:
            pad = Keypad(
                keymap,
                digits_s=self.parameters.digits_s,
                debounce_s=self.parameters.debounce_ms / 1000,
            )
            self.context.report(DeviceState.READY)
            self.context.describe(keymap=self.parameters.keymap, **source.info)
            while True:
                await self._take(pad, await source.read())

    async def _open(self) -> KeySource:
        path = self.parameters.path
        while True:
            try:
                if is_input_device(path):
                    evdev = load_evdev()
                    return EvdevSource(evdev, path, grab=self.parameters.grab)
                return LineSource(await self.context.connect(f"serial:{path}"))
            except TransportError as error:
                self.context.report(DeviceState.OFFLINE, str(error))
            await asyncio.sleep(RESCAN_S)

    async def _take(self, pad: Keypad, events: Sequence[InputEvent]) -> None:
        now_s = asyncio.get_running_loop().time()
        presses = [
            press
            for event in events
            if event.is_press and (press := pad.press(event.code, now_s)) is not None
        ]
        if not presses:
            return
        now = self.context.now()
        await self.context.emit(
            [
                DeviceEvent(
                    type=EventType.CALLER_KEY,
                    data={
                        "counter": self.context.device.counter,
                        "key": press.key.value,
                        "digits": press.digits,
                        "address": None,
                        "raw": data.hex(),
                    },
                    time=now,
                    received=now,
                )
                for press, data in presses
            ]
        )
