"""Serial lines: pyserial sets them up, the event loop moves the bytes."""

from __future__ import annotations

import asyncio
import errno
import getpass
import grp
import os
import pwd
import stat
import termios
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, unquote

import serial

from bus.threads import in_daemon_thread
from devices.errors import ConfigurationError, TransportError
from drivers.transports.inbox import Inbox
from drivers.transports.transport import Transport

READ_SIZE: Final = 4096
WRITE_TIMEOUT_S: Final = 10.0
"""A line that takes no byte for so long is broken (9600 baud carries 9 KB in it)."""
BY_ID: Final = Path("/dev/serial/by-id")

_PARITIES: Final = {"N", "E", "O", "M", "S"}
_BYTE_SIZES: Final = {5, 6, 7, 8}
_STOP_BITS: Final = {1.0, 1.5, 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """Which line, and how it is set."""

    path: str
    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1.0

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `serial:/dev/x?baudrate=9600&bytesize=8&parity=N&stopbits=1`."""
        path, _, query = url.removeprefix("serial:").partition("?")
        path = "/" + unquote(path).lstrip("/") if path.startswith("/") else ""
        if len(path) < 2:
            raise ConfigurationError(f"{url}: want serial:/dev/…?baudrate=9600")
        words = dict(parse_qsl(query, keep_blank_values=True))
        unknown = set(words) - {"baudrate", "bytesize", "parity", "stopbits"}
        if unknown:
            raise ConfigurationError(
                f"{url}: unknown {', '.join(sorted(unknown))}; a serial line knows "
                "baudrate, bytesize, parity and stopbits"
            )
        try:
            settings = cls(
                path=path,
                baudrate=int(words.get("baudrate", "9600")),
                bytesize=int(words.get("bytesize", "8")),
                parity=words.get("parity", "N").upper()[:1],
                stopbits=float(words.get("stopbits", "1")),
            )
        except ValueError as error:
            raise ConfigurationError(f"{url}: {error}") from error
        if (
            settings.baudrate <= 0
            or settings.bytesize not in _BYTE_SIZES
            or settings.parity not in _PARITIES
            or settings.stopbits not in _STOP_BITS
        ):
            raise ConfigurationError(
                f"{url}: want baudrate above 0, bytesize 5-8, parity N, E, O, M or S, "
                "stopbits 1, 1.5 or 2"
            )
        return settings

    def open(self) -> serial.Serial:
        """Open and lock the line (blocking); raises `TransportError`."""
        try:
            port = serial.Serial(
                self.path,
                baudrate=self.baudrate,
                bytesize=self.bytesize,
                parity=self.parity,
                stopbits=self.stopbits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise TransportError(f"serial:{self.path}: {self._why(error)}") from error
        os.set_blocking(port.fileno(), False)
        _distinguish_hangup(port.fileno())
        return port

    def _why(self, error: Exception) -> str:
        code = getattr(error, "errno", None)
        if code in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
            return f"no such device: is it plugged in?{_present()}"
        if code in {errno.EACCES, errno.EPERM}:
            return _permission(self.path)
        if code in {errno.EBUSY, errno.EAGAIN}:
            return "busy: another program has it open; end that program"
        if code in {errno.ENOTTY, errno.EINVAL, errno.EISDIR}:
            return "is no serial device, or cannot be set to these parameters"
        return str(error)


class SerialTransport(Transport):
    """An open serial line, locked for us."""

    def __init__(self, url: str, port: serial.Serial) -> None:
        super().__init__(url)
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._fd: int = port.fileno()
        self._inbox = Inbox(url, pause=self._pause, resume=self._resume)
        self._writing = asyncio.Lock()
        self._writable: asyncio.Future[None] | None = None
        self._closed = False
        self._loop.add_reader(self._fd, self._on_readable)

    @classmethod
    async def open(cls, url: str, timeout_s: float) -> SerialTransport:
        """Open by URL, beside the loop: some USB adapters take seconds."""
        settings = SerialSettings.parse(url)
        try:
            async with asyncio.timeout(timeout_s):
                port = await in_daemon_thread(
                    settings.open, name="serial-open", discard=serial.Serial.close
                )
        except TimeoutError as error:
            raise TransportError(
                f"serial:{settings.path}: did not open in {timeout_s:g} s; "
                "unplug the adapter and plug it in again"
            ) from error
        return cls(url, port)

    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next bytes, at least one."""
        return await self._inbox.take(timeout_s)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        async with self._writing:
            rest = memoryview(data)
            while rest:
                if self._inbox.ended:
                    raise TransportError(f"{self.url}: {self._inbox.ended}")
                try:
                    rest = rest[os.write(self._fd, rest) :]
                except BlockingIOError:
                    await self._wait_writable()
                except OSError as error:
                    self._end(_lost(error))

    def discard_input(self) -> None:
        """Throw away what came and was not read."""
        if not self._inbox.ended:
            self._on_readable()
        self._inbox.clear()

    async def close(self) -> None:
        """Close; in a thread, for a tty waits for its output first."""
        if self._closed:
            return
        self._closed = True
        self._end("closed")
        await asyncio.shield(in_daemon_thread(self._close_port, name="serial-close"))

    def _close_port(self) -> None:
        with suppress(OSError):
            self._port.close()

    def _on_readable(self) -> None:
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(_lost(error))
            return
        if data:
            self._inbox.put(data)
        else:
            self._end("the device is gone (unplugged?)")

    async def _wait_writable(self) -> None:
        self._writable = self._loop.create_future()
        self._loop.add_writer(self._fd, self._on_writable)
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._writable
        except TimeoutError as error:
            raise TransportError(
                f"{self.url}: took no byte for {WRITE_TIMEOUT_S:g} s"
            ) from error
        finally:
            self._writable = None
            if not self._inbox.ended:
                self._loop.remove_writer(self._fd)

    def _on_writable(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _end(self, reason: str) -> None:
        if not self._inbox.ended:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        self._inbox.end(reason)
        self._on_writable()

    def _pause(self) -> None:
        self._loop.remove_reader(self._fd)

    def _resume(self) -> None:
        self._loop.add_reader(self._fd, self._on_readable)


def _distinguish_hangup(fd: int) -> None:
    """Have an idle line say EAGAIN, so that an empty read means a hang-up.

    pyserial sets VMIN 0, with which Linux reads b"" in both cases.
    """
    settings = termios.tcgetattr(fd)
    settings[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, settings)


def _lost(error: OSError) -> str:
    return f"the device is gone (unplugged?): {error.strerror or error}"


def _present() -> str:
    with suppress(OSError):
        names = sorted(str(path) for path in BY_ID.iterdir())
        if names:
            return f" There are: {', '.join(names[:8])}"
    return ""


def _permission(path: str) -> str:
    try:
        status = Path(path).stat()
        group = grp.getgrgid(status.st_gid).gr_name
        owner = pwd.getpwuid(status.st_uid).pw_name
        user = getpass.getuser()
    except (OSError, KeyError):
        return "no permission to open it"
    return (
        f"no permission: it belongs to {owner}:{group} "
        f"({stat.filemode(status.st_mode)}); run `sudo usermod -aG {group} {user}` "
        "and start again"
    )
