"""A simulated device on a TCP port."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from simulators.hosting.hub import Hub
from simulators.hosting.wires.wire import Wire

MOST_UNREAD: Final = 16 * 1024 * 1024
"""Bytes that a client may leave unread before it is dropped."""


class TcpWire(Wire):
    """Listens on host and port; port 0 takes a free one and keeps it."""

    def __init__(self, hub: Hub, host: str, port: int) -> None:
        super().__init__(hub)
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """`tcp://host:port`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"tcp://{host}:{self._port}"

    @property
    def plugged(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def plug(self) -> None:
        """Listen."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: _TcpLine(self.hub),
                self._host,
                self._port,
                reuse_address=True,
            )
            self._port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Stop listening, drop every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.hub.drop_all()
        await asyncio.sleep(0)


class _TcpLine(asyncio.Protocol):
    datagrams = False

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: asyncio.Transport | None = None
        self._session = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._session = self._hub.open(self)

    def data_received(self, data: bytes) -> None:
        self._hub.received(self._session, data)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._hub.closed(self._session)

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self._transport.abort()

    def close(self) -> None:
        # Gone like a pulled cable's device, not after a polite flush.
        if self._transport is not None:
            self._transport.abort()
