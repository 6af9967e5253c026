"""What attendance answers: days flattened, and how answers are described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, get_type_hints

from pydantic import BaseModel, create_model

from bridge.domain.attendance.explain import Line, explain
from bridge.domain.attendance.results import DayResult, DayState
from bridge.domain.attendance.wording import say
from bridge.domain.views import Page
from bridge.service.attendance.views import DayChange, DayExplained, DayRow, Today

_CLOCK_WAITS: Final = frozenset({"waiting.clock", "note.clock"})


def plain_result(result: DayResult) -> dict[str, Any]:
    """A result with `state`, the worst of its states, beside them."""
    return {"state": result.state, **_fields(result)}


def plain_row(row: DayRow) -> dict[str, Any]:
    """A day of a list: the result with whose it is."""
    return {
        "person": row.result.person,
        "name": row.name,
        "department": row.department,
        "group": row.group,
        "closed": row.closed,
        **plain_result(row.result),
    }


def plain_explained(
    explained: DayExplained, lang: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """A day with all that led to it, in sentences too; `row` is as in lists.

    `names`: what people call the clocks, by id; `params` keep the ids.
    """
    pending = explained.pending
    return {
        **_fields(explained),
        "row": plain_row(explained.row),
        "pending": None if pending is None else plain_result(pending),
        "lines": [
            {
                "code": line.code,
                "text": say(_named(line, names), lang),
                "params": line.params,
            }
            for line in explain(explained.row.result)
        ],
    }


def _named(line: Line, names: Mapping[str, str]) -> Line:
    """The sentence with its clock's name for its id."""
    key = "what" if line.code in _CLOCK_WAITS else "device"
    device = line.params.get(key)
    if not isinstance(device, str) or device not in names:
        return line
    return Line(code=line.code, params={**line.params, key: names[device]})


def plain_change(change: DayChange) -> dict[str, Any]:
    """What a change does to a day."""
    before, after = change.before, change.after
    return {
        **_fields(change),
        "before": None if before is None else plain_result(before),
        "after": None if after is None else plain_result(after),
    }


def plain_today(today: Today) -> dict[str, Any]:
    """Today at a glance."""
    return {
        **_fields(today),
        "exceptions": [plain_row(row) for row in today.exceptions],
    }


def page_of(item: Any) -> Any:
    """The description of a list of such items."""
    generic: Any = Page
    return generic[item]


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _rows_of(item: Any) -> Any:
    generic: Any = Sequence
    return generic[item]


def _described(
    title: str, source: type[Any], about: str, /, **changes: Any
) -> type[BaseModel]:
    """The fields of a dataclass as a description, some of them changed."""
    hints: Mapping[str, Any] = {**get_type_hints(source), **changes}
    described: dict[str, Any] = {
        key: (hint, ...) for key, hint in hints.items() if hint is not None
    }
    return create_model(title, __doc__=about, **described)


class SaidLine(BaseModel):
    """A sentence of an explanation; `code` and `params` are for programs."""

    code: str
    text: str
    params: dict[str, str | int | float]


Result: Final = _described(
    "DayResult", DayResult, "The result of one person and day.", state=DayState
)
Day: Final = _described(
    "Day",
    DayResult,
    "A day of one person: the result with whose it is.",
    state=DayState,
    name=str,
    department=str,
    group=str,
    closed=bool,
)
Explained: Final = _described(
    "DayExplained",
    DayExplained,
    "A day and everything that led to it.",
    row=Day,
    pending=Result | None,
    lines=list[SaidLine],
)
Change: Final = _described(
    "DayChange",
    DayChange,
    "What a change would do to a day.",
    before=Result | None,
    after=Result | None,
)
Glance: Final = _described(
    "Today", Today, "Today at a glance.", exceptions=_rows_of(Day)
)
