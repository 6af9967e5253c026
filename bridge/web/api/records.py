"""What was recorded: punches and ratings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from bridge.domain.views import Page, PunchView, RatingView
from bridge.web.api.depends import Hall, problems
from bridge.web.encoding import answer
from bridge.web.lists import PunchSlice, RatingSlice
from bridge.web.routes import Routes

router = Routes(tags=["records"])


@router.get(
    "/attendance/punches", response_model=Page[PunchView], responses=problems(400)
)
async def list_punches(
    request: Request, hall: Hall, part: Annotated[PunchSlice, Query()]
) -> Response:
    """Punches by time, then id; `from <= time < to`."""
    return answer(request, await hall.punches(part.query()))


@router.get("/ratings", response_model=Page[RatingView], responses=problems(400))
async def list_ratings(
    request: Request, hall: Hall, part: Annotated[RatingSlice, Query()]
) -> Response:
    """Presses on evaluators by time, then id."""
    return answer(request, await hall.ratings(part.query()))
