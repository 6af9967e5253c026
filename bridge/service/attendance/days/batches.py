"""Many days at once, as a worker process takes them: plain data in, rows out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from bridge.domain.attendance.days import conclude
from bridge.domain.attendance.facts import Confirmation, Person
from bridge.domain.attendance.inputs import (
    Coverage,
    DayInput,
    Decided,
    Punch,
    Schedule,
)
from bridge.domain.attendance.results import DayResult
from bridge.service.attendance.days.rows import PackedDay, pack

NOTHING: Final = Decided()
AROUND: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """People, their days, and what those follow from."""

    people: Mapping[str, Person]
    days: Mapping[str, Sequence[date]]
    schedule: Schedule
    punches: Mapping[str, Sequence[Punch]]
    """By person, by time."""
    decided: Mapping[tuple[str, date], Decided]
    """Only where there is anything."""
    coverage: Mapping[str, Coverage]
    now: datetime
    confirmations: Mapping[int, Confirmation] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many days."""
        return sum(len(days) for days in self.days.values())


def conclude_batch(batch: Batch) -> list[DayResult]:
    """The results, person by person."""
    return [
        conclude(given, batch.now)
        for name, days in batch.days.items()
        for given in _inputs(batch, name, days)
    ]


def _inputs(batch: Batch, name: str, days: Sequence[date]) -> Iterator[DayInput]:
    zone = batch.now.tzinfo
    punches = batch.punches.get(name, ())
    times = [punch.time for punch in punches]
    strays = [each for each in punches if is_stray(each, batch.confirmations)]
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=zone) - AROUND
        end = start + 3 * AROUND
        first, last = bisect_left(times, start), bisect_left(times, end)
        near = list(punches[first:last])
        if strays:
            near += [
                each
                for each in strays
                if not start <= each.time < end
                and start <= moment_of(each, batch.confirmations) < end
            ]
            near.sort(key=lambda each: (each.time, each.id))
        decided = batch.decided.get((name, day), NOTHING)
        if batch.confirmations:
            decided = replace(decided, confirmations=batch.confirmations)
        yield DayInput(
            person=batch.people[name],
            day=day,
            schedule=batch.schedule,
            punches=near,
            decided=decided,
            coverage=batch.coverage,
        )


def is_stray(punch: Punch, confirmations: Mapping[int, Confirmation]) -> bool:
    """Whether it may belong to another day than its clock said."""
    return bool(punch.flags) or punch.id in confirmations


def moment_of(punch: Punch, confirmations: Mapping[int, Confirmation]) -> datetime:
    """When it really was, as far as that is known: confirmed, or received."""
    told = confirmations.get(punch.id)
    return told.time if told is not None and told.time is not None else punch.received


def pack_batch(batch: Batch) -> list[PackedDay]:
    """The results as rows."""
    return [pack(result) for result in conclude_batch(batch)]
