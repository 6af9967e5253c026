"""Reads small tables as people send them, against a hall with two people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.attendance.facts import Person
from bridge.service.attendance.importing.parsing import (
    ImportKind,
    ImportResult,
    KnownIds,
    parse,
    read_table,
)

ZONE = ZoneInfo("Asia/Shanghai")
KNOWN = KnownIds(
    people={
        "0007": Person(id="0007", name="测试"),
        "0008": Person(id="0008", name="证件样本"),
    },
    shifts={"day": "行政班", "noon": "值班", "late": "值班"},
    counters=frozenset({"1", "2"}),
)


def read(
    kind: str, *lines: str, known: KnownIds = KNOWN, lang: str = "zh-CN"
) -> ImportResult:
    table = read_table("\r\n".join(lines).encode(), lang)
    return parse(ImportKind(kind), table, known, zone=ZONE, lang=lang)


def bad(result: ImportResult) -> list[tuple[int, str, str]]:
    return [(found.row, found.column, found.value) for found in result.bad]


def only(result: ImportResult) -> Any:
    assert result.bad == []
    (fact,) = result.facts
    return fact


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type, misc]  # y, m, d, ...
