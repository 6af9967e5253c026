"""Tickets, windows, services and areas."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.errors import NotFoundError
from bridge.domain.views import (
    Channel,
    CounterAction,
    CounterView,
    Page,
    QueueView,
    ServiceView,
    TicketView,
)
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.guard import CHALLENGE, token_fits
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import AreaSlice, CounterSlice, ServiceSlice
from bridge.web.problems import ProblemError
from devices.site import Area

router = APIRouter(tags=["queue"])

Short = Annotated[str, Field(min_length=1, max_length=128)]


class TicketRequest(BaseModel):
    """What a ticket is drawn for."""

    model_config = ConfigDict(extra="forbid")

    service: Short
    channel: Channel = Channel.API
    subject_ref: Short | None = None


class CounterArguments(BaseModel):
    """What an action needs: `ticket` to resume; one of the others to transfer."""

    model_config = ConfigDict(extra="forbid")

    ticket: Short | None = None
    service: Short | None = None
    counter: Short | None = None


async def kiosk_or_token(request: Request) -> None:
    """A kiosk draws without the token; everybody else needs it where it is asked."""
    if token_fits(request.headers, request.app.state.hall.site.web):
        return
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or body.get("channel") != Channel.KIOSK.value:
        raise ProblemError(
            "unauthorized",
            "send `Authorization: Bearer <web.token>`; only channel kiosk goes without",
            headers=CHALLENGE,
        )


@router.post(
    "/tickets",
    status_code=201,
    response_model=TicketView,
    responses=problems(400, 401, 413, 415),
    dependencies=[NoQuery, Depends(kiosk_or_token)],
)
async def draw_ticket(
    request: Request,
    hall: Hall,
    wish: TicketRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Draw a ticket."""
    if hall.site.service(wish.service) is None:
        known = ", ".join(service.id for service in hall.site.services)
        raise invalid_field(
            "service", f"no service {wish.service!r}; there are: {known}"
        )
    ticket = await hall.issue_ticket(
        service=wish.service,
        channel=wish.channel,
        subject_ref=wish.subject_ref,
        once=once(request, idempotency_key, wish.model_dump(mode="json")),
    )
    place = f"/api/v1/tickets/{ticket.id}"
    return answer(request, ticket, status=201, headers={"Location": place})


@router.get(
    "/tickets/{ticket_id}",
    response_model=TicketView,
    responses=problems(404),
    dependencies=[NoQuery],
)
async def read_ticket(request: Request, hall: Hall, ticket_id: str) -> Response:
    """One ticket."""
    return answer(request, await hall.ticket(ticket_id))


@router.get("/queue", response_model=QueueView, dependencies=[NoQuery])
async def read_queue(request: Request, hall: Hall) -> Response:
    """Every service and every window now."""
    return answer(request, await hall.queue())


@router.get("/services", response_model=Page[ServiceView], responses=problems(400))
async def list_services(
    request: Request, hall: Hall, part: Annotated[ServiceSlice, Query()]
) -> Response:
    """Services and how many wait for each."""
    return answer(request, part.cut((await hall.queue()).services))


@router.get("/areas", response_model=Page[Area], responses=problems(400))
async def list_areas(
    request: Request, hall: Hall, part: Annotated[AreaSlice, Query()]
) -> Response:
    """Parts of the hall that have screens of their own."""
    areas = [area.model_dump() for area in hall.site.areas]
    return answer(request, part.cut(areas))


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
        given = arguments.model_dump(exclude_none=True)
    done = await hall.counter_action(
        counter_id, action, arguments=given, once=once(request, idempotency_key, given)
    )
    return answer(request, done)


def invalid_field(field: str, message: str) -> RequestValidationError:
    """A mistake in one field of the body."""
    return RequestValidationError(
        [{"type": "value_error", "loc": ("body", field), "msg": message, "input": None}]
    )
