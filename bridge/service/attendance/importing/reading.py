"""Reading a table row by row: headings, cells, and everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from bridge.service.attendance.facts.kinds import from_json
from bridge.service.attendance.importing.columns import Field, plain_heading
from bridge.service.attendance.importing.tables import Cell, Row, Table
from bridge.service.attendance.importing.values import CellError, to_text
from bridge.service.attendance.importing.words import say
from bridge.service.attendance.told import FactKind

Value = TypeVar("Value")

HEADING_WITHIN: Final = 5
"""Titles may stand above the headings."""
_SHOWN: Final = 100
"""Characters of a bad value that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A cell that cannot be taken: where, what, and why in the asked language."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """Which column holds which field, and what the file calls it."""

    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    unknown: Sequence[str]
    twice: Sequence[str]


@dataclass(slots=True)
class Reading:
    """A table that is being read; gathers every bad row."""

    headings: Headings
    fields: Mapping[str, Field]
    lang: str
    bad: list[BadRow] = field(default_factory=list)

    def row(self, row: Row) -> RowReading:
        """The reader of a row."""
        return RowReading(reading=self, row=row)

    def title(self, name: str) -> str:
        """What the file calls a column, or what we do."""
        return self.headings.titles.get(name) or self.fields[name].heading(self.lang)


@dataclass(slots=True)
class RowReading:
    """A row that is being read."""

    reading: Reading
    row: Row
    refused: set[tuple[str, str]] = field(default_factory=set)

    @property
    def failed(self) -> bool:
        """Whether anything of it is bad."""
        return bool(self.refused)

    @property
    def number(self) -> int:
        """Its number in the file."""
        return self.row.number

    def has(self, name: str) -> bool:
        """Whether the file has this column."""
        return name in self.reading.headings.columns

    def cell(self, name: str) -> Cell:
        """What stands in a column; None when it is empty or not there."""
        place = self.reading.headings.columns.get(name)
        if place is None or place >= len(self.row.cells):
            return None
        cell = self.row.cells[place]
        return None if cell == "" else cell

    def take(
        self, name: str, convert: Callable[[Cell], Value], default: Any = None
    ) -> Any:
        """The value of a column; `default` when it is empty or bad."""
        cell = self.cell(name)
        if cell is None:
            if self.reading.fields[name].required:
                self.refuse(name, "empty")
            return default
        try:
            return convert(cell)
        except CellError as error:
            self.refuse(name, error.code, **error.figures)
            return default

    def text(self, name: str) -> str:
        """The text of a column, `""` when it is empty."""
        found: str = self.take(name, to_text, "")
        return found

    def refuse(self, name: str, code: str, /, **figures: object) -> None:
        """Say that a cell is bad, and why."""
        if (name, code) in self.refused:
            return
        self.refused.add((name, code))
        cell = self.cell(name)
        try:
            shown = "" if cell is None else to_text(cell)
        except CellError:
            shown = str(cell)
        self.reading.bad.append(
            BadRow(
                row=self.number,
                column=self.reading.title(name),
                value=_visible(shown),
                message=say(code, self.reading.lang, **figures),
            )
        )

    def build(
        self, kind: FactKind, values: Mapping[str, Any], columns: Mapping[str, str]
    ) -> Any:
        """The fact, or None when its limits do not allow it.

        `columns`: field of the fact -> column of the table, where they differ.
        """
        try:
            return from_json(kind, values)
        except ValidationError as error:
            for found in error.errors():
                name = str(found["loc"][0]) if found["loc"] else ""
                name = columns.get(name, name)
                if name not in self.reading.fields:
                    name = next(iter(self.reading.fields))
                code, figures = _reason(found, name)
                self.refuse(name, code, **figures)
            return None


def find_headings(table: Table, fields: Sequence[Field]) -> Headings | None:
    """The first row that has most of the needed headings; None without any."""
    known: dict[str, str] = {}
    for text, name in (
        *((text, column.name) for column in fields for text in (column.zh, column.en)),
        *((text, column.name) for column in fields for text in column.also),
        *((column.name, column.name) for column in fields),
    ):
        known.setdefault(plain_heading(text), name)
    required = {column.name for column in fields if column.required}
    best: Headings | None = None
    score = 0
    for row in table.rows[:HEADING_WITHIN]:
        found = _headings(row, known)
        hits = len(required & set(found.columns)) * 10 + len(found.columns)
        if hits > score and required & set(found.columns):
            best, score = found, hits
    return best


def _headings(row: Row, known: Mapping[str, str]) -> Headings:
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    unknown, twice = [], []
    for place, cell in enumerate(row.cells):
        text = cell if isinstance(cell, str) else ""
        if not text:
            continue
        name = known.get(plain_heading(text))
        if name is None:
            unknown.append(_visible(text))
        elif name in columns:
            twice.append(_visible(text))
        else:
            columns[name] = place
            titles[name] = _visible(text)
    return Headings(
        row=row.number, columns=columns, titles=titles, unknown=unknown, twice=twice
    )


def _reason(error: Any, name: str) -> tuple[str, dict[str, object]]:
    context = error.get("ctx") or {}
    kind = error["type"]
    if kind == "string_pattern_mismatch":
        if name == "user_id":
            return "user_id", {}
        return ("key" if "A-Za-z" in str(context.get("pattern")) else "text"), {}
    if kind in {"string_too_long", "too_long"}:
        limit = context.get("max_length")
        return ("long" if kind == "string_too_long" else "too_many"), {"n": limit}
    if kind == "string_too_short":
        return "empty", {}
    return "invalid", {"why": error["msg"]}


def _visible(text: str) -> str:
    shown = "".join(
        mark if mark.isprintable() else f"\\x{ord(mark):02x}" for mark in text[:_SHOWN]
    )
    return shown + ("…" if len(text) > _SHOWN else "")
