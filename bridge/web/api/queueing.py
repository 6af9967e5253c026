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
from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.guard import CHALLENGE, token_fits
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import AreaSlice, CounterSlice, ServiceSlice
from bridge.web.problems import ProblemError
from devices.kiosks import kiosks_of, services_at
from devices.site import Area

router = APIRouter(tags=["queue"])

Short = Annotated[str, Field(min_length=1, max_length=128)]


class TicketRequest(BaseModel):
    """What a ticket is drawn for."""

    model_config = ConfigDict(extra="forbid")

    service: Short
    channel: Channel = Channel.API
    subject_ref: Short | None = None
    kiosk: Short | None = None
    """With channel kiosk: which one, and so which printer; the first one without."""


class ReprintRequest(BaseModel):
    """Where a ticket is printed again; without a kiosk where it was printed last."""

    model_config = ConfigDict(extra="forbid")

    kiosk: Short | None = None


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
    responses={
        **problems(400, 401, 409, 413, 415),
        200: {"model": TicketView, "description": "the subject's ticket, again"},
    },
    dependencies=[NoQuery, Depends(kiosk_or_token)],
)
async def draw_ticket(
    request: Request,
    hall: Hall,
    wish: TicketRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Draw a ticket; 200 with the same one for a subject that waits already."""
    if hall.site.service(wish.service) is None:
        known = ", ".join(service.id for service in hall.site.services)
        raise invalid_field(
            "service", f"no service {wish.service!r}; there are: {known}"
        )
    _check_kiosk(hall, wish.kiosk, wish.service)
    drawn = await hall.draw_ticket(
        service=wish.service,
        channel=wish.channel,
        subject_ref=wish.subject_ref,
        kiosk=wish.kiosk,
        once=once(request, idempotency_key, _said(wish)),
    )
    place = f"/api/v1/tickets/{drawn.ticket.id}"
    status = 201 if drawn.is_new else 200
    return answer(request, drawn.ticket, status=status, headers={"Location": place})


@router.post(
    "/tickets/{ticket_id}/reprint",
    response_model=TicketView,
    responses=problems(400, 404, 409, 413, 415),
    dependencies=[NoQuery],
)
async def reprint_ticket(
    *,
    request: Request,
    hall: Hall,
    ticket_id: str,
    wish: ReprintRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Print a ticket again."""
    kiosk = wish.kiosk if wish is not None else None
    _check_kiosk(hall, kiosk)
    ticket = await hall.reprint_ticket(
        ticket_id, kiosk=kiosk, once=once(request, idempotency_key, {"kiosk": kiosk})
    )
    return answer(request, ticket)


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


def _said(wish: TicketRequest) -> dict[str, Any]:
    """What tells this request from another; one without a kiosk as ever."""
    return wish.model_dump(
        mode="json", exclude={"kiosk"} if wish.kiosk is None else None
    )


def _check_kiosk(hall: HallPort, name: str | None, service: str | None = None) -> None:
    """Raise for a kiosk that there is not, or that does not offer the service."""
    if name is None:
        return
    kiosk = hall.site.kiosk(name)
    if kiosk is None:
        known = ", ".join(kiosk.id for kiosk in kiosks_of(hall.site))
        raise invalid_field("kiosk", f"no kiosk {name!r}; there are: {known}")
    offered = [entry.id for entry in services_at(hall.site, kiosk)]
    if service is not None and service not in offered:
        raise invalid_field(
            "service", f"kiosk {name} offers: {', '.join(offered) or 'nothing'}"
        )


def invalid_field(field: str, message: str) -> RequestValidationError:
    """A mistake in one field of the body."""
    return RequestValidationError(
        [{"type": "value_error", "loc": ("body", field), "msg": message, "input": None}]
    )
