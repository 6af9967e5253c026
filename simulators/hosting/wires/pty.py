"""A simulated device on a serial line: a PTY linked at the serial path."""

from __future__ import annotations

import array
import asyncio
import fcntl
import os
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Final

from simulators.hosting.hub import Hub
from simulators.hosting.wires.wire import Wire

MOST_UNREAD: Final = 64 * 1024
"""Bytes kept for a reader that is slow; beyond it they are lost, as on a line."""
STALE_S: Final = 3.0
"""What nobody reads for so long was sent to nobody: it is thrown away."""
REOPEN_S: Final = 0.1
PTS: Final = "/dev/pts/"


class PtyWire(Wire):
    """A PTY in raw mode, linked at `path`. One session while plugged in.

    Our own copy of the slave stays open, so that a reader may come and go.
    A link to a PTY (an earlier run's) is replaced, anything else never.
    """

    def __init__(self, hub: Hub, path: Path, query: str = "") -> None:
        super().__init__(hub)
        self._path = path
        self._query = query
        self._line: _PtyLine | None = None

    @property
    def url(self) -> str:
        """`serial:path?query`, as in the hall file."""
        return f"serial:{self._path}" + (f"?{self._query}" if self._query else "")

    @property
    def plugged(self) -> bool:
        """Whether the line is there."""
        return self._line is not None

    async def plug(self) -> None:
        """Make the PTY and its link."""
        if self._line is not None:
            return
        self._make_room()
        self._line = line = _PtyLine(self.hub)
        try:
            self._path.symlink_to(line.slave_name)
        except OSError:
            self._line = None
            line.close()
            raise
        line.start()

    async def unplug(self) -> None:
        """Remove the link and hang up."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError):
                if os.readlink(self._path) == line.slave_name:  # noqa: PTH115 - raw text
                    self._path.unlink()
            line.end()

    def _make_room(self) -> None:
        if self._path.is_symlink():
            if not os.readlink(self._path).startswith(PTS):  # noqa: PTH115 - raw text
                raise FileExistsError(
                    f"{self._path} is a link to a real device; not touched"
                )
            self._path.unlink()
        elif self._path.exists():
            raise FileExistsError(f"{self._path} is a real file; not touched")
        self._path.parent.mkdir(parents=True, exist_ok=True)


class _PtyLine:
    datagrams = False

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.slave_name = os.ttyname(self._slave)
        self._session = 0
        self._open = True
        self._unread = bytearray()
        self._stale: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop.add_reader(self._master, self._read)
        self._session = self._hub.open(self)

    def end(self) -> None:
        """Hang up."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
            if self._stale is not None:
                self._stale.cancel()
            os.close(self._slave)
            os.close(self._master)
            self._hub.closed(self._session)

    def close(self) -> None:
        """A serial line stays when the device ends a session: it starts anew."""
        if not self._session:
            self.end()
        elif self._open:
            self._unread.clear()
            self._loop.call_later(REOPEN_S, self._reopen)

    def write(self, data: bytes) -> None:
        if self._open and len(self._unread) + len(data) <= MOST_UNREAD:
            waiting = bool(self._unread)
            self._unread += data
            if not waiting:
                self._flush()

    def _reopen(self) -> None:
        if self._open:
            self._session = self._hub.open(self)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._hub.received(self._session, os.read(self._master, 65536))

    def _flush(self) -> None:
        self._loop.remove_writer(self._master)
        with suppress(BlockingIOError):
            sent = os.write(self._master, self._unread)
            del self._unread[:sent]
        if self._unread:
            self._loop.add_writer(self._master, self._flush)
        if self._stale is None:
            self._watch()

    def _watch(self) -> None:
        left = self._in_kernel()
        self._stale = (
            self._loop.call_later(STALE_S, self._end_stale, left)
            if left or self._unread
            else None
        )

    def _end_stale(self, before: int) -> None:
        if before and self._in_kernel() >= before:
            self._unread.clear()
            self._loop.remove_writer(self._master)
            termios.tcflush(self._slave, termios.TCIFLUSH)
        self._watch()

    def _in_kernel(self) -> int:
        """Bytes that wait for a reader."""
        count = array.array("i", [0])
        fcntl.ioctl(self._slave, termios.FIONREAD, count)
        return count[0]
