"""Clocks and their gaps, unknown numbers, stand-ins, operations, the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Query, Request, Response

from bridge.domain.views import Page
from bridge.service.attendance.views import (
    ClockStanding,
    CoverStanding,
    Entry,
    Tamper,
    UnknownUser,
)
from bridge.web.api.attendance.depends import Attendance
from bridge.web.api.attendance.slices import (
    ClockSlice,
    LedgerSlice,
    StandInSlice,
    TamperSlice,
    UnknownUserSlice,
)
from bridge.web.api.depends import Hall, problems
from bridge.web.encoding import answer
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes

router = Routes()

MAX_STAND_IN_DAYS: Final = 400


@router.get(
    "/attendance/clocks", response_model=Page[ClockStanding], responses=problems(400)
)
async def list_clocks(
    request: Request, attendance: Attendance, part: Annotated[ClockSlice, Query()]
) -> Response:
    """Every clock and up to when its log is here, the worst first, with its gaps."""
    return answer(request, part.cut(await attendance.clocks()))


@router.get(
    "/attendance/unknown-users",
    response_model=Page[UnknownUser],
    responses=problems(400),
)
async def list_unknown_users(
    request: Request, attendance: Attendance, part: Annotated[UnknownUserSlice, Query()]
) -> Response:
    """Numbers that punched and are nobody's, the newest first."""
    return answer(request, part.cut(await attendance.unknown_users()))


@router.get(
    "/attendance/stand-ins",
    response_model=Page[CoverStanding],
    responses=problems(400),
)
async def list_stand_ins(
    *,
    request: Request,
    hall: Hall,
    attendance: Attendance,
    part: Annotated[StandInSlice, Query()],
) -> Response:
    """Stand-ins (顶岗) that were due, `from <= day < to`, and whether B was there."""
    begin = part.from_day or (
        part.to_day - timedelta(days=1) if part.to_day else hall.now().date()
    )
    end = part.to_day or begin + timedelta(days=1)
    if (end - begin).days > MAX_STAND_IN_DAYS:
        message = f"want at most {MAX_STAND_IN_DAYS} days"
        mistake = {"field": "to", "in": "query", "message": message}
        raise ProblemError("invalid-query", f"to: {message}", errors=[mistake])
    return answer(request, part.cut(await attendance.covers(begin, end)))


@router.get("/attendance/tampers", response_model=Page[Tamper], responses=problems(400))
async def list_tampers(
    request: Request, attendance: Attendance, part: Annotated[TamperSlice, Query()]
) -> Response:
    """What clocks said about being opened, changed or emptied, newest first."""
    found = await attendance.tampers(
        limit=part.limit, offset=part.offset, device=part.device, kind=part.kind
    )
    return answer(request, found)


@router.get("/attendance/ledger", response_model=Page[Entry], responses=problems(400))
async def list_ledger(
    request: Request, attendance: Attendance, part: Annotated[LedgerSlice, Query()]
) -> Response:
    """The ledger, newest first: who told what, when and why, each row chained."""
    found = await attendance.ledger(
        limit=part.limit, offset=part.offset, kind=part.kind, key=part.key
    )
    return answer(request, found)
