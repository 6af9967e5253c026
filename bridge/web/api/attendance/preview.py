"""What a change would do, before it is told."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response

from bridge.domain.views import Page
from bridge.service.attendance.told import FactKind
from bridge.web.api.attendance import documents, shapes
from bridge.web.api.attendance.decisions import read_items
from bridge.web.api.attendance.depends import Attendance, ObjectBody
from bridge.web.api.attendance.leave import with_moments
from bridge.web.api.attendance.reading import read_facts
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.api.queueing import invalid_field
from bridge.web.encoding import answer_large
from bridge.web.idempotency import IdempotencyKey
from bridge.web.routes import Routes

router = Routes()


@router.post(
    "/attendance/preview",
    response_model=shapes.page_of(shapes.Change),
    responses=problems(400, 401, 404, 413, 415),
    dependencies=[NoQuery],
    openapi_extra=documents.preview_body(),
)
async def preview(
    *,
    request: Request,
    hall: Hall,
    attendance: Attendance,
    body: ObjectBody,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """The days that would change, at most 1000; nothing is written."""
    del idempotency_key  # there is no effect to have once
    try:
        kind = FactKind(str(body.get("kind")))
    except ValueError as error:
        known = ", ".join(each.value for each in FactKind)
        raise invalid_field("kind", f"want one of {known}") from error
    items = read_items(body, {"kind", "items"})
    if kind is FactKind.LEAVE:
        items = [
            with_moments(item, hall.site) if isinstance(item, Mapping) else item
            for item in items
        ]
    changes = await attendance.preview(read_facts(kind, items))
    plain = [shapes.plain_change(change) for change in changes]
    return await answer_large(request, Page(items=plain, total=len(plain)))
