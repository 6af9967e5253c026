"""Leave asked for by days and half days, as moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from bridge.domain.attendance.facts import LeaveUnit
from bridge.web.api.attendance.reading import Mistake, invalid_facts, mistakes_of
from bridge.web.api.attendance.slices import Day
from devices.site import Site


class Half(StrEnum):
    """Before or after noon."""

    AM = "am"
    PM = "pm"


class _Dates(BaseModel):
    """Whole days, ends included, or half of one."""

    model_config = ConfigDict(extra="forbid")

    date_from: Day
    date_to: Day | None = None
    half: Half | None = None

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        last = self.date_to or self.date_from
        if last < self.date_from:
            raise ValueError("date_to is before date_from")
        if self.half is not None and last != self.date_from:
            raise ValueError("half goes with one day; ask for the rest apart")
        return self


def with_moments(body: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """The body of a leave with `start`, `end` and `unit`, however it was asked for.

    Raises the problem `invalid-facts`.
    """
    names = ("date_from", "date_to", "half")
    given = {name: body[name] for name in names if body.get(name) is not None}
    own = {name: value for name, value in body.items() if name not in names}
    if not given:
        own.setdefault("unit", LeaveUnit.HOUR.value)
        return own
    for name in ("start", "end"):
        if name in body:
            words = "give start and end, or date_from and date_to"
            raise invalid_facts([Mistake(index=0, field=name, message=words)])
    try:
        dates = _Dates.model_validate(given)
    except ValidationError as error:
        raise invalid_facts(mistakes_of(0, error)) from error
    last = dates.date_to or dates.date_from
    unit = LeaveUnit.DAY if dates.half is None else LeaveUnit.HALF_DAY
    noon = _moment(dates.date_from, site.attendance.noon, site)
    start = _moment(dates.date_from, time.min, site)
    end = _moment(last + timedelta(days=1), time.min, site)
    own.setdefault("unit", unit.value)
    own["start"] = (noon if dates.half is Half.PM else start).isoformat()
    own["end"] = (noon if dates.half is Half.AM else end).isoformat()
    return own


def _moment(day: date, at: time, site: Site) -> datetime:
    return datetime.combine(day, at, site.hall.zone)
