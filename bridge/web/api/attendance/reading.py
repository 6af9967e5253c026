"""Bodies of requests as facts; whatever does not fit is told in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final

from pydantic import ValidationError

from bridge.service.attendance.facts.kinds import ADAPTERS, NUMBERED
from bridge.service.attendance.told import Fact, FactKind
from bridge.web.problems import ProblemError

MAX_FACTS: Final = 1000
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2999

_NEW: Final = "new"

_PLAIN: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "missing_keyword_only_argument": "is missing",
    "missing_argument": "is missing",
    "unexpected_keyword_argument": "is not known here",
    "extra_forbidden": "is not known here",
    "dataclass_type": "want an object",
    "datetime_type": "want a time with offset, such as 2026-03-02T08:30:00+08:00",
    "datetime_parsing": "want a time with offset, such as 2026-03-02T08:30:00+08:00",
    "datetime_from_date_parsing": "want a time with offset, "
    "such as 2026-03-02T08:30:00+08:00",
    "date_type": "want a day, such as 2026-03-02",
    "date_parsing": "want a day, such as 2026-03-02",
    "date_from_datetime_parsing": "want a day, such as 2026-03-02",
    "date_from_datetime_inexact": "want a day, such as 2026-03-02",
    "time_type": "want a time of day, such as 08:30",
    "time_parsing": "want a time of day, such as 08:30",
    "string_type": "want text",
    "int_type": "want a whole number",
    "float_type": "want a number",
    "bool_type": "want true or false",
    "list_type": "want a list",
    "string_pattern_mismatch": "has a character that may not stand here",
}
"""Words for people instead of pydantic's, by type of error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with which field of which fact, counted from 0."""

    index: int
    field: str
    message: str


def read_facts(kind: FactKind, bodies: Sequence[object]) -> list[Fact]:
    """Facts as `tell` takes them; raises the problem `invalid-facts`."""
    read: list[Fact] = []
    mistakes: list[Mistake] = []
    for index, body in enumerate(bodies):
        try:
            read.append(_read(kind, body))
        except ValidationError as error:
            mistakes += mistakes_of(index, error)
        except _UnfitError as error:
            mistakes.append(
                Mistake(index=index, field=error.field, message=error.message)
            )
    if mistakes:
        raise invalid_facts(mistakes)
    return read


def mistakes_of(index: int, error: ValidationError) -> list[Mistake]:
    """What is wrong with one fact, in plain words."""
    return [_mistake(index, entry) for entry in error.errors()]


def invalid_facts(mistakes: Sequence[Mistake]) -> ProblemError:
    """The problem that lists mistakes of facts."""
    lines = [
        f"{m.index + 1}: {m.field}: {m.message}" if m.field else m.message
        for m in mistakes
    ]
    return ProblemError(
        "invalid-facts",
        "; ".join(lines[:20]) + ("; and more" if len(lines) > 20 else ""),
        errors=[
            {"index": m.index, "field": m.field, "message": m.message} for m in mistakes
        ],
    )


class _UnfitError(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _read(kind: FactKind, body: object) -> Fact:
    is_new = False
    if isinstance(body, dict) and kind in NUMBERED and body.get("id") in {None, ""}:
        body, is_new = {**body, "id": _NEW}, True
    try:
        text = json.dumps(body)
        fact: Any = ADAPTERS[kind].validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        # A lone surrogate is JSON to Python, but no text that could be kept.
        if any(entry["type"] == "json_invalid" for entry in error.errors()):
            raise _UnfitError("", "has a character that is none") from error
        raise
    for field, value in _values(fact):
        _check_time(field, value)
    told: Fact = replace(fact, id="") if is_new else fact
    return told


def _check_time(field: str, value: object) -> None:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise _UnfitError(field, "want a time with offset, such as +08:00 at its end")
    if isinstance(value, time) and value.tzinfo is not None:
        raise _UnfitError(field, "want the hall's time of day, without offset")
    if isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise _UnfitError(field, f"want a year from {FIRST_YEAR} to {LAST_YEAR}")


def _values(value: Any, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value within a fact, with the way to it."""
    if is_dataclass(value):
        for field in fields(value):
            inner = f"{path}.{field.name}" if path else field.name
            yield from _values(getattr(value, field.name), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _values(item, f"{path}.{index}")
    else:
        yield path, value


def _mistake(index: int, entry: Mapping[str, Any]) -> Mistake:
    kind = str(entry["type"])
    message = _PLAIN.get(kind) or str(entry["msg"]).removeprefix("Value error, ")
    field = ".".join(str(part) for part in entry["loc"])
    return Mistake(index=index, field=field, message=message)
