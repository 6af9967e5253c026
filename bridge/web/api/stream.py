"""The live stream's endpoint."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from bridge.domain.errors import NotFoundError
from bridge.web.api.depends import Hall, problems
from bridge.web.live import EventStream, Live, read_last_id
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes

router = Routes(tags=["stream"])


class StreamQuery(BaseModel):
    """Which part of the hall, and from where on."""

    model_config = ConfigDict(extra="forbid")

    area: list[str] = []
    """Several areas: once for each, or with commas between."""
    last_event_id: str | None = None
    """For clients that cannot send the header."""


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events snapshot, ticket, counter, call, services, device",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(400, 404, 503),
    },
)
async def read_stream(
    request: Request,
    hall: Hall,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Follow the hall: a snapshot, then changes; resumes after Last-Event-ID."""
    named = [name for part in query.area for name in part.split(",")]
    for name in named:
        if hall.site.area(name) is None:
            raise NotFoundError(f"no area {name!r}")
    areas = frozenset(named) if named else None
    live: Live = request.app.state.live
    if live.is_full:
        raise ProblemError("too-many-streams", headers={"Retry-After": "10"})
    asked = last_event_id if last_event_id is not None else query.last_event_id
    return EventStream(live, areas, read_last_id(asked))
