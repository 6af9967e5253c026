"""The lists of facts: people, shifts, postings, calendar, leave and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query, Request, Response

from bridge.service.attendance.facts.kinds import DECIDED
from bridge.service.attendance.told import FactKind, Removal
from bridge.web.api.attendance import documents, slices
from bridge.web.api.attendance.depends import (
    WRITE_PROBLEMS,
    Act,
    Attendance,
    FactId,
    ObjectBody,
)
from bridge.web.api.attendance.leave import with_moments
from bridge.web.api.attendance.reading import read_facts
from bridge.web.api.attendance.signing import read_form, signatures
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.routes import Routes


@dataclass(frozen=True, slots=True, kw_only=True)
class FactList:
    """A list of facts of one kind: its name in the path, and its filters."""

    name: str
    kind: FactKind
    part: type[slices.FactSlice]
    about: str

    @property
    def path(self) -> str:
        """Below /api/v1."""
        return f"/attendance/{self.name}"


LISTS: Final[Sequence[FactList]] = (
    FactList(
        name="people",
        kind=FactKind.PERSON,
        part=slices.PersonSlice,
        about="people whose attendance is kept",
    ),
    FactList(
        name="shifts",
        kind=FactKind.SHIFT,
        part=slices.ShiftSlice,
        about="hours and their rules",
    ),
    FactList(
        name="postings",
        kind=FactKind.POSTING,
        part=slices.PostingSlice,
        about="who works where, by which shift, from when to when",
    ),
    FactList(
        name="calendar",
        kind=FactKind.CALENDAR_DAY,
        part=slices.CalendarSlice,
        about="days that differ from the national calendar",
    ),
    FactList(
        name="calendar-years",
        kind=FactKind.CALENDAR_YEAR,
        part=slices.YearSlice,
        about="years whose list of days is complete",
    ),
    FactList(
        name="leave",
        kind=FactKind.LEAVE,
        part=slices.LeaveSlice,
        about="leave and field duty (请假条, 离岗登记)",
    ),
    FactList(
        name="corrections",
        kind=FactKind.CORRECTION,
        part=slices.CorrectionSlice,
        about="correction sheets (补签单)",
    ),
    FactList(
        name="spot-checks",
        kind=FactKind.SPOT_CHECK,
        part=slices.SpotCheckSlice,
        about="spot checks (在岗抽查)",
    ),
    FactList(
        name="covers",
        kind=FactKind.COVER,
        part=slices.CoverSlice,
        about="who stands in for whom (AB 岗)",
    ),
)


def list_router() -> Routes:
    """The endpoints of every list."""
    router = Routes()
    for facts in LISTS:
        _add_reads(router, facts)
        _add_writes(router, facts)
    return router


def _add_reads(router: Routes, facts: FactList) -> None:
    async def list_facts(
        request: Request, attendance: Attendance, part: Any
    ) -> Response:
        return answer(request, await attendance.facts(facts.kind, part.facts()))

    # The filters of a list differ; FastAPI reads them off the annotation.
    list_facts.__annotations__["part"] = Annotated[facts.part, Query()]

    async def read_fact(
        request: Request, attendance: Attendance, fact_id: FactId
    ) -> Response:
        return answer(request, await attendance.fact(facts.kind, fact_id))

    router.add(
        facts.path,
        list_facts,
        name=f"list {facts.name}",
        summary=f"List {facts.about}",
        responses=problems(400),
        openapi_extra=documents.known_page(facts.kind),
    )
    router.add(
        facts.path + "/{fact_id}",
        read_fact,
        name=f"read {facts.name}",
        summary=f"One of {facts.about}",
        responses=problems(404),
        dependencies=[NoQuery],
        openapi_extra=documents.known_answer(facts.kind, 200),
    )


def _add_writes(router: Routes, facts: FactList) -> None:
    async def tell_fact(
        request: Request,
        hall: Hall,
        attendance: Attendance,
        body: ObjectBody,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        form, own = read_form(body, facts.kind)
        if facts.kind is FactKind.LEAVE:
            own = with_moments(own, hall.site)
        (known,) = await attendance.tell(
            read_facts(facts.kind, [own]),
            by=form.by,
            reason=form.reason,
            once=once(request, idempotency_key, body),
            signed=signatures(form),
        )
        place = f"/api/v1{facts.path}/{quote(known.id, safe='')}"
        return answer(request, known, status=201, headers={"Location": place})

    async def remove_fact(
        *,
        request: Request,
        attendance: Attendance,
        fact_id: FactId,
        act: Act,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        (known,) = await attendance.tell(
            [Removal(kind=facts.kind, key=fact_id)],
            by=act.by,
            reason=act.reason,
            once=once(request, idempotency_key, act.model_dump(mode="json")),
        )
        return answer(request, known)

    router.add(
        facts.path,
        tell_fact,
        methods=["POST"],
        status_code=201,
        name=f"tell {facts.name}",
        summary=f"Tell one of {facts.about}",
        description="What was told under the same id before is replaced.",
        responses=problems(*WRITE_PROBLEMS),
        dependencies=[NoQuery],
        openapi_extra=documents.fact_body(facts.kind)
        | documents.known_answer(facts.kind, 201),
    )
    ending = "Withdraw" if facts.kind in DECIDED else "Take back"
    router.add(
        facts.path + "/{fact_id}/remove",
        remove_fact,
        methods=["POST"],
        name=f"remove {facts.name}",
        summary=f"{ending} one of {facts.about}",
        responses=problems(*WRITE_PROBLEMS, 404),
        dependencies=[NoQuery],
        openapi_extra=documents.known_answer(facts.kind, 200),
    )
