"""Where input events come from: the kernel, or a simulated pad's line."""

from __future__ import annotations

import asyncio
import errno
import importlib
import os
import stat
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final, Self

from devices.errors import ConfigurationError, TransportError
from devices.keypad.events import InputEvent, InputFramer
from drivers.transports.inbox import Inbox
from drivers.transports.transport import Transport

INPUT_MAJOR: Final = 13
"""Device number of the kernel's input devices."""
MISSING: Final = (
    "keypads need the Python package evdev: install halld with its extra `keypad` "
    "(pip install 'halld[keypad]')"
)
_GONE: Final = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})


def is_input_device(path: str) -> bool:
    """Whether the kernel's input events come from there.

    Raises `TransportError` when nothing is there. Anything else is taken for
    the line of a simulated pad, which gives the same events.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        raise TransportError(_why(path, error)) from error
    is_character = stat.S_ISCHR(status.st_mode)
    return is_character and os.major(status.st_rdev) == INPUT_MAJOR


def load_evdev() -> ModuleType:
    """The optional package; raises `ConfigurationError` when it is missing."""
    try:
        return importlib.import_module("evdev")
    except ImportError as error:
        raise ConfigurationError(MISSING) from error


class KeySource(ABC):
    """An open keypad; `async with` closes it."""

    @abstractmethod
    async def read(self) -> list[InputEvent]:
        """The next events; raises `TransportError` when the pad is gone."""

    @abstractmethod
    async def close(self) -> None:
        """Close; harmless when closed."""

    @property
    def info(self) -> dict[str, Any]:
        """What is known of the pad."""
        return {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class LineSource(KeySource):
    """Input events as bytes on a line."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._framer = InputFramer()

    async def read(self) -> list[InputEvent]:
        """The next events."""
        return self._framer.feed(await self._transport.read())

    async def close(self) -> None:
        """Close the line."""
        await self._transport.close()


class EvdevSource(KeySource):
    """An input device of the kernel, grabbed: its keys reach nobody else."""

    def __init__(self, evdev: ModuleType, path: str, *, grab: bool) -> None:
        self._path = path
        self._grabs = grab
        self._loop = asyncio.get_running_loop()
        self._ready = Inbox(path)
        try:
            self._device = evdev.InputDevice(path)
        except OSError as error:
            raise TransportError(_why(path, error)) from error
        try:
            if grab:
                self._device.grab()
        except OSError as error:
            self._device.close()
            raise TransportError(_why(path, error)) from error
        self._framer = InputFramer()
        self._is_open = True
        self._loop.add_reader(self._device.fd, self._on_readable)

    @property
    def info(self) -> dict[str, Any]:
        """Its name, and whether it is grabbed."""
        return {"model": str(self._device.name), "grabbed": self._grabs}

    async def read(self) -> list[InputEvent]:
        """The next events."""
        return self._framer.feed(await self._ready.take(None))

    async def close(self) -> None:
        """Give the keys back, and close."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._device.fd)
        if self._grabs:
            with suppress(OSError):  # a pad that is gone needs no ungrabbing
                self._device.ungrab()
        self._device.close()

    def _on_readable(self) -> None:
        try:
            events = [
                InputEvent(event.type, event.code, event.value)
                for event in self._device.read()
            ]
        except BlockingIOError:
            return
        except OSError as error:
            self._loop.remove_reader(self._device.fd)
            self._ready.end(_why(self._path, error))
            return
        self._ready.put(b"".join(event.encode() for event in events))


def _why(path: str, error: OSError) -> str:
    if error.errno in _GONE:
        return f"{path}: no such device: is it plugged in? see /dev/input/by-id"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"{path}: no permission to open it; add the account that runs halld to "
            "the group `input` and start again"
        )
    if error.errno == errno.EBUSY:
        return f"{path}: another program has grabbed it; end that program"
    return f"{path}: {error.strerror or error}"
