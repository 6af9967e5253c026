"""HTTP/1.x of old firmware, without I/O: bounded, lenient, for both roles.

Lenient about what clocks get wrong (lines that end in LF, no Host, spaces in
the target, no version), strict about what would make two readers disagree on
where a message ends. Source: RFC 9112; facts, push protocol.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from devices.adms.messages import (
    CONTINUE,
    Headers,
    HttpError,
    HttpMessage,
    HttpRequest,
    HttpResponse,
)

__all__ = [
    "CONTINUE",
    "MAX_BODY",
    "MAX_HEAD",
    "HttpError",
    "HttpRequest",
    "HttpResponse",
    "RequestReader",
    "ResponseReader",
]

MAX_HEAD: Final = 16 * 1024
"""Largest head in bytes; a clock's is below 1 KB."""
MAX_BODY: Final = 8 * 1024 * 1024
"""Largest body in bytes unless told otherwise; 100,000 punches are below 6 MB."""
MAX_EMPTY_LINES: Final = 16
MAX_CHUNK_LINE: Final = 256

_METHOD: Final = re.compile(r"[A-Z]{1,16}")
_VERSION: Final = re.compile(r"HTTP/(\d)\.(\d)")
Message = TypeVar("Message", bound=HttpMessage)


class _Stage(Enum):
    HEAD = auto()
    BODY = auto()
    CHUNK_SIZE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    TO_END = auto()
    FAILED = auto()


class _Reader(ABC, Generic[Message]):
    """Feed bytes, take whole messages; holds at most a head and a body."""

    def __init__(self, *, max_body: int = MAX_BODY, max_head: int = MAX_HEAD) -> None:
        self.max_body = max_body
        self.max_head = max_head
        self._buffer = bytearray()
        self._stage = _Stage.HEAD
        self._scanned = 0
        self._lines: list[str] = []
        self._head_bytes = 0
        self._headers: Headers = ()
        self._body = bytearray()
        self._left = 0
        self._asked_continue = False
        self._ended = False

    @property
    def idle(self) -> bool:
        """Whether nothing of a next message has come yet."""
        is_empty = not self._buffer and not self._lines
        return self._stage is _Stage.HEAD and is_empty

    def take_continue(self) -> bool:
        """Whether the peer waits for `CONTINUE` before it sends its body; once."""
        asked, self._asked_continue = self._asked_continue, False
        return asked

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes in any portions, give the messages that they end.

        Raises `HttpError`; what comes after it on the connection is lost.
        """
        if self._stage is _Stage.FAILED:
            return []
        self._buffer += data
        try:
            return list(self._messages())
        except HttpError:
            self._stage = _Stage.FAILED
            self._buffer.clear()
            self._body.clear()
            raise

    def feed_end(self) -> list[Message]:
        """The peer sends no more; raises `HttpError` when a message was cut off."""
        self._ended = True
        if self._stage is _Stage.TO_END:
            return [self._finished()]
        if self._stage is _Stage.FAILED or self.idle:
            return []
        raise HttpError(400, "the connection ended within a message")

    @abstractmethod
    def _start_line(self, line: str) -> None:
        """Read a request line or a status line."""

    @abstractmethod
    def _without_length(self) -> _Stage | None:
        """How long a body without a length is; None when there is none."""

    @abstractmethod
    def _make(self, headers: Headers, body: bytes) -> Message: ...

    def _messages(self) -> Iterator[Message]:
        while True:
            if self._stage is _Stage.HEAD and not self._read_head():
                return
            if self._stage is not _Stage.HEAD and not self._read_body():
                return
            yield self._finished()

    def _finished(self) -> Message:
        made = self._make(self._headers, bytes(self._body))
        self._stage, self._headers = _Stage.HEAD, ()
        self._asked_continue = False
        self._body = bytearray()
        self._head_bytes = 0
        return made

    # The head

    def _read_head(self) -> bool:
        while (line := self._line(self.max_head - self._head_bytes, 431)) is not None:
            if line:
                self._lines.append(line)
            elif self._lines:
                lines, self._lines = self._lines, []
                self._begin(lines)
                return True
            elif self._head_bytes > MAX_EMPTY_LINES * 2:
                raise HttpError(400, "nothing but empty lines")
        return False

    def _line(self, limit: int, status: int) -> str | None:
        """The next line without its end; None when it has not come whole."""
        end = self._buffer.find(b"\n", self._scanned)
        size = len(self._buffer) if end < 0 else end + 1
        if size > limit:
            raise HttpError(status, "a line or a head that is too long")
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        self._head_bytes += end + 1
        return line.removesuffix(b"\r").decode("latin-1")

    def _begin(self, lines: list[str]) -> None:
        self._start_line(lines[0])
        self._headers = tuple(_headers(lines[1:]))
        self._stage = self._body_stage() or _Stage.HEAD
        expects = _values(self._headers, "expect")
        self._asked_continue = (
            any("100-continue" in value.lower() for value in expects)
            and self._stage is not _Stage.HEAD
            and not self._buffer
        )

    def _body_stage(self) -> _Stage | None:
        lengths = {v.strip() for v in _values(self._headers, "content-length")}
        codings = ",".join(_values(self._headers, "transfer-encoding")).lower()
        if codings:
            if codings.strip() != "chunked":
                raise HttpError(501, f"transfer-encoding {codings[:40]!r}")
            if lengths:
                raise HttpError(400, "a length and chunks: the end is not clear")
            return _Stage.CHUNK_SIZE
        if not lengths:
            return self._without_length()
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdigit()) or len(text) > 15:
            raise HttpError(400, "a Content-Length that is no length")
        self._left = int(text)
        if self._left > self.max_body:
            raise HttpError(413, f"a body of more than {self.max_body} bytes")
        return _Stage.BODY if self._left else None

    # The body

    def _read_body(self) -> bool:
        """Take what there is of the body; True once it is whole."""
        while True:
            match self._stage:
                case _Stage.BODY | _Stage.CHUNK:
                    part = self._buffer[: self._left]
                    self._body += part
                    del self._buffer[: len(part)]
                    self._left -= len(part)
                    if self._left:
                        return False
                    if self._stage is _Stage.BODY:
                        return True
                    self._stage = _Stage.CHUNK_END
                case _Stage.TO_END:
                    self._room(len(self._buffer))
                    self._body += self._buffer
                    self._buffer.clear()
                    return False
                case _:
                    line = self._line(MAX_CHUNK_LINE, 400)
                    if line is None:
                        return False
                    if self._chunk_line(line):
                        return True

    def _chunk_line(self, line: str) -> bool:
        if self._stage is _Stage.CHUNK_END:
            if line:
                raise HttpError(400, "a chunk that is longer than it says")
            self._stage = _Stage.CHUNK_SIZE
        elif self._stage is _Stage.TRAILER:
            self._head_bytes += len(line)
            if self._head_bytes > self.max_head:
                raise HttpError(431, "a long trailer")
            return not line
        else:
            size = line.partition(";")[0].strip()
            if not re.fullmatch(r"[0-9A-Fa-f]{1,8}", size):
                raise HttpError(400, "a chunk without a size")
            self._left = int(size, 16)
            self._room(self._left)
            self._head_bytes = 0
            self._stage = _Stage.CHUNK if self._left else _Stage.TRAILER
        return False

    def _room(self, size: int) -> None:
        if len(self._body) + size > self.max_body:
            raise HttpError(413, f"a body of more than {self.max_body} bytes")


class RequestReader(_Reader[HttpRequest]):
    """Reads requests: the server's side."""

    _method = ""
    _target = ""
    _version = (1, 1)

    def _start_line(self, line: str) -> None:
        method, _, rest = line.strip(" ").partition(" ")
        if not _METHOD.fullmatch(method):
            raise HttpError(400, "not an HTTP request")
        target, _, last = rest.rpartition(" ")
        version = _VERSION.fullmatch(last)
        if version is None:
            target, self._version = rest, (1, 0)
        else:
            self._version = (int(version[1]), int(version[2]))
        if self._version[0] != 1:
            raise HttpError(505, f"{last} is not understood")
        target = target.strip(" ")
        if not target or any(ord(c) < 0x20 or c == "\x7f" for c in target):
            raise HttpError(400, "a request without a sound target")
        self._method, self._target = method, target

    def _without_length(self) -> _Stage | None:
        if self._method in {"POST", "PUT", "PATCH"}:
            raise HttpError(411, "send Content-Length")
        return None

    def _make(self, headers: Headers, body: bytes) -> HttpRequest:
        return HttpRequest(
            method=self._method,
            target=self._target,
            version=self._version,
            headers=headers,
            body=body,
        )


class ResponseReader(_Reader[HttpResponse]):
    """Reads responses: the clock's side. `CONTINUE` is given like any other."""

    _status = 0
    _version = (1, 1)

    def _start_line(self, line: str) -> None:
        first, _, rest = line.partition(" ")
        version, code = _VERSION.fullmatch(first), rest.strip()[:3]
        if version is None or not (code.isascii() and code.isdigit()):
            raise HttpError(400, "not an HTTP response")
        self._version = (int(version[1]), int(version[2]))
        self._status = int(code)

    def _without_length(self) -> _Stage | None:
        has_none = self._status < 200 or self._status in {204, 304}
        return None if has_none else _Stage.TO_END

    def _make(self, headers: Headers, body: bytes) -> HttpResponse:
        return HttpResponse(
            status=self._status, version=self._version, headers=headers, body=body
        )


def _headers(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Headers; a folded line goes on the one before, a line without colon is none."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if line[0] in " \t" and found:
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip().lower(), value.strip()))
    yield from found


def _values(headers: Headers, name: str) -> list[str]:
    return [value for known, value in headers if known == name]
