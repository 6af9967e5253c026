"""The devices of the bench: bare TCP servers, so that the hall is what is measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from devices.checksums import sum8

CALL: Final = 0x0C
RATING_FUNC: Final = 0x11
KEY_FUNC: Final = 0x01
LED_ACK: Final = bytes.fromhex(
    "A5A5A5A5A5A5A5A5 0080FEFF 000000000000 FE02 0500 A000000000 14AC 5A"
)
"""The vendor's printed acknowledgement (facts: LED #1)."""


def ff68(address: int, func: int, *data: int) -> bytes:
    """A frame of the caller bus."""
    body = bytes([address, func, *data])
    size = len(body)
    return bytes([0xFF, 0x68, size, size, 0x68]) + body + bytes([sum8(body), 0x16])


class Line:
    """One caller line: the hall connects, the bench presses."""

    def __init__(self) -> None:
        self.port = 0
        self.received_bytes = 0
        self._writer: asyncio.StreamWriter | None = None
        self.connected = asyncio.Event()

    def received(self, data: bytes) -> None:
        """Take what the hall says."""
        self.received_bytes += len(data)

    def press(self, frame: bytes) -> None:
        """Send a frame as the device would."""
        assert self._writer is not None
        self._writer.write(frame)

    async def drain(self) -> None:
        """Wait until the hall takes more."""
        assert self._writer is not None
        await self._writer.drain()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take what the hall says until it goes."""
        self._writer = writer
        self.connected.set()
        while data := await reader.read(65536):
            self.received(data)
        writer.close()


class Led:
    """One LED card: acknowledges frames and tells when their first byte came."""

    def __init__(self, on_frame: Callable[[float], None]) -> None:
        self.port = 0
        self._on_frame = on_frame

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Acknowledge every frame until the hall goes."""
        loop = asyncio.get_running_loop()
        frame = bytearray()
        first = 0.0
        while data := await reader.read(4096):
            if not frame:
                first = loop.time()
            frame += data
            if frame.endswith(b"\x5a"):
                if b"\xa3\x06" in frame:
                    self._on_frame(first)
                frame.clear()
                writer.write(LED_ACK)
        writer.close()


@asynccontextmanager
async def listening(*devices: Line | Led) -> AsyncIterator[None]:
    """Listen on a free port for each device while the block runs."""
    servers = []
    try:
        for device in devices:
            server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
            device.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        yield
    finally:
        for server in servers:
            server.close()
