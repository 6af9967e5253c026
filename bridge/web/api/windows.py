"""Windows: what each does, whom it may call, who sits there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.errors import NotFoundError
from bridge.domain.turns import Position
from bridge.domain.views import (
    CounterAction,
    CounterView,
    Page,
    SeatView,
    TicketView,
    WindowLineView,
)
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import PRINTABLE, CounterSlice, SeatSlice
from bridge.web.routes import Routes

router = Routes(tags=["queue"])

Short = Annotated[str, Field(min_length=1, max_length=128)]


class CounterArguments(BaseModel):
    """What an action needs.

    Perhaps `number` or `ticket` to call; `ticket` to resume; `service`, `counter` or
    `staff`, and perhaps `position`, to transfer; `staff` to sign in; perhaps
    `minutes` to pause.
    """

    model_config = ConfigDict(extra="forbid")

    ticket: Short | None = None
    number: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    """Such as A005, or 5 without its letters."""
    service: Short | None = None
    counter: Short | None = None
    staff: Annotated[str, Field(pattern=PRINTABLE, max_length=64)] | None = None
    position: Position | None = None
    minutes: Annotated[float, Field(gt=0, le=1440)] | None = None


@router.get("/seats", response_model=Page[SeatView], responses=problems(400))
async def list_seats(
    request: Request, hall: Hall, part: Annotated[SeatSlice, Query()]
) -> Response:
    """Who sat at which window, by when they came."""
    return answer(request, await hall.seats(part.query()))


@router.get("/counters", response_model=Page[CounterView], responses=problems(400))
async def list_counters(
    request: Request, hall: Hall, part: Annotated[CounterSlice, Query()]
) -> Response:
    """Windows and what each does."""
    return answer(request, part.cut((await hall.queue()).counters))


@router.get(
    "/counters/{counter_id}",
    response_model=CounterView,
    responses=problems(404),
    dependencies=[NoQuery],
)
async def read_counter(request: Request, hall: Hall, counter_id: str) -> Response:
    """One window."""
    for counter in (await hall.queue()).counters:
        if counter.id == counter_id:
            return answer(request, counter)
    raise NotFoundError(f"no counter {counter_id!r}")


@router.get(
    "/counters/{counter_id}/queue",
    response_model=WindowLineView,
    responses=problems(404),
    dependencies=[NoQuery],
)
async def read_line(request: Request, hall: Hall, counter_id: str) -> Response:
    """Whom a window may call, in that order; whom it holds; who missed the call."""
    return answer(request, await hall.window_line(counter_id))


@router.post(
    "/counters/{counter_id}/{action}",
    response_model=TicketView | CounterView,
    responses=problems(400, 401, 404, 409, 413, 415),
    dependencies=[NoQuery],
)
async def act_at_counter(
    *,
    request: Request,
    hall: Hall,
    counter_id: str,
    action: CounterAction,
    arguments: CounterArguments | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Do what a window asks; the ticket concerned, or the window."""
    if hall.site.counter(counter_id) is None:
        raise NotFoundError(f"no counter {counter_id!r}")
    given: dict[str, Any] = {}
    if arguments is not None:
        given = arguments.model_dump(mode="json", exclude_none=True)
    done = await hall.counter_action(
        counter_id, action, arguments=given, once=once(request, idempotency_key, given)
    )
    return answer(request, done)
