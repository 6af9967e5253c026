"""Guides from a table that a hall has: CSV or XLSX, one item a row."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from bridge.domain.guides.columns import COLUMNS, TITLE, Column, column_of
from bridge.domain.guides.parsing import (
    CHINESE,
    LANGUAGES,
    GuideError,
    parse_guide,
)
from bridge.domain.guides.writing import (
    SHORT,
    body_from,
    file_from,
    id_from,
    is_untouched,
    one_line,
    plain,
    title_flaw,
)
from bridge.service.attendance.importing.tables import (
    Cell,
    Formula,
    Row,
    Table,
    TableError,
)
from bridge.service.guides import MAX_FILES
from devices.topics import ID_PATTERN

MAX_CELL: Final = 32_767
"""Characters of a cell, as Excel has them."""
_HEAD_ROWS: Final = 10
"""Headings stand within the first rows: above them is the table's own title."""
_SEPARATORS: Final[Mapping[str, str]] = {CHINESE: r"[,，、;；|/\s]+"}
"""Between tags; words of other languages have spaces in them."""
_OTHER_SEPARATORS: Final = r"[,;|/\n]+"

Key = tuple[str, str]
"""A column's name and its language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCell:
    """A cell that no guide can be made of; `column` is its heading."""

    row: int
    column: str
    value: str
    message: str


class Fate(StrEnum):
    """What comes of a file."""

    NEW = "new"
    SAME = "same"
    UPDATED = "updated"
    """It stood as an import had written it."""
    KEPT = "kept"
    """Somebody changed it, or wrote it: it stays."""
    FORCED = "forced"
    """Somebody changed it, and it is overwritten all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A file of a guide, by its name in the folder."""

    row: int
    name: str
    text: str
    fate: Fate

    @property
    def is_written(self) -> bool:
        """Whether the file is to be written."""
        return self.fate not in {Fate.SAME, Fate.KEPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a table comes to; nothing may be written while something is bad."""

    rows: int
    pages: Sequence[Page] = ()
    bad: Sequence[BadCell] = ()
    ignored: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Makes pages of rows and keeps what is bad."""

    headings: Mapping[Key, tuple[int, str]]
    """Where each column stands, and its heading."""
    services: Mapping[str, str]
    folder: Path
    force: bool
    bad: list[BadCell] = field(default_factory=list)
    rows_of: dict[str, int] = field(default_factory=dict)
    """Ids met, without case, with their rows."""

    def pages(self, row: Row) -> Iterator[Page]:
        texts = self._texts(row)
        before = len(self.bad)
        title = one_line(texts.get(("title", CHINESE), ""))
        if flaw := title_flaw(title):
            self._tell(row, ("title", CHINESE), title, flaw)
        guide_id = self._id(row, texts, title)
        head = {
            "title": title,
            "service": self._service(row, texts),
            "order": self._order(row, texts),
        }
        if len(self.bad) > before:
            return
        for lang in (CHINESE, *LANGUAGES):
            own = {name: text for (name, of), text in texts.items() if of == lang}
            if own.get("title"):
                name = f"{guide_id}.md" if lang == CHINESE else f"{guide_id}.{lang}.md"
                start = head if lang == CHINESE else {"title": one_line(own["title"])}
                page = self._page(row, name, lang, start, own)
                if page is not None:
                    yield page
            elif own:
                key = (next(iter(own)), lang)
                self._tell(row, key, own[key[0]], "has no title in that language")

    def _texts(self, row: Row) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for key, (index, _) in self.headings.items():
            cell = row.cells[index] if index < len(row.cells) else None
            if isinstance(cell, Formula):
                message = "is a formula or error: paste its value"
                self._tell(row, key, str(cell), message)
            elif text := plain(_text_of(cell)):
                found[key] = text
        return found

    def _id(self, row: Row, texts: Mapping[Key, str], title: str) -> str:
        key = ("id", CHINESE)
        told = texts.get(key, "")
        guide_id = told or id_from(title)
        if told and not re.fullmatch(ID_PATTERN, told):
            self._tell(row, key, told, "want 1-64 of A-Z a-z 0-9 _ -")
        elif title and not guide_id:
            self._tell(row, key, "", "no id can be made of the title: give one")
        elif guide_id:
            first = self.rows_of.setdefault(guide_id.casefold(), row.number)
            if first != row.number:
                message = f"row {first} has the same id {guide_id!r}: give another"
                self._tell(row, key if told else ("title", CHINESE), told, message)
        return guide_id

    def _service(self, row: Row, texts: Mapping[Key, str]) -> str | None:
        key = ("service", CHINESE)
        told = one_line(texts.get(key, ""))
        if not told or told in self.services:
            return told or None
        for service, name in self.services.items():
            if name == told:
                return service
        known = ", ".join(f"{one} ({name})" for one, name in self.services.items())
        self._tell(row, key, told, f"no such service; there are: {known or 'none'}")
        return None

    def _order(self, row: Row, texts: Mapping[Key, str]) -> int | None:
        key = ("order", CHINESE)
        told = texts.get(key, "")
        if not told:
            return None
        if told.isascii() and told.isdigit() and int(told) <= 9999:
            return int(told)
        self._tell(row, key, told, "want a whole number from 0 to 9999")
        return None

    def _page(
        self,
        row: Row,
        name: str,
        lang: str,
        start: Mapping[str, Any],
        own: dict[str, str],
    ) -> Page | None:
        window = one_line(own.get("window", ""))
        head = {
            **start,
            "unit": one_line(own.get("unit", "")),
            "window": window if len(window) <= SHORT else "",
            "tags": _tags(own.get("tags", ""), lang),
        }
        parts = [
            (column.heading(lang), own[column.name])
            for column in COLUMNS
            if column.is_section and column.name in own
        ]
        text = file_from(head, body_from(parts))
        try:
            parse_guide(name, text.encode(), self.services)
        except GuideError as error:
            for flaw in error.flaws:
                self._tell(row, ("title", lang), own["title"], flaw.message)
            return None
        return Page(row=row.number, name=name, text=text, fate=self._fate(name, text))

    def _fate(self, name: str, text: str) -> Fate:
        path = self.folder / name
        try:
            there = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            return Fate.NEW
        except UnicodeDecodeError:
            there = ""
        if there == text:
            return Fate.SAME
        if is_untouched(there):
            return Fate.UPDATED
        return Fate.FORCED if self.force else Fate.KEPT

    def _tell(self, row: Row, key: Key, value: str, message: str) -> None:
        _, heading = self.headings.get(key, (0, ""))
        name, lang = key
        if not heading:
            heading = next(each.heading(lang) for each in COLUMNS if each.name == name)
        shown = one_line(value)[:60]
        self.bad.append(
            BadCell(row=row.number, column=heading, value=shown, message=message)
        )


def plan_import(
    table: Table, services: Mapping[str, str], folder: Path, *, force: bool = False
) -> Plan:
    """What a table comes to in a folder of guides; `services` are id and name.

    Raises `TableError` when the table has no headings, and `OSError`.
    """
    start, headings, ignored = _headings(table)
    reader = _Reader(headings=headings, services=services, folder=folder, force=force)
    rows = table.rows[start:]
    pages = [page for row in rows for page in reader.pages(row)]
    new = sum(page.fate is Fate.NEW for page in pages)
    there = len(list(folder.glob("*.md"))) if folder.is_dir() else 0
    if there + new > MAX_FILES:
        raise TableError(f"{there} guides and {new} new ones: more than {MAX_FILES}")
    return Plan(rows=len(rows), pages=pages, bad=reader.bad, ignored=ignored)


def write_pages(plan: Plan, folder: Path) -> None:
    """Write what is planned, each file whole or not at all; raises `OSError`."""
    folder.mkdir(exist_ok=True)
    for page in plan.pages:
        if page.is_written:
            _replace(folder / page.name, page.text)


def template() -> str:
    """A table with every heading and one example, as CSV for Excel and WPS."""
    columns = [each for each in COLUMNS if each.example]
    lines = [[each.zh for each in columns], [each.example for each in columns]]
    told = "".join(",".join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)
    return f"\ufeff{told}"


def _headings(
    table: Table,
) -> tuple[int, Mapping[Key, tuple[int, str]], Sequence[str]]:
    """After which row items begin, the columns that are known, and other headings."""
    for count, row in enumerate(table.rows[:_HEAD_ROWS], start=1):
        known: dict[Key, tuple[int, str]] = {}
        ignored: list[str] = []
        for index, cell in enumerate(row.cells):
            heading = one_line(_text_of(cell))
            found = column_of(heading)
            if found is None:
                ignored += [heading] if heading else []
                continue
            key = _key(found)
            if key in known:
                raise TableError(
                    f"row {row.number}: the columns {known[key][1]!r} and {heading!r} "
                    "say the same; keep one of them"
                )
            known[key] = (index, heading)
        if (TITLE.name, CHINESE) in known:
            return count, known, ignored
    raise TableError(
        f"no heading row within the first {_HEAD_ROWS} rows: "
        f"one column must be called {TITLE.zh}"
    )


def _key(found: tuple[Column, str]) -> Key:
    column, lang = found
    # Id, service and order are the guide's own, whatever the language.
    return column.name, CHINESE if column.name in {"id", "service", "order"} else lang


def _tags(text: str, lang: str) -> list[str]:
    parts = re.split(_SEPARATORS.get(lang, _OTHER_SEPARATORS), text)
    return [part.strip() for part in parts if part.strip()]


def _text_of(cell: Cell) -> str:
    if cell is None or isinstance(cell, bool):
        return {None: "", True: "是", False: "否"}[cell]
    if isinstance(cell, date | time):  # a datetime is a date
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.10g}"
    return str(cell)


def _replace(path: Path, text: str) -> None:
    """Put a file in place at once; a link there is replaced, not followed."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=".guide-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(made).chmod(0o644)
        Path(made).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(made).unlink()
        raise
