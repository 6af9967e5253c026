"""HTTP/1.x messages of push clocks, as they are and as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.errors import MisuseError, ProtocolError

_REASONS: Final = {
    100: "Continue",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, in the order in which they came."""


class HttpError(ProtocolError):
    """A message that cannot be read on; answer `status` and close."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMessage:
    """What requests and responses have in common."""

    headers: Headers = ()
    body: bytes = b""
    version: tuple[int, int] = (1, 1)

    def header(self, name: str) -> str:
        """The first header of that name; empty when there is none."""
        return next((v for n, v in self.headers if n == name.lower()), "")

    @property
    def keeps_alive(self) -> bool:
        """Whether another message may follow on the connection."""
        words = {word.strip().lower() for word in self.header("connection").split(",")}
        if "close" in words:
            return False
        return self.version >= (1, 1) or "keep-alive" in words


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest(HttpMessage):
    """A whole request; `target` as it stood on the line, spaces and all."""

    method: str
    target: str

    def encode(self) -> bytes:
        """The bytes of it; a body brings its Content-Length."""
        return _encode(f"{self.method} {self.target} {_version(self)}", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse(HttpMessage):
    """A whole response."""

    status: int

    def encode(self) -> bytes:
        """The bytes of it, with Content-Length."""
        reason = _REASONS.get(self.status, "Unknown")
        return _encode(f"{_version(self)} {self.status} {reason}", self, length=True)


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def _version(message: HttpMessage) -> str:
    return "HTTP/{}.{}".format(*message.version)


def _encode(first: str, message: HttpMessage, *, length: bool = False) -> bytes:
    known = {name.lower() for name, _ in message.headers}
    lines = [first, *(f"{name}: {value}" for name, value in message.headers)]
    is_chunked = "transfer-encoding" in known
    if (message.body or length) and "content-length" not in known and not is_chunked:
        lines.append(f"Content-Length: {len(message.body)}")
    for line in lines:
        if "\r" in line or "\n" in line or "\0" in line:
            raise MisuseError("a header must stand on one line")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + message.body
