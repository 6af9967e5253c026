"""The node's HTTP server for clocks that push, shared by all of them.

Open while somebody needs it: a driver that serves its clock, or the node, which
also wants to see clocks that nobody expects.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Final

from devices.adms.http import MAX_BODY, HttpRequest, HttpResponse
from devices.errors import TransportError
from devices.site import DEFAULT_ADMS_PORT, Site
from drivers.adms.connection import Connection, Patience, plain
from drivers.adms.limits import RateLimit
from drivers.adms.reception import Reception
from drivers.transports.sockets import plain_words

log = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 64
MAX_PER_SOURCE: Final = 16
RETRY_AFTER: Final = ("Retry-After", "30")
SOURCE_HEADER: Final = "x-halld-source"
"""Where a request that was forwarded came from; believed with the secret alone."""
SECRET_HEADER: Final = "x-halld-secret"  # noqa: S105 - a header's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the server is: an address, or a socket that somebody bound for it."""

    host: str = "0.0.0.0"  # noqa: S104 - clocks are on other machines
    port: int = DEFAULT_ADMS_PORT
    socket: socket.socket | None = None
    secret: str = ""
    """Of the web server that forwards to `socket`."""

    @classmethod
    def of(cls, site: Site) -> Listening:
        """As the hall file says."""
        if site.adms is None:
            return cls()
        return cls(host=site.adms.host, port=site.adms.port)


@dataclass(slots=True, kw_only=True)
class PushServer:
    """Takes connections and hands requests to the reception."""

    listening: Listening
    reception: Reception
    patience: Patience = field(default_factory=Patience)
    max_body: int = MAX_BODY
    max_connections: int = MAX_CONNECTIONS
    limit: RateLimit = field(default_factory=RateLimit)
    port: int = 0
    """Where it really listens; 0 while it does not."""
    _holders: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _per_source: Counter[str] = field(default_factory=Counter)

    @property
    def place(self) -> str:
        """Where clocks reach it, for technicians."""
        if self.listening.socket is not None:
            return "/iclock on the web's port"
        port, host = self.port or self.listening.port, self.listening.host
        return f"port {port}" if host in {"0.0.0.0", "::"} else f"{host} port {port}"  # noqa: S104

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen while the block runs; raises `TransportError` when it cannot."""
        async with self._lock:
            if not self._holders:
                await self._listen()
            self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                await self._close()

    async def _listen(self) -> None:
        place = self.listening
        try:
            if place.socket is not None:
                # Closing a server closes its socket; the next one needs it, too.
                sock = place.socket.dup()
                self._server = await asyncio.start_server(self._take, sock=sock)
            else:
                self._server = await asyncio.start_server(
                    self._take, place.host, place.port, reuse_address=True
                )
        except OSError as error:
            raise TransportError(
                f"cannot listen for push clocks on {place.host} port {place.port}: "
                f"{plain_words(error)}; free it or change adms.port"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("push clocks are served at %s", self.place)

    async def _close(self) -> None:
        server, self._server, self.port = self._server, None, 0
        if server is not None:
            server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = plain_address(str((writer.get_extra_info("peername") or ("",))[0]))
        connection = Connection(
            reader,
            writer,
            patience=self.patience,
            max_body=self.max_body,
            dress=self._dress,
            refused=lambda reason: self.reception.note_refused(peer, reason),
        )

        async def answer(request: HttpRequest) -> HttpResponse:
            return await self._answer(request, peer)

        self._per_source[peer] += 1
        try:
            if self._is_crowded(peer):
                refusal = plain(503, "too many connections", RETRY_AFTER)
                await connection.refuse(refusal)
            else:
                await connection.serve(answer)
        except Exception as error:  # noqa: BLE001 - it must not end the server
            self.reception.note_failed(peer, error)
        else:
            self.reception.note_served(peer)
        finally:
            self._per_source[peer] -= 1
            if not self._per_source[peer]:
                del self._per_source[peer]
            writer.transport.abort()

    def _is_crowded(self, peer: str) -> bool:
        if len(self._tasks) > self.max_connections:
            return True
        is_forwarder = self.listening.socket is not None
        return not is_forwarder and self._per_source[peer] > MAX_PER_SOURCE

    async def _answer(self, request: HttpRequest, peer: str) -> HttpResponse:
        source = self._source_of(request, peer)
        if not self.limit.allows(source, asyncio.get_running_loop().time()):
            return plain(429, "too many requests", RETRY_AFTER)
        return await self.reception.answer(request, source)

    def _source_of(self, request: HttpRequest, peer: str) -> str:
        secret, told = self.listening.secret, request.header(SECRET_HEADER)
        if secret and hmac.compare_digest(secret.encode(), told.encode("latin-1")):
            return plain_address(request.header(SOURCE_HEADER)) or peer
        return peer

    def _dress(self, response: HttpResponse) -> HttpResponse:
        """Tell the time, from which clocks are set, only when it is trusted."""
        now = self.reception.trusted_now()
        if now is None:
            return response
        date = format_datetime(now.astimezone(UTC), usegmt=True)
        return HttpResponse(
            status=response.status,
            headers=(("Date", date), *response.headers),
            body=response.body,
        )


def plain_address(text: str) -> str:
    """An address as people write it; empty for what is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
