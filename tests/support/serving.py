"""The web on a real socket, as the daemon serves it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from bridge.service.ports import HallPort
from bridge.web.app import create_app
from bridge.web.server import serve


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A web that answers."""

    url: str
    port: int
    app: FastAPI


@asynccontextmanager
async def serving(
    hall: HallPort, *, port: int = 0, heartbeat_s: float = 15.0
) -> AsyncIterator[Served]:
    """Serve a hall on 127.0.0.1 until the block ends."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    real_port = sock.getsockname()[1]
    app = create_app(hall, heartbeat_s=heartbeat_s)
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve(app, sock, ready.set))
        await ready.wait()
        try:
            url = f"http://127.0.0.1:{real_port}"
            yield Served(url=url, port=real_port, app=app)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event of a stream, taken apart; a comment has kind `comment`."""

    kind: str
    data: str
    id: int | None = None


async def read_frames(answer: httpx.Response) -> AsyncIterator[Frame]:
    """Events and comments as they come."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            yield Frame(kind="comment", data=line[1:].strip())
        elif line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            kind = fields.get("event", "retry")
            number = int(fields["id"]) if "id" in fields else None
            data = fields.get("data", fields.get("retry", ""))
            yield Frame(kind=kind, data=data, id=number)
            fields = {}
