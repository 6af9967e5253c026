"""Screens as the hall file names them, and the media that they show when idle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, cast
from urllib.parse import quote

from fastapi import Depends, Request, Response
from starlette.responses import FileResponse

from bridge.service.media import Albums, Kind
from bridge.web.api.depends import Hall, NoQuery
from bridge.web.encoding import answer
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes
from devices.screens import screen_of

router = Routes()

_CACHE: Final = {"Cache-Control": "public, max-age=86400"}
"""The address changes with the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaItem:
    """Something to show."""

    url: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaList:
    """What a screen shows when nobody is called, and what is wrong with it."""

    items: Sequence[MediaItem]
    faults: Sequence[str]


def albums_of(request: Request) -> Albums:
    """The folders of the hall's screens."""
    return cast("Albums", request.app.state.albums)


@router.api_route("/media/{screen_id}", methods=["GET", "HEAD"], dependencies=[NoQuery])
async def list_media(
    request: Request,
    hall: Hall,
    albums: Annotated[Albums, Depends(albums_of)],
    screen_id: str,
) -> Response:
    """What a screen shows when nobody is called, in its order."""
    if screen_of(hall.site, screen_id) is None:
        raise ProblemError("not-found", f"no screen {screen_id!r}")
    album = await albums.album(screen_id, hall.now())
    items = [
        MediaItem(
            url=f"/media/{screen_id}/{quote(name)}?v={file.version}", kind=file.kind
        )
        for name, file in album.files.items()
    ]
    return answer(request, MediaList(items=items, faults=album.faults))


@router.api_route("/media/{screen_id}/{name}", methods=["GET", "HEAD"])
async def read_media(
    hall: Hall,
    albums: Annotated[Albums, Depends(albums_of)],
    screen_id: str,
    name: str,
) -> Response:
    """A file of a screen's folder, or the part of it that `Range` asks for.

    Only a name that the folder has is ever opened.
    """
    album = await albums.album(screen_id, hall.now())
    file = album.files.get(name)
    try:
        stat = None if file is None else await asyncio.to_thread(file.path.stat)
    except OSError:
        stat = None  # taken away a moment ago
    if file is None or stat is None:
        raise ProblemError("not-found", f"no file {name!r} for screen {screen_id!r}")
    return FileResponse(
        file.path, media_type=file.media_type, headers=_CACHE, stat_result=stat
    )
