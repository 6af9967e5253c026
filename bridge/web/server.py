"""Serves the web on a socket that is given, until cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from bridge.web.iclock import Front, PushAddress

GRACE_S: Final = 1
"""How long an answer under way may take to end when the web closes."""


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process that runs it; tells when it answers."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()


async def serve(
    app: FastAPI,
    sock: socket.socket,
    ready: Callable[[], None] | None = None,
    *,
    push: PushAddress | None = None,
) -> None:
    """Answer on `sock` until cancelled; ends within 2 s, streams open or not.

    What push clocks ask goes on to `push`, where that is known. The socket is
    bound by the caller and closed here.
    """
    server = _QuietServer(
        uvicorn.Config(
            Front(app, push),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,  # push clocks are set by it: Front decides
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE_S,
        ),
        ready,
    )
    running = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        app.state.live.close()
        server.should_exit = True
        await asyncio.wait({running}, timeout=GRACE_S + 0.8)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        raise
