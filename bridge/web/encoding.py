"""Views as JSON: times in the hall's zone, nothing that JSON cannot hold."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, tzinfo
from enum import Enum
from typing import Any

from fastapi import Request, Response


def as_plain(value: object, zone: tzinfo) -> Any:
    """Dataclasses, enums and times as JSON-ready values; NaN becomes null."""
    plain: Any = value
    if isinstance(value, Enum):
        plain = value.value
    elif isinstance(value, float):
        plain = value if math.isfinite(value) else None
    elif isinstance(value, datetime):
        plain = value.astimezone(zone).isoformat()
    elif isinstance(value, date | time):
        plain = value.isoformat()
    elif is_dataclass(value):
        plain = {
            field.name: as_plain(getattr(value, field.name), zone)
            for field in fields(value)
        }
    elif isinstance(value, Mapping):
        plain = {str(key): as_plain(item, zone) for key, item in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        plain = [as_plain(item, zone) for item in value]
    return plain


def to_json(value: object, zone: tzinfo) -> bytes:
    """As UTF-8 JSON on one line; a lone surrogate stays an escape."""
    text = json.dumps(as_plain(value, zone), ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")


async def answer_large(
    request: Request, value: object, *, status: int = 200
) -> Response:
    """As `answer`, for thousands of values: encoded off the loop."""
    return await asyncio.to_thread(answer, request, value, status=status)


def answer(
    request: Request,
    value: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON answer that no cache keeps."""
    zone = request.app.state.hall.site.hall.zone
    return Response(
        to_json(value, zone),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )
