"""One connection of a clock: requests in, answers out, within limits of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from devices.adms.http import (
    CONTINUE,
    HttpError,
    HttpRequest,
    HttpResponse,
    RequestReader,
)

PIECE: Final = 64 * 1024
DISCARDED: Final = 128 * 1024 * 1024
"""So much of a refused body is taken and dropped, so that the clock hears why."""

Answer = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a connection may take; tests are less patient."""

    request_s: float = 30.0
    """From a request's first byte to its last, if it is small."""
    bytes_per_s: float = 4096.0
    """A large body gets a second more for so many bytes that came."""
    idle_s: float = 90.0
    """Between requests: clocks poll every 2 to 60 s."""
    linger_s: float = 5.0


def plain(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    """An answer in plain text, as clocks want it."""
    body = f"{text}\n".encode() if status >= 400 else text.encode()
    return plain_bytes(status, body, *headers)


def plain_bytes(status: int, body: bytes, *headers: tuple[str, str]) -> HttpResponse:
    """An answer whose body is made already."""
    return HttpResponse(
        status=status, headers=(("Content-Type", "text/plain"), *headers), body=body
    )


class Connection:
    """Serves one connection until its end; never raises for what the peer does."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        patience: Patience,
        max_body: int,
        dress: Callable[[HttpResponse], HttpResponse],
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._requests = RequestReader(max_body=max_body)
        self._dress = dress
        self._refused = refused

    async def serve(self, answer: Answer) -> None:
        """Answer requests until the peer has no more."""
        try:
            while found := await self._next():
                for request in found:
                    response = await answer(request)
                    await self._write(response, keeps_alive=request.keeps_alive)
                    if not request.keeps_alive:
                        await self._linger()
                        return
        except HttpError as error:
            self._refused(str(error))
            await self.refuse(plain(error.status, str(error)))
        except TimeoutError:
            if not self._requests.idle:
                await self.refuse(plain(408, "too slow"))
        except OSError:
            return  # the clock went away; it sends again what was not answered

    async def refuse(self, response: HttpResponse) -> None:
        """Say why, and end."""
        with suppress(OSError):
            await self._write(response, keeps_alive=False)
            await self._linger()

    async def _next(self) -> list[HttpRequest]:
        """The next requests; none when the peer is done."""
        loop = asyncio.get_running_loop()
        started, came = None, 0
        while True:
            if self._requests.idle:
                started, came = None, 0
                limit_s = self._patience.idle_s
            else:
                started = loop.time() if started is None else started
                allowed_s = self._patience.request_s + came / self._patience.bytes_per_s
                limit_s = max(0.0, started + allowed_s - loop.time())
            async with asyncio.timeout(limit_s):
                data = await self._reader.read(PIECE)
            if not data:
                return self._requests.feed_end()
            came += len(data)
            found = self._requests.feed(data)
            if self._requests.take_continue():
                self._writer.write(CONTINUE)
                await self._writer.drain()
            if found:
                return found

    async def _write(self, response: HttpResponse, *, keeps_alive: bool) -> None:
        word = "keep-alive" if keeps_alive else "close"
        dressed = self._dress(response)
        headers = (*dressed.headers, ("Connection", word))
        self._writer.write(replace(dressed, headers=headers).encode())
        async with asyncio.timeout(self._patience.request_s):
            await self._writer.drain()

    async def _linger(self) -> None:
        """Take what still comes, so that the answer is not lost by a reset."""
        with suppress(OSError, TimeoutError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            async with asyncio.timeout(self._patience.linger_s):
                dropped = 0
                while dropped < DISCARDED:
                    data = await self._reader.read(PIECE)
                    if not data:
                        return
                    dropped += len(data)
