"""systemd's notification socket: ready, stopping, and a watchdog of progress."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress


class Notifier:
    """Does nothing where there is no NOTIFY_SOCKET."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        self._path = variables.get("NOTIFY_SOCKET", "")
        micros = variables.get("WATCHDOG_USEC", "")
        self._every_s = int(micros) / 2_000_000 if micros.isdigit() else 0.0

    def tell(self, state: str) -> None:
        """Send one state, such as `READY=1`."""
        if not self._path:
            return
        path = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as s,
        ):
            s.connect(path)
            s.sendall(state.encode())

    async def watch(self, progressing: Callable[[], bool]) -> None:
        """Feed the watchdog while there is progress, until cancelled."""
        while self._path and self._every_s:
            if progressing():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self._every_s)
