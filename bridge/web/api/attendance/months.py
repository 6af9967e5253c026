"""Months: everybody's figures, how a month stands, closing it, its sheets."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import Path, Query, Request, Response

from bridge.domain.attendance.results import MonthRow
from bridge.domain.attendance.wording import is_english
from bridge.domain.views import Page
from bridge.service.attendance.views import MonthStatus, SheetForm
from bridge.web.api.attendance.depends import WRITE_PROBLEMS, Act, Attendance
from bridge.web.api.attendance.slices import LanguageQuery, Month, MonthSlice
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer, answer_large
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.lists import Word
from bridge.web.routes import Routes

router = Routes()

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"


MonthPath = Annotated[Month, Path(description="yyyy-mm")]


class SheetQuery(LanguageQuery):
    """Whose sheet, and in which language."""

    person: Word | None = None
    department: Word | None = None


class CsvQuery(SheetQuery):
    """As of a workbook; and which of its tables."""

    part: Literal["summary", "days"] = "summary"


@router.get(
    "/attendance/months", response_model=Page[MonthRow], responses=problems(400)
)
async def list_months(
    *,
    request: Request,
    hall: Hall,
    attendance: Attendance,
    part: Annotated[MonthSlice, Query()],
) -> Response:
    """Everybody's month by department, then person; this month unless told."""
    month = part.month or f"{hall.now():%Y-%m}"
    rows = await attendance.months(
        month, person=part.person, department=part.department
    )
    items = rows[part.offset : part.offset + part.limit]
    return await answer_large(request, Page(items=items, total=len(rows)))


@router.get(
    "/attendance/months/{month}.xlsx",
    response_class=Response,
    responses={
        200: {
            "description": "The month sheet as a workbook",
            "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(400, 404),
    },
)
async def read_month_workbook(
    attendance: Attendance, month: MonthPath, query: Annotated[SheetQuery, Query()]
) -> Response:
    """The month sheet with day detail, for signing; opens in WPS and Excel."""
    content = await attendance.sheet_file(
        month,
        SheetForm.WORKBOOK,
        person=query.person,
        department=query.department,
        lang=query.lang,
    )
    return file_answer(content, XLSX, f"{_name(query)}-{month}.xlsx")


@router.get(
    "/attendance/months/{month}.csv",
    response_class=Response,
    responses={
        200: {
            "description": "A table of the month sheet",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **problems(400, 404),
    },
)
async def read_month_csv(
    attendance: Attendance, month: MonthPath, query: Annotated[CsvQuery, Query()]
) -> Response:
    """A table of the month sheet: `summary`, or `days`."""
    content = await attendance.sheet_file(
        month,
        SheetForm(query.part),
        person=query.person,
        department=query.department,
        lang=query.lang,
    )
    part = {"summary": "", "days": "-明细"}[query.part]
    return file_answer(content, CSV, f"{_name(query)}-{month}{part}.csv")


@router.get(
    "/attendance/months/{month}",
    response_model=MonthStatus,
    responses=problems(404),
    dependencies=[NoQuery],
)
async def read_month(
    request: Request, attendance: Attendance, month: MonthPath
) -> Response:
    """How a month stands, and what keeps it from being final."""
    return answer(request, await attendance.month(month))


@router.post(
    "/attendance/months/{month}/close",
    response_model=MonthStatus,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
)
async def close_month(
    *,
    request: Request,
    attendance: Attendance,
    month: MonthPath,
    act: Act,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Sign a month: its days stand from now on."""
    ticket = once(request, idempotency_key, act.model_dump(mode="json"))
    status = await attendance.close_month(
        month, by=act.by, reason=act.reason, once=ticket
    )
    return answer(request, status)


@router.post(
    "/attendance/months/{month}/reopen",
    response_model=MonthStatus,
    responses=problems(*WRITE_PROBLEMS, 404),
    dependencies=[NoQuery],
)
async def reopen_month(
    *,
    request: Request,
    attendance: Attendance,
    month: MonthPath,
    act: Act,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a signature back (反审); what changed since is taken up."""
    ticket = once(request, idempotency_key, act.model_dump(mode="json"))
    status = await attendance.reopen_month(
        month, by=act.by, reason=act.reason, once=ticket
    )
    return answer(request, status)


def _name(query: SheetQuery) -> str:
    return "attendance" if is_english(query.lang) else "考勤月报"


def file_answer(content: bytes, media_type: str, name: str) -> Response:
    """A file to keep; `filename` for programs that know ASCII alone (RFC 6266)."""
    plain = name.replace("考勤月报", "attendance").replace("明细", "days")
    place = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": place, "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
