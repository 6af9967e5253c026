"""Tables of people, postings, shifts, leave and calendar days, taken in as files."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from bridge.domain.attendance.facts import Leave, Words
from bridge.domain.errors import FactsError
from bridge.service.attendance.importing.judging import with_mistakes, without_known
from bridge.service.attendance.importing.parsing import (
    ImportKind,
    ImportResult,
    KnownIds,
    KnownLeave,
    read_file,
)
from bridge.service.attendance.port import AttendancePort, FactQuery, Signed
from bridge.service.attendance.settings import Settings
from bridge.service.attendance.told import Fact, FactKind
from bridge.service.attendance.views import Known
from bridge.service.ports import Once
from bridge.web.api.attendance.depends import WRITE_PROBLEMS, Attendance, Who
from bridge.web.api.attendance.months import XLSX, file_answer
from bridge.web.api.attendance.slices import LanguageQuery
from bridge.web.api.depends import Hall, problems
from bridge.web.encoding import answer_large
from bridge.web.idempotency import IdempotencyKey, once
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes
from devices.site import Site

router = Routes()

PART: Final = 1000

LARGE: Final = 200_000
"""Bytes of a file that is read in a process of its own."""

_HELD: Final[Mapping[ImportKind, Sequence[FactKind]]] = {
    ImportKind.PEOPLE: [FactKind.PERSON],
    ImportKind.POSTINGS: [FactKind.PERSON, FactKind.SHIFT, FactKind.POSTING],
    ImportKind.SHIFTS: [FactKind.SHIFT],
    ImportKind.LEAVE: [FactKind.PERSON, FactKind.LEAVE],
    ImportKind.CALENDAR: [FactKind.CALENDAR_DAY],
}
"""What a table of a kind is held against."""


class ImportQuery(LanguageQuery):
    """What the table holds, who sends it, and whether it is only tried."""

    kind: ImportKind
    by: Who
    reason: Words = ""
    dry_run: bool = False


class BadCell(BaseModel):
    """What cannot be taken; `row` and `column` as the file has them."""

    row: int
    column: str
    value: str
    message: str


class ImportAnswer(BaseModel):
    """What came of a table; with bad rows nothing of it is written."""

    rows: int = Field(description="rows below the headings that are not empty")
    good: int
    bad: list[BadCell]
    same: int = Field(description="rows that the hall has already")
    ignored: list[str] = Field(description="columns that mean nothing here")
    changes: int = Field(description="days that change, counted up to 1000")
    written: bool


@router.post(
    "/attendance/imports",
    response_model=ImportAnswer,
    responses=problems(*WRITE_PROBLEMS),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                XLSX: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def import_table(
    *,
    request: Request,
    hall: Hall,
    attendance: Attendance,
    query: Annotated[ImportQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a table in, all of it or nothing; `dry_run` tells what would come of it."""
    data = await request.body()
    result = await _read(attendance, data, query, hall.site)
    changes = 0
    is_written = False
    if not result.bad:
        decisions: list[Fact] = [paper.decision for paper in result.decisions]
        changed = await attendance.preview([*result.facts, *decisions])
        changes = len(changed)
        if not query.dry_run:
            said = [query.model_dump(mode="json"), hashlib.sha256(data).hexdigest()]
            ticket = once(request, idempotency_key, said)
            await _write(attendance, result, query, ticket)
            is_written = True
    found = {
        "rows": result.rows,
        "good": result.good,
        "bad": result.bad,
        "same": result.same,
        "ignored": result.ignored,
        "changes": changes,
        "written": is_written,
    }
    return await answer_large(request, found)


@router.get(
    "/attendance/imports/{kind}.xlsx",
    response_class=Response,
    responses={
        200: {
            "description": "A table to fill in",
            "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(400, 404),
    },
)
async def read_template(
    kind: ImportKind, query: Annotated[LanguageQuery, Query()]
) -> Response:
    """An empty table of a kind, with headings, an example and notes."""
    content = await asyncio.to_thread(_template, kind, query.lang)
    return file_answer(content, XLSX, f"{kind.value}.xlsx")


async def _read(
    attendance: AttendancePort, data: bytes, query: ImportQuery, site: Site
) -> ImportResult:
    """What a table says, held against what the hall has and what it refuses."""
    held = {kind: await _all(attendance, kind) for kind in _HELD[query.kind]}
    work = partial(
        read_file, zone=site.hall.zone, noon=site.attendance.noon, lang=query.lang
    )
    given = (data, query.kind, _known(held, site, query.by))
    if len(data) > LARGE:
        result = await attendance.aside(work, *given)
    else:
        result = await asyncio.to_thread(work, *given)
    known = [each for kind in held for each in held[kind]]
    result = await asyncio.to_thread(without_known, result, known)
    return with_mistakes(result, await attendance.check(result.facts), query.lang)


def _known(held: Mapping[FactKind, Sequence[Known]], site: Site, by: str) -> KnownIds:
    """What a table is held against while it is read."""
    people = held.get(FactKind.PERSON, ())
    shifts = held.get(FactKind.SHIFT, ())
    leaves = held.get(FactKind.LEAVE, ())
    return KnownIds(
        people={known.fact.id: known.fact for known in people},
        shifts={known.fact.id: known.fact.name for known in shifts},
        counters=frozenset(counter.id for counter in site.counters) or None,
        leaves={
            known.id: KnownLeave(status=known.status, actor=known.actor)
            for known in leaves
            if known.status is not None
        },
        levels=Settings.of(site).reading.levels,
        by=by,
    )


async def _all(attendance: AttendancePort, kind: FactKind) -> Sequence[Known]:
    found: list[Known] = []
    while True:
        query = FactQuery(limit=PART, offset=len(found))
        part = await attendance.facts(kind, query)
        found.extend(part.items)
        if not part.items or len(found) >= part.total:
            return found


async def _write(
    attendance: AttendancePort,
    result: ImportResult,
    query: ImportQuery,
    ticket: Once | None,
) -> None:
    """Tell the facts with the approvers' decisions, all or none."""
    if not result.facts and not result.decisions and ticket is None:
        return  # a key is kept though nothing is new
    facts, signed = _signed(result)
    try:
        await attendance.tell(
            facts, by=query.by, reason=query.reason, once=ticket, signed=signed
        )
    except FactsError as error:
        raise _refused(facts, error) from error


def _signed(result: ImportResult) -> tuple[list[Fact], Mapping[int, Signed]]:
    """What a table tells, and who signed it; leaves that wait already are decided."""
    facts = list(result.facts)
    leaves = {
        fact.id: place for place, fact in enumerate(facts) if isinstance(fact, Leave)
    }
    signed: dict[int, Signed] = {}
    for paper in result.decisions:
        said = paper.decision
        place = leaves.get(said.subject)
        if place is None:
            place = len(facts)
            facts.append(said)
        signed[place] = Signed(by=paper.by, level=said.level, note=said.note)
    return facts, signed


def _refused(facts: Sequence[Fact], error: FactsError) -> ProblemError:
    """What the rules refuse after all, as the hall changed; by the id of each fact."""
    mistakes: list[dict[str, Any]] = []
    for place, text in error.mistakes:
        fact: Any = facts[place]
        key = str(getattr(fact, "id", None) or getattr(fact, "day", ""))
        mistakes.append({"index": place, "field": key, "message": text})
    detail = "; ".join(f"{m['field']}: {m['message']}" for m in mistakes[:20])
    return ProblemError("invalid-facts", detail, errors=mistakes)


def _template(kind: ImportKind, lang: str) -> bytes:
    # Much memory and time, and hardly anybody asks for it.
    from bridge.service.attendance.importing.templates import (  # noqa: PLC0415
        template_workbook,
    )

    return template_workbook(kind, lang)
