"""Errors as RFC 9457 problem documents (docs/decisions/0012)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bridge.domain.errors import FactsError, PrinterError, QuotaError, RuleError
from bridge.store.errors import StoreError
from bridge.web.headers import SECURITY_HEADERS

MEDIA_TYPE: Final = "application/problem+json"

TITLES: Final[Mapping[str, tuple[int, str]]] = {
    "queue-empty": (409, "Nobody is waiting"),
    "ticket-open": (409, "The window has a ticket open"),
    "counter-paused": (409, "The window is paused"),
    "no-ticket": (409, "The window has no such ticket"),
    "too-soon": (409, "The window called a moment ago"),
    "hold-limit": (409, "The window holds as many tickets as it may"),
    "too-late": (409, "The ticket was called too long ago to wait again"),
    "not-signed-in": (409, "Nobody of that name sits at a window"),
    "appointment": (409, "The appointed time is too far from now"),
    "quota": (409, "No ticket of this service is given now"),
    "printer": (409, "The printer cannot print now"),
    "month-state": (409, "The month does not stand so that this can be done"),
    "decision": (409, "This decision may not be made so"),
    "rule": (409, "The rules of the hall refuse this"),
    "not-found": (404, "Not found"),
    "invalid-request": (422, "The request makes no sense"),
    "invalid-facts": (422, "What is told cannot be"),
    "idempotency-mismatch": (422, "The Idempotency-Key was used for another request"),
    "invalid-query": (400, "A query parameter is wrong"),
    "invalid-json": (400, "The body is not JSON"),
    "invalid-header": (400, "A header is wrong"),
    "unauthorized": (401, "The token is missing or wrong"),
    "cross-site": (403, "The request comes from another site"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is of another kind than wanted"),
    "unknown-host": (421, "This host name is not served here"),
    "command-rejected": (422, "The device refused the command"),
    "internal": (500, "Something went wrong in the hall's service"),
    "command-failed": (502, "The device could not do it"),
    "not-ready": (503, "The hall is not ready"),
    "no-voice": (503, "The hall's machine cannot speak"),
    "too-many-streams": (503, "Too many streams are open"),
    "command-timeout": (504, "The device did not answer in time"),
}
"""Every problem type with its status and title."""


class ProblemError(Exception):
    """An answer that is a problem; `kind` is a word of `TITLES`."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or kind)
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.extra = extra


def problem(
    path: str,
    kind: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Response:
    """A problem document about the resource at `path`."""
    status, title = TITLES[kind]
    body = {"type": kind, "title": title, "status": status, "detail": detail}
    return _document({**body, "instance": path, **extra}, headers)


def install(app: FastAPI, missing_page: Callable[[Request], Response]) -> None:
    """Make every error a problem document; people get a page for a wrong address."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        return problem(
            request.url.path,
            error.kind,
            error.detail,
            headers=error.headers,
            **error.extra,
        )

    @app.exception_handler(RuleError)
    async def _rule(request: Request, error: RuleError) -> Response:
        kind = error.problem if error.problem in TITLES else "rule"
        words = str(error) or (error.__doc__ or "")
        return problem(request.url.path, kind, words, **_more(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        mistakes = [_mistake(entry) for entry in error.errors()]
        kind = _kind_of(error)
        detail = "; ".join(f"{m['field']}: {m['message']}" for m in mistakes)
        return problem(request.url.path, kind, detail, errors=mistakes)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and _is_for_people(request):
            return missing_page(request)
        if error.status_code in _OF_STATUS:
            return problem(
                request.url.path, _OF_STATUS[error.status_code], headers=error.headers
            )
        body = {
            "type": "about:blank",
            "title": HTTPStatus(error.status_code).phrase,
            "status": error.status_code,
            "detail": str(error.detail),
            "instance": request.url.path,
        }
        return _document(body, error.headers)

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> Response:
        # The writer logs it; the same request may be sent again later.
        return problem(request.url.path, "not-ready", str(error))

    @app.exception_handler(Exception)
    async def _internal(request: Request, _error: Exception) -> Response:
        # Starlette raises it again for the server's log; here nothing is told.
        return problem(request.url.path, "internal", headers=dict(SECURITY_HEADERS))


_FIELD: Final = re.compile(r"([a-z_]+(?:\.[a-z0-9_]+)*): (.+)", re.DOTALL)

_OF_STATUS: Final = {
    400: "invalid-json",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}


def _is_for_people(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and not request.url.path.startswith("/api/")


def _document(body: Mapping[str, Any], headers: Mapping[str, str] | None) -> Response:
    told = {name: value for name, value in body.items() if value not in ("", None)}
    return Response(
        json.dumps(told, ensure_ascii=False).encode(errors="backslashreplace"),
        status_code=int(body["status"]),
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def _kind_of(error: RequestValidationError) -> str:
    entries = error.errors()
    if any(entry.get("type") == "json_invalid" for entry in entries):
        return "invalid-json"
    places = {str(entry["loc"][0]) for entry in entries if entry["loc"]}
    if "query" in places:
        return "invalid-query"
    if "header" in places:
        return "invalid-header"
    return "not-found" if places == {"path"} else "invalid-request"


def _more(error: RuleError) -> dict[str, Any]:
    """What a refusal tells to programs besides its words."""
    match error:
        case FactsError():
            return {"errors": [_fact_mistake(*each) for each in error.mistakes]}
        case PrinterError():
            return {"obstacle": error.obstacle}
        case QuotaError():
            opens_at = error.opens_at
            again = opens_at.isoformat() if opens_at is not None else None
            return {"reason": error.reason, "opens_at": again}
        case _:
            return {}


def _fact_mistake(index: int, text: str) -> dict[str, Any]:
    """A mistake of a fact; a text such as `person: nobody has this id` has a field."""
    match = _FIELD.match(text)
    field, message = match.groups() if match else ("", text)
    return {"index": index, "field": field, "message": message}


def _mistake(entry: Mapping[str, Any]) -> dict[str, str]:
    loc = [str(part) for part in entry["loc"]]
    unknown = entry.get("type") == "extra_forbidden"
    message = "is not known here" if unknown else str(entry["msg"])
    return {
        "field": ".".join(loc[1:]) or (loc[0] if loc else "body"),
        "in": loc[0] if loc else "body",
        "message": message,
    }
