"""When the hall is open, as the hall file says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weekday = Annotated[int, Field(ge=1, le=7)]


class OpeningHours(BaseModel):
    """Open on these weekdays, `from` <= time < `to`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] = [
        1,
        2,
        3,
        4,
        5,
    ]
    """1 is Monday."""
    from_time: Annotated[time, Field(alias="from")]
    to_time: Annotated[time, Field(alias="to")]

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_time >= self.to_time:
            raise ValueError("`from` must be before `to`")
        return self


def spans_on(
    hours: Iterable[OpeningHours], weekday: int
) -> Sequence[tuple[time, time]]:
    """From when to when it is open on such a day, by time; 1 is Monday."""
    return sorted(
        (each.from_time, each.to_time) for each in hours if weekday in each.weekdays
    )
