"""Pictures and videos that screens show while nobody is called."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from devices.site import Site

log = logging.getLogger(__name__)

MAX_FILES: Final = 200
"""Files of one screen; further ones are told and left out."""
MAX_PICTURE_BYTES: Final = 30 * 1024 * 1024
"""More than this is a picture that an old TV box cannot hold."""
LOOK_EVERY: Final = timedelta(seconds=2)
"""A folder is looked at no more often, whoever asks."""


class Kind(StrEnum):
    """What a file is to a page."""

    PICTURE = "picture"
    VIDEO = "video"


TYPES: Final[Mapping[str, tuple[Kind, str]]] = {
    ".jpg": (Kind.PICTURE, "image/jpeg"),
    ".jpeg": (Kind.PICTURE, "image/jpeg"),
    ".png": (Kind.PICTURE, "image/png"),
    ".gif": (Kind.PICTURE, "image/gif"),
    ".webp": (Kind.PICTURE, "image/webp"),
    ".mp4": (Kind.VIDEO, "video/mp4"),
    ".m4v": (Kind.VIDEO, "video/mp4"),
    ".webm": (Kind.VIDEO, "video/webm"),
}
"""What browsers show and what can hold no script (so no SVG)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file of the folder; `version` changes with its content."""

    path: Path
    kind: Kind
    media_type: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """What a folder holds, by name in the order of names, and what is wrong."""

    files: Mapping[str, MediaFile] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read_album(folder: Path) -> Album:
    """Look at a folder; never raises for what is or is not in it."""
    try:
        root = folder.resolve(strict=True)
        paths = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    except OSError as error:
        return Album(faults=(f"{folder}: cannot be read: {_reason(error)}",))
    files: dict[str, MediaFile] = {}
    faults = []
    for path in paths:
        found = _look(path, root)
        if isinstance(found, str):
            faults.append(f"{path}: {found}")
        elif len(files) < MAX_FILES:
            files[path.name] = found
        else:
            faults.append(f"{folder}: only the first {MAX_FILES} files are shown")
            break
    if not files and not faults:
        faults.append(f"{folder}: holds no picture and no video")
    return Album(files=files, faults=tuple(faults))


def _look(path: Path, root: Path) -> MediaFile | str:
    """A file as pages may have it, or why not."""
    known = TYPES.get(path.suffix.lower())
    if known is None:
        return f"is none of {', '.join(TYPES)}; left out"
    kind, media_type = known
    try:
        real = path.resolve(strict=True)
        stat = real.stat()
        with real.open("rb"):
            pass  # whether it may be read is told now, not by a dark screen
    except OSError as error:
        return f"cannot be read: {_reason(error)}"
    if not real.is_relative_to(root):
        return f"leads out of the folder, to {real}; left out"
    if not stat.st_size:
        return "is empty; left out"
    if kind is Kind.PICTURE and stat.st_size > MAX_PICTURE_BYTES:
        return f"is larger than {MAX_PICTURE_BYTES // 1024**2} MB; left out"
    version = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
    return MediaFile(path=real, kind=kind, media_type=media_type, version=version)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


class Albums:
    """The folders of a running hall's screens, looked at again as they change."""

    def __init__(self, site: Site) -> None:
        self._folders = {
            screen.id: Path(screen.media)
            for screen in site.screens
            if screen.media is not None
        }
        self._known: dict[str, tuple[datetime, Album]] = {}
        self._told: dict[str, tuple[str, ...]] = {}
        self._lock = asyncio.Lock()

    async def album(self, screen: str, now: datetime) -> Album:
        """What a screen may show now; empty when it has no folder."""
        folder = self._folders.get(screen)
        if folder is None:
            return Album()
        async with self._lock:
            looked, album = self._known.get(screen, (None, Album()))
            if looked is None or not timedelta() <= now - looked < LOOK_EVERY:
                album = await asyncio.to_thread(read_album, folder)
                self._known[screen] = (now, album)
                self._tell(screen, album.faults)
        return album

    def _tell(self, screen: str, faults: tuple[str, ...]) -> None:
        """Log what is wrong once, and once that it is well again."""
        told = self._told.get(screen, ())
        for fault in faults:
            if fault not in told:
                log.warning("media of screen %s: %s", screen, fault)
        if told and not faults:
            log.info("all media of screen %s can be read again", screen)
        self._told[screen] = faults
