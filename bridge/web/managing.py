"""The managers' pages: one shell, a view at each address."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bridge.domain.attendance.results import DayState
from bridge.domain.attendance.rulings import STATES_BY_CORRECTION
from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall
from bridge.web.rendering import catalogue, choose_language, missing_page, page
from bridge.web.routes import Routes

router = Routes()

BASE: Final = "/manage/attendance"

VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    "today": ("words", "today"),
    "month": ("fields", "words", "days", "standing", "month"),
    "days": ("fields", "words", "days"),
    "day": ("fields", "words", "facts", "ledger", "day"),
    "inbox": ("fields", "facts", "preview", "inbox"),
    "correction": ("fields", "preview", "correction"),
    "leave": ("fields", "preview", "correction", "leave"),
    "gap": ("fields", "preview", "correction", "gap"),
    "checks": ("fields", "preview", "facts", "checks"),
    "people": ("fields", "preview", "people"),
    "unknown": ("fields", "preview", "people"),
    "imports": ("fields", "imports"),
    "plan": ("fields", "words", "preview", "plan"),
    "stand-ins": ("fields", "words", "plan"),
    "clocks": ("fields", "clocks"),
    "ledger": ("fields", "ledger"),
}
"""The scripts that each view needs, in order."""

MENU: Final = (
    "today",
    "month",
    "days",
    "inbox",
    "checks",
    "people",
    "plan",
    "clocks",
    "ledger",
)
"""The views that stand in the bar; the others are reached from them."""

_UNDER: Final = {
    "day": "days",
    "correction": "inbox",
    "leave": "inbox",
    "gap": "inbox",
    "unknown": "people",
    "imports": "people",
    "stand-ins": "plan",
}
"""Which entry of the bar is marked in a view that has none."""

CLOCK_DRIVERS: Final = frozenset({"zk", "adms"})

CORRECTION_STATES: Final = tuple(
    state.value for state in DayState if state in STATES_BY_CORRECTION
)


@router.api_route("/manage", methods=["GET", "HEAD"])
async def manage_page(request: Request) -> Response:
    """Where managers begin."""
    query = request.url.query
    return RedirectResponse(BASE + (f"?{query}" if query else ""), status_code=307)


@router.api_route(BASE, methods=["GET", "HEAD"])
async def today_page(request: Request, hall: Hall) -> Response:
    """Today at a glance."""
    return _view(request, hall, "today")


@router.api_route(f"{BASE}/{{view}}", methods=["GET", "HEAD"])
async def view_page(request: Request, hall: Hall, view: str) -> Response:
    """Another view of attendance; its filters are in the query."""
    if view not in VIEWS:
        return missing_page(request)
    return _view(request, hall, view)


def address(view: str) -> str:
    """Where a view is."""
    return BASE if view == "today" else f"{BASE}/{view}"


def _view(request: Request, hall: HallPort, view: str) -> Response:
    language = choose_language(request.query_params.get("lang"))
    texts = catalogue()[language]
    now = hall.now()
    context = {
        "view": view,
        "now": now.isoformat(),
        "today": now.date().isoformat(),
        "counters": {c.id: c.name or c.id for c in hall.site.counters},
        "clocks": {
            device.id: device.name or device.id
            for device in hall.site.devices
            if device.driver in CLOCK_DRIVERS
        },
        "correction_states": list(CORRECTION_STATES),
        "needs_token": hall.site.web.is_public,
    }
    scripts = "\n".join(
        f'<script src="/assets/manage-{name}.js"></script>' for name in VIEWS[view]
    )
    title = texts[f"manage.view.{view.replace('-', '_')}"]
    return page(
        request,
        "manage.html",
        context,
        title=html.escape(f"{title} · {texts['title.manage']}"),
        view=view,
        links=_bar(view, texts, request),
        other=html.escape(_other(request, language)),
        scripts=scripts,
    )


def _bar(view: str, texts: Mapping[str, str], request: Request) -> str:
    lang = request.query_params.get("lang")
    suffix = f"?lang={html.escape(choose_language(lang))}" if lang else ""
    here = _UNDER.get(view, view)
    links = []
    for name in MENU:
        mark = ' aria-current="page"' if name == here else ""
        label = html.escape(texts[f"manage.view.{name}"])
        links.append(f'<a href="{address(name)}{suffix}"{mark}>{label}</a>')
    return "\n".join(links)


def _other(request: Request, language: str) -> str:
    """This page in the other language, with its filters."""
    other = next(name for name in catalogue() if name != language)
    return f"{request.url.path}?{request.url.include_query_params(lang=other).query}"
