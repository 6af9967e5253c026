"""Which part of attendance's lists: filters of their columns."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bridge.domain.attendance.facts import (
    CorrectionKind,
    DayKind,
    Finding,
    LeaveKind,
    Status,
)
from bridge.domain.attendance.results import DayState
from bridge.service.attendance.port import DayQuery, FactQuery
from bridge.web.lists import NullableWord, Slice, Word

_DAY: Final = re.compile(r"2\d{3}-\d\d-\d\d")


def read_day(value: object) -> date:
    """A day of a path or a query; raises ValueError."""
    text = str(value)
    if not _DAY.fullmatch(text):
        raise ValueError("want a day from year 2000 on, such as 2026-03-02")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"no such day: {error}") from error


Day = Annotated[date, BeforeValidator(read_day)]
"""A day of the hall: YYYY-MM-DD."""
Month = Annotated[str, Field(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$")]
"""A month: yyyy-mm."""


def month_days(month: str) -> tuple[date, date]:
    """First day of a month, and of the one after."""
    year, number = int(month[:4]), int(month[5:])
    first = date(year, number, 1)
    return first, first + timedelta(days=calendar.monthrange(year, number)[1])


class LanguageQuery(BaseModel):
    """The language of words: `zh-CN`, or `en`."""

    model_config = ConfigDict(extra="forbid")

    lang: Annotated[str, Field(max_length=16)] = "zh-CN"


class DaysSlice(Slice):
    """A part of a list by days: `from <= day < to`."""

    from_day: Annotated[Day | None, Field(alias="from")] = None
    to_day: Annotated[Day | None, Field(alias="to")] = None


class DaySlice(DaysSlice):
    """Which days of whom."""

    day: Day | None = None
    month: Month | None = None
    person: Word | None = None
    department: Word | None = None
    state: DayState | None = None
    final: bool | None = None
    exceptions: bool = False

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        is_range = self.from_day is not None or self.to_day is not None
        if is_range + (self.day is not None) + (self.month is not None) > 1:
            raise ValueError("give one of day, month, or from and to")
        return self

    def days(self) -> DayQuery:
        """As attendance reads it."""
        begin, end = self.from_day, self.to_day
        if self.day is not None:
            begin, end = self.day, self.day + timedelta(days=1)
        elif self.month is not None:
            begin, end = month_days(self.month)
        return DayQuery(
            limit=self.limit,
            offset=self.offset,
            person=self.person,
            department=self.department,
            state=self.state,
            final=self.final,
            exceptions=self.exceptions,
            from_day=begin,
            to_day=end,
        )


class MonthSlice(Slice):
    """Whose month; this month unless told."""

    month: Month | None = None
    person: Word | None = None
    department: Word | None = None


class FactSlice(DaysSlice):
    """Which facts: those that touch `from <= day < to`."""

    def facts(self) -> FactQuery:
        """As attendance reads it."""
        apart = {"limit", "offset", "from_day", "to_day", "person", "status"}
        return FactQuery(
            limit=self.limit,
            offset=self.offset,
            person=getattr(self, "person", None),
            status=getattr(self, "status", None),
            equals={
                name: value
                for name in sorted(self.model_fields_set - apart)
                if (value := getattr(self, name)) is not None
            },
            from_day=self.from_day,
            to_day=self.to_day,
        )


class PersonSlice(FactSlice):
    """Which people."""

    id: Word | None = None
    name: Word | None = None
    department: Word | None = None
    group: Word | None = None


class ShiftSlice(FactSlice):
    """Which shifts."""

    id: Word | None = None
    name: Word | None = None


class PostingSlice(FactSlice):
    """Which postings."""

    person: Word | None = None
    shift: Word | None = None
    counter: Word | None = None


class CalendarSlice(FactSlice):
    """Which days of the calendar."""

    kind: DayKind | None = None
    name: Word | None = None


class YearSlice(FactSlice):
    """Which years of the calendar."""

    year: int | None = None


class LeaveSlice(FactSlice):
    """Which leaves."""

    person: Word | None = None
    status: Status | None = None
    kind: LeaveKind | None = None


class CorrectionSlice(FactSlice):
    """Which corrections."""

    person: Word | None = None
    status: Status | None = None
    kind: CorrectionKind | None = None
    day: Day | None = None


class SpotCheckSlice(FactSlice):
    """Which spot checks."""

    person: Word | None = None
    place: Word | None = None
    finding: Finding | None = None


class CoverSlice(FactSlice):
    """Which stand-ins are named."""

    place: Word | None = None
    a: Word | None = None
    b: Word | None = None


class StandInSlice(DaysSlice):
    """Which stand-ins were due: `from <= day < to`, today unless told."""

    cover: Word | None = None
    place: Word | None = None
    a: Word | None = None
    b: Word | None = None
    state: Word | None = None

    @property
    def equals(self) -> dict[str, object]:
        """The filters given, by column; the days are asked for apart."""
        given = super().equals
        return {k: v for k, v in given.items() if k not in {"from_day", "to_day"}}


class ClockSlice(Slice):
    """Which clocks."""

    device: Word | None = None
    name: Word | None = None
    state: Word | None = None
    serial: Word | None = None


class UnknownUserSlice(Slice):
    """Which unknown numbers; `left=null`: not of somebody who left."""

    user_id: Word | None = None
    left: NullableWord = None


class TamperSlice(Slice):
    """Which operations at clocks."""

    device: Word | None = None
    kind: Word | None = None


class LedgerSlice(Slice):
    """Which rows of the ledger."""

    kind: Word | None = None
    key: Word | None = None
