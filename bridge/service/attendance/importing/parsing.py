"""Tables that people send, as facts to tell: every bad row is listed, none written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, tzinfo
from typing import Final

from bridge.service.attendance.importing.columns import ImportKind
from bridge.service.attendance.importing.fields import FIELDS
from bridge.service.attendance.importing.known import (
    Facts,
    ImportResult,
    KnownIds,
    KnownLeave,
    PaperDecision,
)
from bridge.service.attendance.importing.leave import read_calendar, read_leaves
from bridge.service.attendance.importing.people import read_people
from bridge.service.attendance.importing.postings import read_postings
from bridge.service.attendance.importing.reading import (
    HEADING_WITHIN,
    BadRow,
    Headings,
    Reading,
    RowReading,
    find_headings,
)
from bridge.service.attendance.importing.shifts import read_shifts
from bridge.service.attendance.importing.tables import Table, TableError, read_table
from bridge.service.attendance.importing.words import say

__all__ = [
    "BadRow",
    "ImportKind",
    "ImportResult",
    "KnownIds",
    "KnownLeave",
    "PaperDecision",
    "Table",
    "TableError",
    "parse",
    "read_file",
    "read_table",
]

NOON: Final = time(12)
"""Where halves of a day meet, unless the hall says otherwise."""


def read_file(
    data: bytes,
    kind: ImportKind,
    known: KnownIds,
    *,
    zone: tzinfo,
    noon: time,
    lang: str,
) -> ImportResult:
    """Read and parse a file; raises `TableError`."""
    return parse(kind, read_table(data, lang), known, zone=zone, noon=noon, lang=lang)


def parse(
    kind: ImportKind,
    table: Table,
    known: KnownIds,
    *,
    zone: tzinfo,
    noon: time = NOON,
    lang: str = "zh-CN",
) -> ImportResult:
    """Read a table of `kind` below its headings.

    The headings are within the first 5 rows, in Chinese or English, in any order;
    columns that are unknown are told and ignored. Facts of bad rows are left out.
    """
    fields = FIELDS[kind]
    headings = find_headings(table, fields)
    if headings is None:
        names = "、".join(column.heading(lang) for column in fields if column.required)
        message = say("heading", lang, n=HEADING_WITHIN, names=names)
        first = table.rows[0].number if table.rows else 1
        bad = [BadRow(row=first, column="", value="", message=message)]
        return ImportResult(bad=bad)
    reading = Reading(
        headings=headings, fields={column.name: column for column in fields}, lang=lang
    )
    rows = [row for row in table.rows if row.number > headings.row]
    numbers = [row.number for row in rows]
    if bad := _bad_headings(reading, headings, lang):
        return ImportResult(
            rows=len(rows), bad=bad, ignored=headings.unknown, numbers=numbers
        )
    into = Facts()
    _read(kind, map(reading.row, rows), known, into, zone=zone, noon=noon)
    return ImportResult(
        facts=into.facts,
        sources=into.sources,
        titles=headings.titles,
        decisions=into.decisions,
        rows=len(rows),
        bad=sorted(reading.bad, key=lambda found: found.row),
        ignored=headings.unknown,
        same=into.same,
        numbers=numbers,
    )


def _read(
    kind: ImportKind,
    rows: Iterable[RowReading],
    known: KnownIds,
    into: Facts,
    *,
    zone: tzinfo,
    noon: time,
) -> None:
    if kind is ImportKind.PEOPLE:
        read_people(rows, known, into)
    elif kind is ImportKind.POSTINGS:
        read_postings(rows, known, into)
    elif kind is ImportKind.SHIFTS:
        read_shifts(rows, into)
    elif kind is ImportKind.LEAVE:
        read_leaves(rows, known, into, zone=zone, noon=noon)
    else:
        read_calendar(rows, into)


def _bad_headings(reading: Reading, headings: Headings, lang: str) -> list[BadRow]:
    bad = [(title, say("column_twice", lang, name=title)) for title in headings.twice]
    for name, column in reading.fields.items():
        if column.required and name not in headings.columns:
            title = column.heading(lang)
            bad.append((title, say("column_missing", lang, name=title)))
    return [
        BadRow(row=headings.row, column=title, value="", message=message)
        for title, message in bad
    ]
