"""A simulated device on a UDP port: one session a peer address."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from simulators.hosting.hub import Hub
from simulators.hosting.wires.wire import Wire

MOST_PEERS: Final = 64
"""Peers remembered; the one that was silent longest is forgotten first."""


class UdpWire(Wire):
    """Answers datagrams on host and port; port 0 takes a free one and keeps it."""

    def __init__(self, hub: Hub, host: str, port: int) -> None:
        super().__init__(hub)
        self._host = host
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def url(self) -> str:
        """`udp://host:port`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"udp://{host}:{self._port}"

    @property
    def plugged(self) -> bool:
        """Whether it listens."""
        return self._transport is not None

    async def plug(self) -> None:
        """Listen."""
        if self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: _UdpPeers(self.hub), local_addr=(self._host, self._port)
            )
            self._port = self._transport.get_extra_info("sockname")[1]

    async def unplug(self) -> None:
        """Stop listening, forget every peer."""
        transport, self._transport = self._transport, None
        self.hub.drop_all()
        if transport is not None:
            transport.abort()
        await asyncio.sleep(0)


class _UdpPeers(asyncio.DatagramProtocol):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: asyncio.DatagramTransport | None = None
        self._peers: dict[Any, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: Any) -> None:
        session = self._peers.pop(address, None)
        if session is None:
            session = self._welcome(address)
        self._peers[address] = session
        self._hub.received(session, data)

    def error_received(self, error: Exception) -> None:
        """A peer's port is closed: nothing to do, it may come back."""

    def forget(self, address: Any) -> None:
        """A session was ended from the device's side."""
        self._peers.pop(address, None)

    def _welcome(self, address: Any) -> int:
        assert self._transport is not None  # noqa: S101 - narrows
        while len(self._peers) >= MOST_PEERS:
            oldest = next(iter(self._peers))
            self._hub.closed(self._peers.pop(oldest))
        return self._hub.open(_UdpLine(self, self._transport, address))


class _UdpLine:
    datagrams = True

    def __init__(
        self, peers: _UdpPeers, transport: asyncio.DatagramTransport, address: Any
    ) -> None:
        self._peers = peers
        self._transport = transport
        self._address = address

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, self._address)

    def close(self) -> None:
        self._peers.forget(self._address)
