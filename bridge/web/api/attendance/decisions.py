"""What people decide: on leave and corrections, on doubtful punches, on gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Request, Response

from bridge.domain.attendance.facts import (
    Confirmation,
    Decision,
    GapVerdict,
    Words,
)
from bridge.domain.views import Page
from bridge.service.attendance.port import AttendancePort
from bridge.service.attendance.told import Fact, FactKind
from bridge.web.api.attendance import documents
from bridge.web.api.attendance.depends import (
    WRITE_PROBLEMS,
    Act,
    Attendance,
    FactId,
    Level,
    ObjectBody,
)
from bridge.web.api.attendance.reading import MAX_FACTS, read_facts
from bridge.web.api.attendance.signing import read_form, signatures
from bridge.web.api.depends import NoQuery, problems
from bridge.web.api.queueing import invalid_field
from bridge.web.encoding import answer, answer_large
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import Moment
from bridge.web.routes import Routes

router = Routes()


class DecisionRequest(Act):
    """What an approver says; `level`: the one that must decide unless told."""

    approved: bool
    level: Level | None = None
    note: Words = ""


class ConfirmationRequest(Act):
    """Whether a doubtful punch counts, and at which time where the clock's is wrong."""

    counts: bool
    time: Moment | None = None


class GapRequest(Act):
    """What is known of a time that a clock cannot be asked about."""

    start: Moment
    end: Moment
    note: Words = ""


@router.post(
    "/attendance/corrections/bulk",
    status_code=201,
    responses=problems(*WRITE_PROBLEMS),
    dependencies=[NoQuery],
    openapi_extra=documents.bulk_body()
    | documents.known_page(FactKind.CORRECTION, status=201),
)
async def tell_corrections(
    *,
    request: Request,
    attendance: Attendance,
    body: ObjectBody,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Many corrections at once, all or none: a power cut, a clock that lost its log."""
    form, rest = read_form(body, FactKind.CORRECTION)
    items = read_items(rest, {"items", "reason"})
    told = [
        {"reason": form.reason, **item} if isinstance(item, Mapping) else item
        for item in items
    ]
    known = await attendance.tell(
        read_facts(FactKind.CORRECTION, told),
        by=form.by,
        reason=form.reason,
        once=once(request, idempotency_key, body),
        signed=signatures(form, len(items)),
    )
    page = Page(items=known, total=len(known))
    return await answer_large(request, page, status=201)


@router.post(
    "/attendance/leave/{fact_id}/decisions",
    status_code=201,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
    openapi_extra=documents.known_answer(FactKind.LEAVE, 201),
)
async def decide_leave(
    *,
    request: Request,
    attendance: Attendance,
    fact_id: FactId,
    wish: DecisionRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Approve or refuse a leave; the leave as it stands then."""
    return await _decide(
        request, attendance, (FactKind.LEAVE, fact_id), wish, idempotency_key
    )


@router.post(
    "/attendance/corrections/{fact_id}/decisions",
    status_code=201,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
    openapi_extra=documents.known_answer(FactKind.CORRECTION, 201),
)
async def decide_correction(
    *,
    request: Request,
    attendance: Attendance,
    fact_id: FactId,
    wish: DecisionRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Approve or refuse a correction; the correction as it stands then."""
    return await _decide(
        request, attendance, (FactKind.CORRECTION, fact_id), wish, idempotency_key
    )


@router.post(
    "/attendance/punches/{punch_id}/confirmations",
    status_code=201,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
    openapi_extra=documents.known_answer(FactKind.CONFIRMATION, 201),
)
async def confirm_punch(
    *,
    request: Request,
    attendance: Attendance,
    punch_id: Annotated[int, Path(ge=1, lt=2**63)],
    wish: ConfirmationRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Say whether a doubtful punch counts; the last word holds."""
    fact = Confirmation(punch=punch_id, counts=wish.counts, time=wish.time)
    return await _tell(request, attendance, fact, wish, idempotency_key)


@router.post(
    "/attendance/clocks/{device}/gaps",
    status_code=201,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
    openapi_extra=documents.known_answer(FactKind.GAP_VERDICT, 201),
)
async def settle_gap(
    *,
    request: Request,
    attendance: Attendance,
    device: FactId,
    wish: GapRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Settle a gap: its punches are lost, or there were none; days become final."""
    if wish.end <= wish.start:
        raise invalid_field("end", "want a time after start")
    fact = GapVerdict(device=device, start=wish.start, end=wish.end, note=wish.note)
    return await _tell(request, attendance, fact, wish, idempotency_key)


def read_items(body: Mapping[str, Any], names: set[str]) -> list[Any]:
    """The `items` of a body that has these keys alone."""
    for name in body:
        if name not in names:
            raise invalid_field(name, "is not known here")
    items = body.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_FACTS:
        raise invalid_field("items", f"want a list of 1 to {MAX_FACTS}")
    return items


async def _decide(
    request: Request,
    attendance: AttendancePort,
    subject: tuple[FactKind, str],
    wish: DecisionRequest,
    idempotency_key: str | None,
) -> Response:
    known = await attendance.fact(*subject)
    decision = Decision(
        subject=known.id,
        approved=wish.approved,
        level=wish.level or known.level or 1,
        note=wish.note,
    )
    reason = wish.reason or wish.note
    return await _tell(
        request, attendance, decision, wish, idempotency_key, reason=reason
    )


async def _tell(
    request: Request,
    attendance: AttendancePort,
    fact: Fact,
    wish: Act,
    idempotency_key: str | None,
    *,
    reason: str | None = None,
) -> Response:
    """Tell one fact; what it is about, as it stands then."""
    (known,) = await attendance.tell(
        [fact],
        by=wish.by,
        reason=wish.reason if reason is None else reason,
        once=once(request, idempotency_key, wish.model_dump(mode="json")),
    )
    return answer(request, known, status=201)
