"""What the parent of `halld run` holds for its children: locks and ports."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bridge.cli.options import RUN_FILE
from devices.errors import ConfigurationError

BACKLOG: Final = 512
LOOK_EVERY_S: Final = 0.05


@contextlib.asynccontextmanager
async def locked(path: Path, role: str, patience_s: float) -> AsyncIterator[int]:
    """Hold a role of this data directory; children that inherit the lock hold it too.

    Raises `ConfigurationError` when another halld has it for so long.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    end = asyncio.get_running_loop().time() + patience_s
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if asyncio.get_running_loop().time() > end:
                    raise ConfigurationError(
                        f"another halld runs the {role} in {path.parent}; end it, "
                        "or give this one a --data of its own"
                    ) from error
            await asyncio.sleep(LOOK_EVERY_S)
        yield lock
    finally:
        os.close(lock)


@contextlib.asynccontextmanager
async def bound(
    host: str, port: int, patience_s: float
) -> AsyncIterator[socket.socket]:
    """The web port, listening; raises OSError when it is taken for so long."""
    end = asyncio.get_running_loop().time() + patience_s
    while True:
        try:
            family, *_, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            sock = socket.create_server(address[:2], family=family, backlog=BACKLOG)
            break
        except OSError as error:
            if asyncio.get_running_loop().time() > end:
                raise OSError(
                    f"cannot listen on {host} port {port}: "
                    f"{error.strerror or error}; free it or change web.port "
                    "(0 takes a free one)"
                ) from error
        await asyncio.sleep(LOOK_EVERY_S)
    with sock:
        yield sock


def http_url(host: str, sock: socket.socket) -> str:
    """Where this machine reaches what listens on `sock`."""
    port = sock.getsockname()[1]
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host)  # noqa: S104
    if here is None:
        here = f"[{host}]" if ":" in host else host
    return f"http://{here}:{port}"


def note_running(data: Path, http: str, mqtt: str) -> None:
    """Leave word for `devices` and `tail`; a part alone changes only its own."""
    path = data / RUN_FILE
    noted = {"mqtt": mqtt}
    with contextlib.suppress(OSError, ValueError):
        noted = {**json.loads(path.read_text()), "mqtt": mqtt}
    if http != "-":
        noted["http"] = http
    with contextlib.suppress(OSError):
        path.write_text(json.dumps(noted) + "\n")
