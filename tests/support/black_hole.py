"""A TCP relay that can swallow everything without closing anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bus.address import BrokerAddress


class Relay:
    """Stands between a client and a broker."""

    def __init__(self, target: BrokerAddress) -> None:
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress(host="127.0.0.1", port=self._port)

    def swallow(self) -> None:
        """Take bytes and give none, both ways, as a dead switch does."""
        self._open.clear()

    def heal(self) -> None:
        """Let new connections through; what was swallowed is lost."""
        self._open.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Relay]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in list(self._writers):
                writer.close()
            await server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        far_writer: asyncio.StreamWriter | None = None
        with suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection(
                self._target.host, self._target.port
            )
            self._writers.add(far_writer)
            await asyncio.gather(
                self._copy(reader, far_writer), self._copy(far_reader, writer)
            )
        for end in (writer, far_writer):
            if end is not None:
                self._writers.discard(end)
                end.close()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lost = False
        while data := await reader.read(65536):
            lost = lost or not self._open.is_set()
            if not lost:
                writer.write(data)
        writer.close()
