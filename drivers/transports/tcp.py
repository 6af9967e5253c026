"""TCP connections to devices and serial servers."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from devices.errors import TransportError
from drivers.transports.inbox import Inbox
from drivers.transports.sockets import SocketAddress, plain_words
from drivers.transports.transport import Transport

WRITE_TIMEOUT_S: Final = 10.0
WRITE_HIGH_WATER: Final = 64 * 1024
KEEPALIVE_IDLE_S: Final = 10
KEEPALIVE_EVERY_S: Final = 5
KEEPALIVE_PROBES: Final = 3
UNACKED_LIMIT_MS: Final = 20_000
"""Sent bytes that the peer's TCP does not acknowledge for so long end it."""


class TcpTransport(Transport):
    """An open TCP connection."""

    def __init__(self, url: str, protocol: _Protocol) -> None:
        super().__init__(url)
        self._protocol = protocol
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, timeout_s: float) -> TcpTransport:
        """Connect to the first address that takes us; plain words otherwise."""
        address = SocketAddress.parse(url)
        try:
            async with asyncio.timeout(timeout_s):
                sock = await _connected(url, address)
        except TimeoutError as error:
            raise TransportError(
                f"{url}: no answer in {timeout_s:g} s; check the power, the cable and "
                "the address"
            ) from error
        loop = asyncio.get_running_loop()
        try:
            _, protocol = await loop.create_connection(
                lambda: _Protocol(url), sock=sock
            )
        except BaseException:
            sock.close()
            raise
        return cls(url, protocol)

    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next bytes, at least one."""
        return await self._protocol.inbox.take(timeout_s)

    async def write(self, data: bytes) -> None:
        """Send all of `data`; waits while the peer takes nothing."""
        async with self._writing:
            self._protocol.send(data)
            try:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await self._protocol.drained()
            except TimeoutError as error:
                raise TransportError(
                    f"{self.url}: took no byte for {WRITE_TIMEOUT_S:g} s"
                ) from error

    def discard_input(self) -> None:
        """Throw away what came and was not read."""
        self._protocol.inbox.clear()

    async def close(self) -> None:
        """Close; what was written is still sent."""
        await self._protocol.close()


async def _connected(url: str, address: SocketAddress) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _, target in await address.resolve(
        url, socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(0)
            _set_options(sock)
            await loop.sock_connect(sock, target)
        except OSError as error:
            sock.close()
            failure = failure or error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise TransportError(
        f"{url}: {plain_words(failure) if failure else 'has no address'}"
    ) from failure


def _set_options(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_EVERY_S),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
        ("TCP_USER_TIMEOUT", UNACKED_LIMIT_MS),
    ):
        with suppress(OSError, AttributeError):  # not every system has all of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class _Protocol(asyncio.Protocol):
    """Moves bytes between the event loop's transport and an inbox."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.inbox = Inbox(url, pause=self._pause, resume=self._resume)
        self._transport: asyncio.Transport | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the loop's transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self.inbox.put(data)

    def eof_received(self) -> bool:
        """Note that the peer ended; both ways are closed then."""
        self.inbox.end("the device ended the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end and its reason."""
        reason = plain_words(exc) if isinstance(exc, OSError) else "closed"
        self.inbox.end(reason)
        self._room.set()
        self._lost.set()

    def pause_writing(self) -> None:
        """Note that the peer takes nothing."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self._room.set()

    def send(self, data: bytes) -> None:
        """Hand bytes over; raises `TransportError` after the end."""
        self._raise_if_ended()
        if self._transport is not None:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait for room; raises `TransportError` after the end."""
        await self._room.wait()
        self._raise_if_ended()

    async def close(self) -> None:
        """End the connection, after at most a moment for unsent bytes."""
        self.inbox.end("closed")
        if self._transport is None or self._lost.is_set():
            return
        if self._transport.get_write_buffer_size():
            self._transport.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._lost.wait()
        self._transport.abort()
        await self._lost.wait()

    def _raise_if_ended(self) -> None:
        if self.inbox.ended:
            raise TransportError(f"{self._url}: {self.inbox.ended}")

    def _pause(self) -> None:
        self._on_transport("pause_reading")

    def _resume(self) -> None:
        self._on_transport("resume_reading")

    def _on_transport(self, name: str) -> Any:
        if self._transport is not None and not self._transport.is_closing():
            getattr(self._transport, name)()
