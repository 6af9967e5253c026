"""The hall's service guides, read again when their files change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bridge.domain.guides.parsing import (
    CHINESE,
    MAX_BYTES,
    Flaw,
    Guide,
    GuideError,
    parse_guide,
)
from devices.site import Site

log = logging.getLogger(__name__)

MAX_FILES: Final = 1000
"""Guides of one hall; further files are told and left out."""
LOOK_EVERY: Final = timedelta(seconds=2)
"""Files are looked at no more often, whoever asks."""

Stamp = tuple[int, int]
"""When a file was written, in ns, and its size in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one file says; the last good guide stays while the file is wrong."""

    stamp: Stamp
    guide: Guide | None
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Every file of the folder by name, and what is wrong with the folder."""

    files: Mapping[str, Kept] = field(default_factory=dict)
    fault: str = ""

    @property
    def guides(self) -> list[Guide]:
        """Every guide that can be read, in the order of the list."""
        known = [kept.guide for kept in self.files.values() if kept.guide is not None]
        others: dict[str, list[Guide]] = {}
        for guide in known:
            if guide.lang != CHINESE:
                others.setdefault(guide.id, []).append(guide)
        whole = [
            replace(guide, others=tuple(others.get(guide.id, ())))
            for guide in known
            if guide.lang == CHINESE
        ]
        return sorted(whole, key=lambda guide: (guide.order, guide.title, guide.id))

    @property
    def flaws(self) -> list[tuple[str, Flaw]]:
        """What is wrong with files, each with the file's name."""
        found: list[tuple[str, Flaw]] = []
        for name, kept in sorted(self.files.items()):
            found += [(name, flaw) for flaw in kept.flaws]
            guide = kept.guide
            if guide is None or guide.lang == CHINESE:
                continue
            base = f"{guide.id}.md"
            if base not in self.files:
                found.append((name, Flaw(1, f"there is no {base} that it translates")))
        return found

    @property
    def faults(self) -> list[str]:
        """What is wrong, each with file and line."""
        told = [self.fault] if self.fault else []
        return told + [f"{name}:{one.line}: {one.message}" for name, one in self.flaws]


def read_shelf(folder: Path, services: frozenset[str], known: Shelf) -> Shelf:
    """Look at a folder; files that did not change since `known` are not read."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".md")
    except OSError as error:
        # What was read stays up: a folder that is being replaced is away a moment.
        fault = f"{folder}: cannot be read: {error.strerror or error}"
        return Shelf(files=known.files, fault=fault)
    fault = ""
    if len(paths) > MAX_FILES:
        fault = f"{folder}: {len(paths)} files; only the first {MAX_FILES} are read"
    files = {}
    for path in paths[:MAX_FILES]:
        files[path.name] = _read(path, services, known.files.get(path.name))
    return Shelf(files=files, fault=fault)


def _read(path: Path, services: frozenset[str], known: Kept | None) -> Kept:
    stamp: Stamp = (0, 0)
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if known is not None and known.stamp == stamp:
            return known
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        return Kept(stamp=stamp, guide=parse_guide(path.name, raw, services))
    except OSError as error:
        flaws = [Flaw(1, f"cannot be read: {error.strerror or error}")]
    except GuideError as error:
        flaws = error.flaws
    last = known.guide if known is not None else None
    return Kept(stamp=stamp, guide=last, flaws=tuple(flaws))


class Guides:
    """The guides of a running hall; without a folder there are none."""

    def __init__(self, site: Site) -> None:
        self._folder = Path(site.guides) if site.guides is not None else None
        self._services = frozenset(service.id for service in site.services)
        self._shelf = Shelf()
        self._looked: datetime | None = None
        self._told: list[str] = []
        self._lock = asyncio.Lock()

    async def shelf(self, now: datetime) -> Shelf:
        """As the files are now, or were a moment ago."""
        if self._folder is None:
            return self._shelf
        async with self._lock:
            if (
                self._looked is None
                or not timedelta() <= now - self._looked < LOOK_EVERY
            ):
                self._looked = now
                self._shelf = await asyncio.to_thread(
                    read_shelf, self._folder, self._services, self._shelf
                )
                self._tell(self._shelf.faults)
        return self._shelf

    def _tell(self, faults: list[str]) -> None:
        """Log what is wrong once, and once that it is well again."""
        for fault in faults:
            if fault not in self._told:
                log.warning("service guide %s", fault)
        if self._told and not faults:
            log.info("all service guides can be read again")
        self._told = faults
