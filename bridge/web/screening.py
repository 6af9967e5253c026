"""The pages that hang in the hall: screens, and the board of waiting figures."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import Request, Response

from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall
from bridge.web.rendering import page, words_page
from bridge.web.routes import Routes
from bridge.web.voice import voice_context
from devices.screens import Contrast, Motion, Screen, screen_of
from devices.site import Site

router = Routes()

Choice = TypeVar("Choice", bound=StrEnum)


@router.api_route("/screen/{screen_id}", methods=["GET", "HEAD"])
async def screen_page(request: Request, hall: Hall, screen_id: str) -> Response:
    """A screen of the hall file, or the one that every area has."""
    screen = screen_of(hall.site, screen_id)
    if screen is None:
        return words_page(request, "words.area", status=404)
    layout = _wish(request, "layout", screen.layout)
    context = {
        "screen": {
            "id": screen.id,
            "name": screen.name or "、".join(_names(hall.site, screen.areas)),
            "areas": _areas(hall.site, screen.areas),
            "layout": layout,
            "marquee": screen.marquee,
            "media": _media(screen),
        },
        "voice": voice_context(request, screen.areas[0]),
    }
    look = [f"layout-{layout}"]
    if _wish(request, "contrast", screen.contrast) is Contrast.HIGH:
        look.append("is-high")
    if _wish(request, "motion", screen.motion) is Motion.REDUCED:
        look.append("is-still")
    return page(request, "screen.html", context, look=" ".join(look))


@router.api_route("/board", methods=["GET", "HEAD"])
async def board_page(request: Request, hall: Hall) -> Response:
    """How many wait for each service of the hall."""
    return _board(request, hall, None)


@router.api_route("/board/{area_id}", methods=["GET", "HEAD"])
async def area_board_page(request: Request, hall: Hall, area_id: str) -> Response:
    """How many wait for each service of an area."""
    if hall.site.area(area_id) is None:
        return words_page(request, "words.area", status=404)
    return _board(request, hall, area_id)


def _board(request: Request, hall: HallPort, area: str | None) -> Response:
    site = hall.site
    areas = [area] if area is not None else [each.id for each in site.areas]
    if area is None and any(counter.area is None for counter in site.counters):
        areas = []  # windows of no area are told by the whole stream alone
    name = "".join(_names(site, [area])) if area is not None else ""
    context = {"name": name, "areas": areas}
    is_high = _wish(request, "contrast", Contrast.NORMAL) is Contrast.HIGH
    return page(request, "board.html", context, look="is-high" if is_high else "")


def _media(screen: Screen) -> dict[str, int] | None:
    if screen.media is None:
        return None
    return {"after_s": screen.media_after_s, "each_s": screen.media_each_s}


def _areas(site: Site, ids: Sequence[str]) -> list[dict[str, Any]]:
    named = zip(ids, _names(site, ids), strict=True)
    return [{"id": area_id, "name": name} for area_id, name in named]


def _names(site: Site, ids: Sequence[str]) -> list[str]:
    found = [site.area(area_id) for area_id in ids]
    return [area.name or area.id for area in found if area is not None]


def _wish(request: Request, name: str, otherwise: Choice) -> Choice:
    """A choice of the address, for a quick look; else that of the hall file."""
    known = {each.value: each for each in type(otherwise)}
    return known.get(request.query_params.get(name, ""), otherwise)
