"""What citizens look up: service guides and opening hours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.attendance.inputs import Calendar
from bridge.domain.errors import NotFoundError
from bridge.domain.guides.markup import Section
from bridge.domain.guides.parsing import Guide
from bridge.domain.guides.search import find
from bridge.domain.opening import Opening, next_opening, opening_at
from bridge.domain.views import Page
from bridge.service.guides import Guides, Shelf
from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.encoding import answer
from bridge.web.lists import MAX_LIMIT, MAX_OFFSET, Word
from bridge.web.routes import Routes
from devices.hours import OpeningHours
from devices.site import HolidayCalendar

router = Routes(tags=["enquiry"])


Language = Literal["zh-CN", "en"]


class GuideSlice(BaseModel):
    """Which guides; `q` is words or pinyin letters, `lang` what they are told in."""

    model_config = ConfigDict(extra="forbid")

    lang: Language | None = None
    q: Annotated[str, Field(max_length=64)] = ""
    service: Word | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0


class GuideTold(BaseModel):
    """In which language a guide is told."""

    model_config = ConfigDict(extra="forbid")

    lang: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideLine:
    """A guide in a list; `lang` is that of its words."""

    id: str
    lang: str
    title: str
    service: str | None
    unit: str
    window: str
    tags: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideView:
    """A whole guide."""

    id: str
    lang: str
    title: str
    service: str | None
    unit: str
    window: str
    tags: Sequence[str]
    sections: Sequence[Section]
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePage(Page[GuideLine]):
    """Guides, and what is wrong with their files."""

    faults: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursView:
    """When the hall is open, how it stands now, and when it opens next."""

    hours: Sequence[OpeningHours]
    today: Opening
    next: datetime | None


async def _shelf(request: Request, hall: Hall) -> Shelf:
    guides = cast("Guides", request.app.state.guides)
    return await guides.shelf(hall.now())


Books = Annotated[Shelf, Depends(_shelf)]


@router.get("/guides", response_model=GuidePage, responses=problems(400))
async def list_guides(
    request: Request, hall: Hall, shelf: Books, part: Annotated[GuideSlice, Query()]
) -> Response:
    """Service guides, the likeliest first; in Chinese where they are in no other."""
    names = {service.id: service.name for service in hall.site.services}
    # Off the loop: the tables of pinyin load with the first letters.
    fitting = await asyncio.to_thread(find, shelf.guides, part.q, names)
    found = [
        guide
        for guide in fitting
        if part.service is None or guide.service == part.service
    ]
    shown = found[part.offset : part.offset + part.limit]
    lines = [_line(guide.told_in(part.lang)) for guide in shown]
    return answer(
        request, GuidePage(items=lines, total=len(found), faults=shelf.faults)
    )


@router.get(
    "/guides/{guide_id}",
    response_model=GuideView,
    responses=problems(400, 404),
)
async def read_guide(
    request: Request,
    shelf: Books,
    guide_id: str,
    wish: Annotated[GuideTold, Query()],
) -> Response:
    """One guide; its HTML is of few elements, without attributes."""
    for guide in shelf.guides:
        if guide.id == guide_id:
            return answer(request, _view(guide.told_in(wish.lang)))
    raise NotFoundError(f"no guide {guide_id!r}")


@router.get("/hours", response_model=HoursView, dependencies=[NoQuery])
async def read_hours(request: Request, hall: Hall) -> Response:
    """When the hall is open, and whether it is now."""
    hours = [each.model_dump(mode="json") for each in hall.site.hall.hours]
    opens = next_opening(hall.site.hall.hours, _calendar(hall), hall.now())
    today = today_at(hall)
    return answer(request, {"hours": hours, "today": today, "next": opens})


def today_at(hall: HallPort) -> Opening:
    """How the hall stands now, by its hours and the calendar."""
    return opening_at(hall.site.hall.hours, _calendar(hall), hall.now())


def _calendar(hall: HallPort) -> Calendar:
    is_china = hall.site.attendance.calendar is HolidayCalendar.CHINA
    return Calendar(national="china" if is_china else None)


def _line(guide: Guide) -> GuideLine:
    return GuideLine(
        id=guide.id,
        lang=guide.lang,
        title=guide.title,
        service=guide.service,
        unit=guide.unit,
        window=guide.window,
        tags=guide.tags,
    )


def _view(guide: Guide) -> GuideView:
    return GuideView(
        id=guide.id,
        lang=guide.lang,
        title=guide.title,
        service=guide.service,
        unit=guide.unit,
        window=guide.window,
        tags=guide.tags,
        sections=guide.sections,
        html=guide.html,
    )
