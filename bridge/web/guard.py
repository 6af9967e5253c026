"""The door of the web: who may write, from where, and how much."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.web.headers import SECURITY_HEADERS
from bridge.web.problems import problem
from devices.site import WebSettings

MAX_BODY: Final = 64 * 1024
"""Largest request body in bytes; the largest honest one is under 2 KB."""

IMPORTS_PATH: Final = "/api/v1/attendance/imports"
"""Where a table is taken as a file."""

MAX_BODIES: Final[Mapping[str, int]] = {
    IMPORTS_PATH: 5 * 1024 * 1024,
    "/api/v1/attendance/corrections/bulk": 1024 * 1024,
    "/api/v1/attendance/preview": 1024 * 1024,
}
"""Where a larger body is honest, in bytes."""

TABLES: Final = frozenset(
    {
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",  # how Windows calls CSV where Excel is
    }
)
"""Media types of a table; a page of another site cannot send them unasked."""

TICKETS_PATH: Final = "/api/v1/tickets"
"""Where a kiosk may write without the token: the endpoint decides itself."""

KIOSK_PATHS: Final = re.compile(rf"{TICKETS_PATH}/[^/]+/(reprint|rejoin)")
"""As open as drawing: who stands at a kiosk has no token."""

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="halld"'}


def token_fits(headers: Mapping[str, str], settings: WebSettings) -> bool:
    """Whether a write may go on; only a public bind demands a token."""
    if not settings.is_public or settings.token is None:
        return True
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else ""
    given = given or headers.get("x-halld-token", "")
    return hmac.compare_digest(given.encode(), settings.token.encode())


class Guard:
    """ASGI middleware; refuses with problem documents, adds security headers."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        body = b""
        if refusal is None and scope["method"] in _WRITES:
            taken = await _take_body(receive, _limit(scope))
            refusal = _body_refusal(scope, taken)
            body = taken or b""
        if refusal is not None:
            kind, detail = refusal
            headers = CHALLENGE if kind == "unauthorized" else None
            answer = problem(scope["path"], kind, detail, headers=headers)
            await answer(scope, receive, send_guarded)
            return
        if scope["method"] in _WRITES:
            receive = _replay(body, receive)
        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[str, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host")
        if not self._settings.is_public and not _is_local(host, self._settings.host):
            return "unknown-host", (
                f"this hall answers to {self._settings.host}, localhost and "
                "addresses in figures; reach it by one of them"
            )
        if scope["method"] not in _WRITES:
            return None
        if _is_foreign(headers, host):
            return "cross-site", "a page of another site may not write here"
        if _needs_token(scope["path"]) and not token_fits(headers, self._settings):
            return "unauthorized", "send `Authorization: Bearer <web.token>`"
        return None


def _needs_token(path: str) -> bool:
    """Whether the door asks for the token."""
    if path == TICKETS_PATH or KIOSK_PATHS.fullmatch(path):
        return False
    return path.startswith("/api/")


def _is_local(host: str | None, configured: str) -> bool:
    """Whether a Host header can be no name that an attacker made point here."""
    if host is None:
        return True
    name = _name_of(host)
    if name in {"localhost", configured.lower()} or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_foreign(headers: Headers, host: str | None) -> bool:
    """Whether a browser says that another site's page sent this."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "cross-site"
    return urlsplit(origin).netloc.lower() != (host or "").lower()


def _body_refusal(scope: Scope, body: bytes | None) -> tuple[str, str] | None:
    if body is None:
        return "too-large", f"at most {_limit(scope)} bytes"
    if not body or not scope["path"].startswith("/api/"):
        return None
    content_type = Headers(scope=scope).get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
    if scope["path"] == IMPORTS_PATH:
        if media in TABLES:
            return None
        return "unsupported-media-type", (
            "send a table: `Content-Type: text/csv`, or that of an XLSX workbook"
        )
    if media == "application/json" or media.endswith("+json"):
        return None
    return "unsupported-media-type", "send `Content-Type: application/json`"


def _limit(scope: Scope) -> int:
    """How many bytes a body may have here."""
    return MAX_BODIES.get(scope["path"], MAX_BODY)


async def _take_body(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when it is larger than allowed."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body in one piece, then what comes after it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
