"""Push clocks on the web's port: `/iclock` goes on to the drivers, byte for byte.

Outside of the API's rules: clocks know no token, no JSON and no redirect. The
drivers say everything; when they are away the clock hears so and keeps its data.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.adms.http import (
    MAX_BODY,
    HttpError,
    HttpRequest,
    HttpResponse,
    ResponseReader,
)

log = logging.getLogger(__name__)

ALIVE_S: Final = 5.0
"""Within this the drivers take a connection and a request's head."""
ANSWER_S: Final = 60.0
"""For the journal to keep a long log."""
BODY_S: Final = 30.0
"""Between two parts of a body."""
DISCARD_S: Final = 10.0
MAX_FORWARDED: Final = 64
MAX_TOLD: Final = 100
"""So many sources are told of in the log."""
RETRY_AFTER: Final = ("Retry-After", "30")
PIECE: Final = 64 * 1024
_PASSED: Final = {"date", "content-type", "retry-after", "allow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAddress:
    """Where the drivers take what is forwarded, on this machine."""

    port: int
    secret: str
    """Has them believe where a request came from."""


class _GoneError(Exception):
    """The clock hung up."""


class Front:
    """ASGI: clocks to the drivers, everything else to the web, with its `Date`."""

    def __init__(self, app: ASGIApp, push: PushAddress | None) -> None:
        self._app = app
        self._push = push
        self._forwarded = 0
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] != "http"
            or self._push is None
            or not is_push_path(scope["path"])
        ):
            await self._app(scope, receive, _dated(send))
            return
        try:
            response = await self._response(scope, receive, self._push)
        except _GoneError:
            return
        await _send(response, send)

    async def _response(
        self, scope: Scope, receive: Receive, push: PushAddress
    ) -> HttpResponse:
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > MAX_BODY:
            return await self._refuse(scope, receive)
        if self._forwarded >= MAX_FORWARDED:
            return _plain(503, "too many clocks at once", RETRY_AFTER)
        self._forwarded += 1
        try:
            return await _forward(scope, receive, push)
        except _TooLargeError:
            return await self._refuse(scope, receive)
        except (OSError, HttpError):  # TimeoutError is an OSError
            return _plain(503, "the drivers are away; send it again", RETRY_AFTER)
        finally:
            self._forwarded -= 1

    async def _refuse(self, scope: Scope, receive: Receive) -> HttpResponse:
        source = (scope.get("client") or ("?",))[0]
        if source not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(source)
            log.warning(
                "the push clock at %s sends more than %d bytes at once and is refused",
                source,
                MAX_BODY,
            )
        await _discard(receive)
        return _plain(413, f"at most {MAX_BODY} bytes")


def is_push_path(path: str) -> bool:
    """`/iclock/...`, or that below one secret segment."""
    parts = [part.lower() for part in path.split("/") if part]
    return "iclock" in parts[:2] and len(parts) > 1


class _TooLargeError(Exception):
    """A body of more than MAX_BODY bytes."""


async def _forward(scope: Scope, receive: Receive, push: PushAddress) -> HttpResponse:
    async with asyncio.timeout(ALIVE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", push.port)
    answers = _answers(reader)
    try:
        request = _head(scope, push)
        writer.write(request.encode())
        has_body = bool(request.header("expect"))
        async with asyncio.timeout(ALIVE_S):
            # A dead program's socket takes connections, too: this proves life.
            answer = await anext(answers)
        if has_body and answer.status == 100:
            async with aclosing(_parts(receive)) as parts:
                await _pump(parts, writer, request)
            async with asyncio.timeout(ANSWER_S):
                answer = await anext(answers)
    finally:
        with suppress(OSError):
            writer.transport.abort()
    return answer


async def _pump(
    parts: AsyncIterator[bytes], writer: asyncio.StreamWriter, request: HttpRequest
) -> None:
    is_chunked = bool(request.header("transfer-encoding"))
    size = 0
    async for part in parts:
        size += len(part)
        if size > MAX_BODY:
            raise _TooLargeError
        if is_chunked and part:
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
        elif part:
            writer.write(part)
        await writer.drain()
    if is_chunked:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _head(scope: Scope, push: PushAddress) -> HttpRequest:
    """The request as it goes on; of its headers only the length is taken."""
    headers = Headers(scope=scope)
    told = [
        ("Host", "halld"),
        ("Connection", "close"),
        ("X-Halld-Source", (scope.get("client") or ("",))[0]),
        ("X-Halld-Secret", push.secret),
    ]
    length = headers.get("content-length", "")
    if headers.get("transfer-encoding"):
        told += [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")]
    elif length.isdigit() and int(length):
        told += [("Content-Length", length), ("Expect", "100-continue")]
    elif scope["method"] == "POST":
        told.append(("Content-Length", "0"))
    query = scope["query_string"].decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return HttpRequest(
        method=scope["method"],
        target=f"{path}?{query}" if query else path,
        headers=tuple((name.lower(), value) for name, value in told),
    )


async def _answers(reader: asyncio.StreamReader) -> AsyncIterator[HttpResponse]:
    responses = ResponseReader()
    while data := await reader.read(PIECE):
        for response in responses.feed(data):
            yield response
    for response in responses.feed_end():
        yield response
    raise ConnectionError("the drivers hung up")


async def _parts(receive: Receive) -> AsyncGenerator[bytes, None]:
    while True:
        async with asyncio.timeout(BODY_S):
            message = await receive()
        if message["type"] != "http.request":
            raise _GoneError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _discard(receive: Receive) -> None:
    """Take the rest of a body, so that the answer is not lost by a reset."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_S), aclosing(_parts(receive)) as parts:
            async for _ in parts:
                pass


def _plain(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    told = (("content-type", "text/plain"), *headers)
    return HttpResponse(status=status, headers=told, body=f"{text}\n".encode())


async def _send(response: HttpResponse, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers
        if name.lower() in _PASSED
    ]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if response.status in {408, 413}:
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _dated(send: Send) -> Send:
    async def send_dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("date", formatdate(usegmt=True))
        await send(message)

    return send_dated
