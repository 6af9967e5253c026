"""Days: lists of them, one explained, and today at a glance."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from bridge.domain.errors import NotFoundError
from bridge.domain.views import Page
from bridge.web.api.attendance import shapes
from bridge.web.api.attendance.depends import Attendance, FactId
from bridge.web.api.attendance.slices import DaySlice, LanguageQuery, read_day
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer, answer_large
from bridge.web.routes import Routes

router = Routes()


@router.get(
    "/attendance/days",
    response_model=shapes.page_of(shapes.Day),
    responses=problems(400),
)
async def list_days(
    request: Request, attendance: Attendance, part: Annotated[DaySlice, Query()]
) -> Response:
    """Days by day, then person; `from <= day < to`, or a `day`, or a `month`."""
    found = await attendance.days(part.days())
    items = [shapes.plain_row(row) for row in found.items]
    return await answer_large(request, Page(items=items, total=found.total))


@router.get(
    "/attendance/days/{person}/{day}",
    response_model=shapes.Explained,
    responses=problems(400, 404),
)
async def read_one_day(
    *,
    request: Request,
    hall: Hall,
    attendance: Attendance,
    person: FactId,
    day: str,
    query: Annotated[LanguageQuery, Query()],
) -> Response:
    """One day with all that led to it: punches, rule, leave, clock coverage.

    `lines` says it in sentences, from what was due to what follows.
    """
    try:
        wanted = read_day(day)
    except ValueError as error:
        raise NotFoundError(f"{day!r}: {error}") from error
    explained = await attendance.day(person, wanted)
    names = {device.id: device.label for device in hall.site.devices}
    return answer(request, shapes.plain_explained(explained, query.lang, names))


@router.get("/attendance/today", response_model=shapes.Glance, dependencies=[NoQuery])
async def read_today(request: Request, attendance: Attendance) -> Response:
    """Today at a glance: counts, exceptions, what waits."""
    return answer(request, shapes.plain_today(await attendance.today()))
