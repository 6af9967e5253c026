"""Tickets, services and areas."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.views import (
    CallerKeyView,
    Channel,
    Page,
    QueueView,
    ServiceView,
    TicketView,
)
from bridge.service.ports import Errand, HallPort
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.guard import CHALLENGE, token_fits
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import (
    PRINTABLE,
    AreaSlice,
    CallerKeySlice,
    Moment,
    ServiceSlice,
    TicketSlice,
)
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes
from devices.kiosks import kiosks_of, services_at
from devices.site import Area

router = Routes(tags=["queue"])

Short = Annotated[str, Field(min_length=1, max_length=128)]


class TicketRequest(BaseModel):
    """What a ticket is drawn for: one service, or several in one visit."""

    model_config = ConfigDict(extra="forbid")

    service: Short | None = None
    services: Annotated[list[Short], Field(min_length=1, max_length=20)] | None = None
    """In the order in which they are done, each once."""
    channel: Channel = Channel.API
    subject_ref: Annotated[str, Field(pattern=PRINTABLE, max_length=128)] | None = None
    priority: Short | None = None
    """A class of the hall file."""
    appointment: Moment | None = None
    """The time that was given; the turn counts from it."""
    kiosk: Short | None = None
    """With channel kiosk: which one, and so which printer; the first one without."""

    @property
    def wanted(self) -> list[str]:
        """Every service of the visit."""
        return self.services or [self.service or ""]


class ReprintRequest(BaseModel):
    """Where a ticket is printed again; without a kiosk where it was printed last."""

    model_config = ConfigDict(extra="forbid")

    kiosk: Short | None = None


class RejoinRequest(BaseModel):
    """Where somebody asks to wait again: a kiosk does it without the token."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel = Channel.API


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
    if (wish.service is None) == (wish.services is None):
        raise invalid_field("service", "send either `service` or `services`")
    if len(set(wish.wanted)) < len(wish.wanted):
        raise invalid_field("services", "one of them stands twice")
    for service in wish.wanted:
        if hall.site.service(service) is None:
            known = ", ".join(each.id for each in hall.site.services)
            field = "service" if wish.services is None else "services"
            raise invalid_field(field, f"no service {service!r}; there are: {known}")
    if wish.priority is not None and not hall.site.queue.priority(wish.priority):
        known = ", ".join(each.id for each in hall.site.queue.priorities) or "none"
        raise invalid_field(
            "priority", f"no priority {wish.priority!r}; there are: {known}"
        )
    _check_kiosk(hall, wish.kiosk, *wish.wanted)
    first, *others = wish.wanted
    drawn = await hall.draw_ticket(
        service=first,
        channel=wish.channel,
        subject_ref=wish.subject_ref,
        kiosk=wish.kiosk,
        errand=Errand(
            priority=wish.priority,
            appointment=wish.appointment,
            next_services=others,
        ),
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


@router.get("/tickets", response_model=Page[TicketView], responses=problems(400))
async def list_tickets(
    request: Request, hall: Hall, part: Annotated[TicketSlice, Query()]
) -> Response:
    """Tickets as they were drawn, of every day unless told."""
    return answer(request, await hall.tickets(part.query()))


@router.post(
    "/tickets/{ticket_id}/rejoin",
    response_model=TicketView,
    responses=problems(400, 401, 404, 409, 413, 415),
    dependencies=[NoQuery, Depends(kiosk_or_token)],
)
async def rejoin_ticket(
    *,
    request: Request,
    hall: Hall,
    ticket_id: str,
    wish: RejoinRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Let one who missed the call wait again, a few places behind."""
    channel = wish.channel if wish is not None else Channel.API
    if channel is Channel.KIOSK and not hall.site.queue.at_kiosk.rejoin:
        raise ProblemError("rule", "queue.at_kiosk.rejoin is off in the hall file")
    said = None if wish is None else {"channel": channel.value}
    key = once(request, idempotency_key, said)
    return answer(request, await hall.rejoin_ticket(ticket_id, once=key))


@router.get("/caller-keys", response_model=Page[CallerKeyView], responses=problems(400))
async def list_caller_keys(
    request: Request, hall: Hall, part: Annotated[CallerKeySlice, Query()]
) -> Response:
    """Keys of callers by time, then id; `reason` tells why one did nothing."""
    return answer(request, await hall.caller_keys(part.query()))


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
    areas = [area.model_dump(exclude={"voice"}) for area in hall.site.areas]
    return answer(request, part.cut(areas))


def _said(wish: TicketRequest) -> dict[str, Any]:
    """What tells this request from another; one without a kiosk as ever."""
    return wish.model_dump(
        mode="json", exclude={"kiosk"} if wish.kiosk is None else None
    )


def _check_kiosk(hall: HallPort, name: str | None, *services: str) -> None:
    """Raise for a kiosk that there is not, or that does not offer a service."""
    if name is None:
        return
    kiosk = hall.site.kiosk(name)
    if kiosk is None:
        known = ", ".join(kiosk.id for kiosk in kiosks_of(hall.site))
        raise invalid_field("kiosk", f"no kiosk {name!r}; there are: {known}")
    offered = [entry.id for entry in services_at(hall.site, kiosk)]
    if not set(services) <= set(offered):
        raise invalid_field(
            "service", f"kiosk {name} offers: {', '.join(offered) or 'nothing'}"
        )


def invalid_field(field: str, message: str) -> RequestValidationError:
    """A mistake in one field of the body."""
    return RequestValidationError(
        [{"type": "value_error", "loc": ("body", field), "msg": message, "input": None}]
    )
