"""Reads a hall file: every mistake at once, each with file, line and key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from bridge.cli.mistakes import (
    Mistake,
    key_text,
    model_at,
    plain_message,
    real_path,
    unknown_key,
)
from bridge.cli.positions import Document, Path, TextError, decode_text, read_document
from bridge.cli.secrets import Secrets
from devices.errors import ConfigurationError
from devices.site import DeviceEntry, Site
from devices.site_mistakes import mistakes_of

LATER_DRIVERS: Final = frozenset({"pcsc"})
"""Drivers of the contract that a later version brings."""
LATER: Final = "not part of this version; the device stays offline"
_LISTS: Final = ("services", "counters", "areas", "kiosks", "screens", "devices")
_BARE_TTY: Final = re.compile(r"^serial:/dev/tty(USB|ACM)\d+")
_PRIVATE: Final = re.compile(r"password|token|key|secret|url$", re.IGNORECASE)


@dataclass(slots=True)
class HallFile:
    """A hall file as it was read; `site` only without mistakes."""

    path: FilePath
    site: Site | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)


def read_hall_file(
    path: FilePath, environment: Mapping[str, str] | None = None
) -> HallFile:
    """Read, check and type a hall file; never raises for what the file says."""
    hall = HallFile(path)
    secrets = Secrets(path.parent, os.environ if environment is None else environment)
    try:
        document = read_document(decode_text(path.read_bytes()), secrets.read)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        hall.mistakes.append(_mistake(path, 1, (), message))
        return hall
    except TextError as error:
        hall.mistakes.append(_mistake(path, error.line, (), str(error)))
        return hall
    _Check(hall, document).run()
    for line, message in secrets.mistakes:
        hall.mistakes.append(_mistake(secrets.path, line, (), message))
    for message in secrets.warnings:
        hall.warnings.append(_mistake(secrets.path, 1, (), message))
    if hall.mistakes:
        hall.site = None
    hall.mistakes = sorted(set(hall.mistakes))
    return hall


class _Check:
    """One reading of one document."""

    def __init__(self, hall: HallFile, document: Document) -> None:
        self._hall = hall
        self._document = document
        self._told: set[Path] = set()
        self._later: set[str] = set()

    def run(self) -> None:
        data = self._document.data
        for flaw in self._document.flaws:
            self._tell(flaw.path, flaw.message, line=flaw.line)
        if not isinstance(data, dict):
            what = "is empty" if data is None else "is no mapping of keys"
            self._tell((), f"the hall file {what}; it starts with `hall: {{id: ...}}`")
            return
        site, places = self._validate(data)
        if site is not None:
            for mistake in mistakes_of(site):
                self._reference(_mapped(mistake.path, places), str(mistake))
        self._check_devices(data)
        if site is not None:
            site = self._located(site)
        self._hall.site = site
        if site is not None and not self._hall.mistakes:
            self._advise(site)

    def _located(self, site: Site) -> Site:
        """With folders as this process finds them, not from the hall file's place."""

        def located(folder: str | None) -> str | None:
            if folder is None:
                return None
            path = self._hall.path.parent / FilePath(folder).expanduser()
            return str(path.resolve())

        screens = [
            screen.model_copy(update={"media": located(screen.media)})
            for screen in site.screens
        ]
        return site.model_copy(
            update={"guides": located(site.guides), "screens": screens}
        )

    def _validate(self, data: dict[str, Any]) -> tuple[Site | None, _Places]:
        """The site, of sound parts only when there are mistakes."""
        everything: _Places = {
            name: list(range(len(items)))
            for name in _LISTS
            if isinstance(items := data.get(name), list)
        }
        try:
            return Site.model_validate(data), everything
        except ValidationError as error:
            for item in error.errors():
                path = real_path(item["loc"], data)
                if item["type"] == "value_error" and self._told_below(path):
                    continue
                self._tell(path, self._message(item, path, Site))
        return _salvage(data, self._told)

    def _message(
        self, item: Mapping[str, Any], path: Path, model: type[BaseModel]
    ) -> str:
        private = any(path[: len(p)] == p for p in self._document.secrets) or (
            bool(path) and bool(_PRIVATE.search(str(path[-1])))
        )
        return plain_message(item, path, model, secret=private)

    def _told_below(self, path: Path) -> bool:
        """Whether a part is wrong, so that the whole may only seem wrong."""
        return any(told[: len(path)] == path for told in self._told)

    def _reference(self, path: Path, message: str) -> None:
        """A dangling reference, unless what it means stands there, with a mistake."""
        target = self._document.at(path)
        if message.startswith("no ") and target in _raw_ids(self._document.data):
            return
        self._tell(path, message)

    def _check_devices(self, data: Mapping[str, Any]) -> None:
        devices = data.get("devices")
        for index, raw in enumerate(devices if isinstance(devices, list) else []):
            path: Path = ("devices", index)
            try:
                entry = DeviceEntry.model_validate(raw)
            except ValidationError:
                continue
            self._check_device(path, entry)

    def _check_device(self, path: Path, entry: DeviceEntry) -> None:
        # Drivers take time to import; a file with syntax errors needs none.
        from drivers.registry import check_device, find_driver  # noqa: PLC0415

        if entry.url and _BARE_TTY.match(entry.url):
            self._warn(
                (*path, "url"),
                "this name may change at the next start; "
                "use /dev/serial/by-id/... or by-path/...",
            )
        if entry.driver in LATER_DRIVERS:
            try:
                find_driver(entry.driver)
            except ConfigurationError:
                self._warn((*path, "driver"), f"{entry.driver}: {LATER}")
                self._later.add(entry.driver)
                return
        for error in check_device(entry):
            tail = real_path(error.path, self._document.at(path))
            if any(part == "driver" for part in error.path):
                tail = ("driver",)
            message = str(error)
            if "no such key" in message or message.startswith("Extra inputs"):
                model = find_driver(entry.driver).parameters_model
                models = [*model_at(model, tail[:-1])]
                if len(tail) == 1:
                    models.append(DeviceEntry)
                message = unknown_key(str(tail[-1]), models)
            elif message == "Field required":
                message = "is missing"
            self._tell((*path, *tail), message)

    def _advise(self, site: Site) -> None:
        # As above: only a sound file needs the drivers.
        from drivers.registry import advise_device  # noqa: PLC0415

        for index, entry in enumerate(site.devices):
            if entry.driver not in self._later:
                for advice in advise_device(entry, site):
                    self._warn(("devices", index, *advice.path), str(advice))

    def _tell(self, path: Path, message: str, line: int | None = None) -> None:
        if line is None and path in self._told:
            return
        self._told.add(path)
        at = self._document.line(path) if line is None else line
        self._hall.mistakes.append(_mistake(self._hall.path, at, path, message))

    def _warn(self, path: Path, message: str) -> None:
        at = self._document.line(path)
        self._hall.warnings.append(_mistake(self._hall.path, at, path, message))


_Places = dict[str, list[int]]
"""For each list, the place in the file of each item that was kept."""


def _salvage(data: dict[str, Any], wrong: set[Path]) -> tuple[Site | None, _Places]:
    """Keep what has no mistake, so that the rest can be checked all the same."""
    kept: dict[str, Any] = {"hall": {"id": "x"}}
    places: _Places = {}
    bad = {path[:2] for path in wrong}
    for name in _LISTS:
        items = data.get(name)
        if isinstance(items, list):
            places[name] = [i for i in range(len(items)) if (name, i) not in bad]
            kept[name] = [items[i] for i in places[name]]
    try:
        return Site.model_validate(kept), places
    except ValidationError:
        return None, places


def _mapped(path: Path, places: _Places) -> Path:
    match path:
        case (str(name), int(index), *rest) if name in places:
            return (name, places[name][index], *rest)
        case _:
            return path


def _raw_ids(data: Mapping[str, Any]) -> Iterator[Any]:
    for name in _LISTS:
        items = data.get(name)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, Mapping):
                yield item.get("id")


def _mistake(file: FilePath, line: int, path: Path, message: str) -> Mistake:
    return Mistake(file=str(file), line=line, key=key_text(path), message=message)
