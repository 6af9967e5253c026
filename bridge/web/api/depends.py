"""What every endpoint may ask for."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from bridge.service.ports import HallPort
from bridge.web.problems import ProblemError


class ProblemDocument(BaseModel):
    """RFC 9457 problem; `type` is a stable word, the rest is for people."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str
    errors: list[dict[str, str | int]] | None = Field(
        default=None,
        description="mistakes of the request: field, in, message; of facts: index, "
        "field, message",
    )


def _hall(request: Request) -> HallPort:
    return cast("HallPort", request.app.state.hall)


def no_query(request: Request) -> None:
    """Refuse query parameters where there are none."""
    names = sorted(request.query_params.keys())
    if names:
        raise ProblemError(
            "invalid-query",
            f"unknown here: {', '.join(names)}",
            errors=[
                {"field": name, "in": "query", "message": "is not known here"}
                for name in names
            ],
        )


Hall = Annotated[HallPort, Depends(_hall)]
NoQuery = Depends(no_query)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem answers of an endpoint, for OpenAPI."""
    return {
        status: {
            "description": "Problem",
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/ProblemDocument"}
                }
            },
        }
        for status in (*statuses, 422)
    }
