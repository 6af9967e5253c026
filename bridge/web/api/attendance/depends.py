"""What endpoints of attendance may ask for, and what their bodies share."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bridge.domain.attendance.facts import Words
from bridge.service.attendance.port import AttendancePort
from bridge.service.ports import HallPort
from bridge.web.problems import ProblemError

Who = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f]+$",
    ),
]
"""Somebody who acts: a name, as the ledger keeps it."""
Level = Annotated[int, Field(ge=1, le=9)]
FactId = Annotated[str, Field(min_length=1, max_length=128)]

WRITE_PROBLEMS: Final = (400, 401, 409, 413, 415)
"""Statuses that every write may answer with, besides 422."""


class Act(BaseModel):
    """Who does it, and why; both go into the ledger."""

    model_config = ConfigDict(extra="forbid")

    by: Who
    reason: Words = ""


def _attendance(request: Request) -> AttendancePort:
    return cast("HallPort", request.app.state.hall).attendance


async def _read_object(request: Request) -> dict[str, Any]:
    """The body, a JSON object; numbers that JSON does not know are refused."""
    try:
        body = json.loads(await request.body(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProblemError("invalid-json", "want a JSON object") from error
    if not isinstance(body, dict):
        raise ProblemError("invalid-request", "want a JSON object")
    return body


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


Attendance = Annotated[AttendancePort, Depends(_attendance)]
ObjectBody = Annotated[dict[str, Any], Depends(_read_object)]
