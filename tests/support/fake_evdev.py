"""A fake of python-evdev, the one seam that no test machine can do for real.

Input devices need the kernel's uinput, which containers lack. It has what the
driver uses of `evdev.InputDevice`, over a pipe: read, grab, ungrab, close.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

from devices.keypad.events import SIZE, InputEvent, InputFramer, key_events


@dataclass(slots=True)
class FakePads:
    """The pads of a machine by path; a path that is missing is unplugged."""

    plugged: dict[str, FakeDevice | None] = field(default_factory=dict)
    grabbed_elsewhere: bool = False
    log: list[str] = field(default_factory=list)

    def module(self) -> ModuleType:
        """What `import evdev` gives."""
        pads = self

        class InputDevice(FakeDevice):
            def __init__(self, path: str) -> None:
                super().__init__(path, pads)

        module = ModuleType("evdev")
        module.InputDevice = InputDevice  # type: ignore[attr-defined]
        return module

    def press(self, path: str, *codes: int) -> None:
        """Press keys; they are held a little."""
        device = self.plugged[path]
        assert device is not None
        device.tell([e for code in codes for e in key_events(code, repeats=2)])

    def unplug(self, path: str) -> None:
        """Pull the pad out."""
        device = self.plugged.pop(path)
        assert device is not None
        device.vanish()


class FakeDevice:
    """`evdev.InputDevice` over a pipe."""

    def __init__(self, path: str, pads: FakePads) -> None:
        if path not in pads.plugged:
            raise OSError(errno.ENODEV, "No such device", path)
        self.name = "Specimen Keypad"
        self._pads = pads
        self._framer = InputFramer()
        self.fd, self._far = os.pipe()
        os.set_blocking(self.fd, False)
        self._is_open = True
        pads.plugged[path] = self

    def read(self) -> Iterator[InputEvent]:
        data = os.read(self.fd, 64 * SIZE)
        if not data:
            raise OSError(errno.ENODEV, "No such device")
        return iter(self._framer.feed(data))

    def grab(self) -> None:
        if self._pads.grabbed_elsewhere:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self._pads.log.append("grab")

    def ungrab(self) -> None:
        self._pads.log.append("ungrab")
        if self._far < 0:
            raise OSError(errno.ENODEV, "No such device")

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self.fd)
            self._pads.log.append("close")
        self.vanish()

    def tell(self, events: list[InputEvent]) -> None:
        os.write(self._far, b"".join(event.encode() for event in events))

    def vanish(self) -> None:
        if self._far >= 0:
            os.close(self._far)
            self._far = -1
