"""A day's result as it is kept: packed, with what is searched beside it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from bridge.domain.attendance.results import DayResult

_ADAPTER: Final = TypeAdapter(DayResult)
_LEVEL: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedDay:
    """A row of `day_row`, ready to be written."""

    day: str
    person: str
    states: str
    final: bool
    next_look: datetime | None
    ends: datetime | None
    data: bytes


def pack(result: DayResult) -> PackedDay:
    """A result as a row."""
    return PackedDay(
        day=result.day.isoformat(),
        person=result.person,
        states=",".join(result.states),
        final=result.final,
        next_look=result.next_look,
        ends=result.ends,
        data=zlib.compress(_ADAPTER.dump_json(result), _LEVEL),
    )


def unpack(data: bytes) -> DayResult:
    """The result of a row's data."""
    return _ADAPTER.validate_json(zlib.decompress(data))


def says_the_same(one: DayResult, other: DayResult) -> bool:
    """Whether two results differ in nothing but when and by which reading."""
    return _essence(one) == _essence(other)


def _essence(result: DayResult) -> bytes:
    bare = replace(result, coverage={}, next_look=None, waiting=(), final=True)
    return _ADAPTER.dump_json(bare)
