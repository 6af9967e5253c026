"""The web application: API, live stream, health and pages."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bridge.service.guides import Guides
from bridge.service.media import Albums
from bridge.service.ports import HallPort
from bridge.service.voice import Speaker
from bridge.web import health, managing, media, problems, rendering, screening, voice
from bridge.web.api import (
    attendance,
    equipment,
    guides,
    queueing,
    records,
    stream,
    windows,
)
from bridge.web.api.attendance.documents import schemas
from bridge.web.api.depends import ProblemDocument
from bridge.web.guard import Guard
from bridge.web.idempotency import OnceOnly
from bridge.web.live import HEARTBEAT_S, Live

API = "/api/v1"


def create_app(
    hall: HallPort,
    *,
    heartbeat_s: float = HEARTBEAT_S,
    speaker: Speaker | None = None,
) -> FastAPI:
    """The application for one hall; `app.state.live.close()` ends its streams."""
    app = FastAPI(
        title="halld",
        version="1",
        description="The devices, queue, ratings and attendance of one service hall.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.hall = hall
    app.state.live = Live(hall, heartbeat_s=heartbeat_s)
    app.state.guides = Guides(hall.site)
    app.state.albums = Albums(hall.site)
    app.state.commands = OnceOnly()
    app.state.speaker = speaker or Speaker()
    app.add_middleware(Guard, settings=hall.site.web)
    problems.install(app, rendering.missing_page)
    _add_routes(app, described=False)
    for page in (rendering, screening, voice, media, managing):
        page.router.add_to(app, include_in_schema=False)
    _describe(app)
    return app


def _add_routes(app: FastAPI, *, described: bool) -> None:
    for part in (queueing, windows, guides, records, attendance, equipment, stream):
        part.router.add_to(app, prefix=API, described=described)
    health.router.add_to(app, described=described)


def _describe(app: FastAPI) -> None:
    """Make the OpenAPI document when first asked, problems and facts included."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = FastAPI()
            _add_routes(described, described=True)
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=described.routes,
            )
            shapes = schema.setdefault("components", {}).setdefault("schemas", {})
            shapes["ProblemDocument"] = ProblemDocument.model_json_schema()
            for name, shape in schemas().items():
                shapes.setdefault(name, shape)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
