"""Lists: which part of them, filtered by which columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.domain.views import Page, TicketState
from bridge.service.ports import ListQuery

Item = TypeVar("Item")

MAX_LIMIT: Final = 1000
MAX_OFFSET: Final = 10**12
"""Keeps an offset within what a database takes."""

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
)
_SPACE_FOR_PLUS: Final = re.compile(r" (?=\d\d:\d\d$)")


def _read_time(value: object) -> datetime:
    # A `+` that was not percent-encoded arrives as a space.
    text = _SPACE_FOR_PLUS.sub("+", str(value))
    if not _RFC3339.fullmatch(text):
        raise ValueError("want RFC 3339 with offset, such as 2026-03-02T08:30:00+08:00")
    try:
        moment = datetime.fromisoformat(text.upper())
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such time: {error}") from error
    return moment


def _null(value: object) -> object:
    return None if value == "null" else value


Moment = Annotated[datetime, BeforeValidator(_read_time)]
"""A time in a query: RFC 3339 with offset."""

Word = Annotated[str, Field(max_length=128)]
"""A column's value in a query."""

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
"""What people write: not empty, no control characters."""

HallDay = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A day of the hall in a query."""

NullableWord = Annotated[Word | None, BeforeValidator(_null)]
"""A column's value, or the word `null`."""

NullableNumber = Annotated[
    Annotated[int, Field(ge=-99, le=99)] | None, BeforeValidator(_null)
]
"""A small number, or the word `null`."""


class Slice(BaseModel):
    """The part of a list. Filters that are not given do not filter."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0

    @property
    def equals(self) -> dict[str, Any]:
        """The filters given, by column."""
        apart = {"limit", "offset", "from_time", "to_time"}
        return {name: getattr(self, name) for name in self.model_fields_set - apart}

    def query(self) -> ListQuery:
        """As the hall reads it."""
        return ListQuery(
            limit=self.limit,
            offset=self.offset,
            equals=self.equals or None,
            from_time=getattr(self, "from_time", None),
            to_time=getattr(self, "to_time", None),
        )

    def cut(self, items: Sequence[Item]) -> Page[Item]:
        """The part of a list that is in memory already."""
        fitting = [item for item in items if _fits(item, self.equals)]
        end = self.offset + self.limit
        return Page(items=fitting[self.offset : end], total=len(fitting))


class TimedSlice(Slice):
    """A part of a list of records: `from <= time < to`."""

    from_time: Annotated[Moment | None, Field(alias="from")] = None
    to_time: Annotated[Moment | None, Field(alias="to")] = None


class PunchSlice(TimedSlice):
    """Which punches."""

    device: Word | None = None
    user_id: Word | None = None
    direction: Word | None = None
    method: Word | None = None


class RatingSlice(TimedSlice):
    """Which presses."""

    counter: NullableWord = None
    value: NullableNumber = None
    linked: bool | None = None
    ticket: NullableWord = None
    reason: NullableWord = None
    staff: NullableWord = None


class TicketSlice(Slice):
    """Which tickets."""

    state: TicketState | None = None
    service: Word | None = None
    counter: NullableWord = None
    day: HallDay | None = None
    number: Word | None = None
    staff: NullableWord = None


class CallerKeySlice(TimedSlice):
    """Which keys."""

    device: Word | None = None
    counter: NullableWord = None
    address: NullableWord = None
    key: Word | None = None
    reason: NullableWord = None


class SeatSlice(TimedSlice):
    """Who sat where."""

    counter: Word | None = None
    staff: Word | None = None
    until: Annotated[Moment | None, BeforeValidator(_null)] = None


class DeviceSlice(Slice):
    """Which devices."""

    id: Word | None = None
    driver: Word | None = None
    name: Word | None = None
    state: Word | None = None
    node: Word | None = None


class ServiceSlice(Slice):
    """Which services."""

    id: Word | None = None
    prefix: Word | None = None
    name: Word | None = None


class CounterSlice(Slice):
    """Which windows."""

    id: Word | None = None
    number: int | None = None
    name: Word | None = None
    area: NullableWord = None
    state: Word | None = None
    staff: NullableWord = None


class AreaSlice(Slice):
    """Which areas."""

    id: Word | None = None
    name: Word | None = None


class AlarmSlice(Slice):
    """Which alarms."""

    id: Word | None = None
    kind: Word | None = None


def _fits(item: object, equals: Mapping[str, Any]) -> bool:
    for name, wanted in equals.items():
        seen = item.get(name) if isinstance(item, Mapping) else getattr(item, name)
        if seen != wanted and str(seen) != str(wanted):
            return False
    return True
