"""UDP to one device, through a connected socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from devices.errors import TransportError
from drivers.transports.inbox import Inbox
from drivers.transports.sockets import SocketAddress, plain_words
from drivers.transports.transport import Transport

MAX_DATAGRAM: Final = 65_535


class UdpTransport(Transport):
    """A UDP socket that hears one peer only.

    Being connected, it learns that nobody listens there (ICMP).
    """

    def __init__(self, url: str, sock: socket.socket) -> None:
        super().__init__(url)
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._inbox = Inbox(url)
        self._loop.add_reader(sock, self._on_readable)

    @classmethod
    async def open(cls, url: str, timeout_s: float) -> UdpTransport:
        """Bind to the peer; says nothing about whether it is there."""
        address = SocketAddress.parse(url)
        try:
            async with asyncio.timeout(timeout_s):
                found = await address.resolve(url, socket.SOCK_DGRAM)
        except TimeoutError as error:
            raise TransportError(
                f"{url}: the name server does not answer; use the address"
            ) from error
        family, kind, protocol, _, target = found[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(0)
            sock.connect(target)
        except OSError as error:
            sock.close()
            raise TransportError(f"{url}: {plain_words(error)}") from error
        return cls(url, sock)

    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next datagram."""
        return await self._inbox.take_one(timeout_s)

    async def write(self, data: bytes) -> None:
        """Send one datagram."""
        if self._inbox.ended:
            raise TransportError(f"{self.url}: {self._inbox.ended}")
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            self._end(plain_words(error))
            raise TransportError(f"{self.url}: {plain_words(error)}") from error

    def discard_input(self) -> None:
        """Throw away datagrams that came and were not read."""
        if not self._inbox.ended:
            self._on_readable()
        self._inbox.clear()

    async def close(self) -> None:
        """Close the socket."""
        self._end("closed")
        self._socket.close()

    def _on_readable(self) -> None:
        while True:
            try:
                data = self._socket.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError as error:
                self._end(plain_words(error))
                return
            # An empty datagram says nothing; beyond the capacity the newest are
            # dropped, as the network itself may do.
            if data and not self._inbox.is_full:
                self._inbox.put(data)

    def _end(self, reason: str) -> None:
        if not self._inbox.ended:
            self._loop.remove_reader(self._socket)
        self._inbox.end(reason)
