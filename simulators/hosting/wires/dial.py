"""A simulated device that calls its hall, as clocks that push do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

from simulators.hosting.hub import Hub
from simulators.hosting.wires.wire import Wire

DIAL_S: Final = 10.0
"""A call that is not answered for so long has failed."""
REST_S: Final = 0.05
"""Between a line that was lost, or could not be had, and the next call."""


class DialWire(Wire):
    """Dials whenever the device wants its line; one line at a time.

    An unplugged device has no network: it calls nobody and keeps what it has.
    """

    def __init__(self, hub: Hub, host: str, port: int) -> None:
        super().__init__(hub)
        self._host = host
        self._port = port
        self._plugged = False
        self._line: _DialledLine | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._resting: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        """`http://host:port`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def plugged(self) -> bool:
        """Whether it has a network."""
        return self._plugged

    async def plug(self) -> None:
        """Dial from now on."""
        if not self._plugged:
            self._plugged = True
            self.hub.stepped = self._look
            self._look()

    async def unplug(self) -> None:
        """Drop the line; call nobody."""
        self._plugged = False
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        dialling = self._dialling
        if dialling is not None:
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)
            # One that was cancelled before it began has not cleared it.
            self._dialling = None
        self._line = None
        self.hub.drop_all()
        await asyncio.sleep(0)

    def _look(self) -> None:
        """Make the line, or end it, as the device wants; one that hangs does not."""
        if not self._plugged or self._dialling is not None or self.hub.faults.hang:
            return
        line = self._line
        if line is not None and not self.hub.simulator.wants_line:
            self._line = None
            line.end()
            # Its time is asked anew when this step is over.
            asyncio.get_running_loop().call_soon(self._look_again)
        elif line is None and self._resting is None and self.hub.simulator.wants_line:
            self._dialling = asyncio.create_task(self._dial())

    def _look_again(self) -> None:
        if self._plugged:
            self.hub.wake()

    def _rested(self) -> None:
        self._resting = None
        self._look_again()

    def _rest(self) -> None:
        if self._plugged and self._resting is None:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(REST_S, self._rested)

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        reason = ""
        try:
            async with asyncio.timeout(DIAL_S):
                await loop.create_connection(self._answered, self._host, self._port)
        except OSError as error:
            reason = error.strerror or str(error) or "nobody answers"
        finally:
            self._dialling = None
        if reason:
            self._rest()
            self.hub.unreachable(reason)
        else:
            self._look()

    def _answered(self) -> _DialledLine:
        self._line = line = _DialledLine(self)
        return line

    def lost(self, line: _DialledLine) -> None:
        """A line went down, not by the device's wish."""
        if self._line is line:
            self._line = None
            self._rest()
            self._look_again()


class _DialledLine(asyncio.Protocol):
    datagrams = False

    def __init__(self, wire: DialWire) -> None:
        self._wire = wire
        self._transport: asyncio.Transport | None = None
        self._session = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows
        self._transport = transport
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._session = self._wire.hub.open(self)

    def data_received(self, data: bytes) -> None:
        self._wire.hub.received(self._session, data)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._wire.hub.closed(self._session)
        self._wire.lost(self)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        """Hang up politely; what was said still goes out."""
        self._wire.hub.closed(self._session)
        if self._transport is not None:
            self._transport.close()

    def close(self) -> None:
        # Gone like a pulled cable's device, not after a polite flush.
        if self._transport is not None:
            self._transport.abort()
