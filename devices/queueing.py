"""What the hall file says of the queue: classes, limits, quotas, rosters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from devices.ids import Id

LEAP_YEAR: Final = 2024
"""A season may begin or end on 02-29."""
_DAY: Final = re.compile(r"(\d{4}-)?\d{2}-\d{2}")

Minutes = Annotated[float, Field(ge=0, le=1440)]
Limit = Annotated[int, Field(ge=0, le=10_000)]


class OnCallWhileOpen(StrEnum):
    """What a caller's call key does while its window has a ticket open."""

    FINISH_AND_NEXT = "finish_and_next"
    RECALL = "recall"
    IGNORE = "ignore"


class QueueModel(BaseModel):
    """Strict about keys: a misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowRules(QueueModel):
    """Rules of a window; for one window they stand before the hall's."""

    on_call_while_open: OnCallWhileOpen | None = None
    min_between_calls_s: Annotated[float, Field(ge=0, le=600)] | None = None
    """A call sooner than this after the window's last one is refused."""
    recall_limit: Limit | None = None
    """How often one who does not come is called again; then it is a no-show."""
    hold_limit: Limit | None = None
    """How many tickets the window may hold at a time."""
    hold_timeout_min: Minutes | None = None
    """A ticket held for longer waits again, at its old turn."""


class Priority(QueueModel):
    """A class of citizens with a head start."""

    id: Id
    name: str = ""
    name_en: str = ""
    """The name on pages in English; empty: `name`."""
    ahead_min: Minutes
    """Their turn counts as if they had come so much earlier."""
    kiosk: bool = False
    """Citizens choose it themselves at the kiosk."""


class AppointmentSettings(QueueModel):
    """When somebody with an appointment may draw the ticket."""

    before_min: Minutes = 60
    """So long before the appointed time at most."""
    after_min: Minutes = 20
    """So long after it at most."""


class RejoinSettings(QueueModel):
    """Who missed the call may wait again."""

    within_min: Minutes = 30
    """Up to so long after the no-show; 0: never."""
    within_tickets: Limit | None = None
    """Up to so many tickets called for the service since."""
    after: Limit = 3
    """Behind so many of those who wait."""


class KioskRules(QueueModel):
    """What citizens may do at a kiosk besides drawing a ticket."""

    several_services: bool = False
    """Draw one ticket for several services of a visit."""
    rejoin: bool = True
    """Wait again after a missed call, within the limits of `rejoin`."""


class QueueSettings(WindowRules):
    """Rules of the queue for the whole hall."""

    on_call_while_open: OnCallWhileOpen = OnCallWhileOpen.FINISH_AND_NEXT
    priorities: list[Priority] = []
    appointments: AppointmentSettings = AppointmentSettings()
    rejoin: RejoinSettings = RejoinSettings()
    at_kiosk: KioskRules = KioskRules()
    call_text: str = "请{number}号到{counter}号窗口"
    """LED text of a call; knows {number} and {counter}."""
    idle_text: str = "热情为您服务"
    pause_text: str = "暂停服务"

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        try:
            self.call_text.format(number="A001", counter=1)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"call_text may hold {{number}} and {{counter}} only: {error}"
            ) from error
        return self

    def priority(self, priority_id: str) -> Priority | None:
        """The class of that id."""
        return next((p for p in self.priorities if p.id == priority_id), None)


class Quota(QueueModel):
    """How many tickets may be drawn in a part of the day, `from` <= time < `to`."""

    from_time: Annotated[time, Field(alias="from")]
    to_time: Annotated[time, Field(alias="to")]
    limit: Limit

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_time >= self.to_time:
            raise ValueError("`from` must be before `to`")
        return self


class WeightedService(QueueModel):
    """A service of a window; with weight 2 waiting counts twice there."""

    id: Id
    weight: Annotated[float, Field(gt=0, le=100)] = 1


def _kind(value: object) -> str:
    return "id" if isinstance(value, str) else "weighted"


ServiceRef = Annotated[
    Annotated[Id, Tag("id")] | Annotated[WeightedService, Tag("weighted")],
    Discriminator(_kind),
]
"""A service of a window: its id alone, or with a weight."""


def service_id(ref: ServiceRef) -> str:
    """The id of a window's service."""
    return ref if isinstance(ref, str) else ref.id


def _day_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _real_day(value: str) -> str:
    if not _DAY.fullmatch(value):
        raise ValueError("want a day such as 2026-03-02, or of each year 03-02")
    full = value if len(value) == 10 else f"{LEAP_YEAR}-{value}"
    try:
        date.fromisoformat(full)
    except ValueError as error:
        raise ValueError(f"no such day: {value}") from error
    return value


Day = Annotated[str, BeforeValidator(_day_text), AfterValidator(_real_day)]
"""A day, YYYY-MM-DD, or the same day of each year, MM-DD."""


class RosterRow(QueueModel):
    """What a window serves on some days, instead of its `services`."""

    services: list[ServiceRef]
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = []
    """1 Monday to 7 Sunday; empty: every day."""
    from_day: Annotated[Day | None, Field(alias="from")] = None
    """The first day; MM-DD makes a season of each year."""
    to_day: Annotated[Day | None, Field(alias="to")] = None
    """The last day."""
    every_weeks: Annotated[int, Field(ge=2, le=53)] | None = None
    """In the week of `from` and each so many weeks later: turns of several units."""

    @model_validator(mode="after")
    def _sound_days(self) -> Self:
        given = [day for day in (self.from_day, self.to_day) if day is not None]
        if len({len(day) for day in given}) > 1:
            raise ValueError("`from` and `to` must both have a year, or neither")
        if len(given) == 2 and len(given[0]) == 10 and given[0] > given[1]:
            raise ValueError("`from` must not be after `to`")
        if self.every_weeks and (self.from_day is None or len(self.from_day) != 10):
            raise ValueError("every_weeks needs a `from` with its year: the first week")
        return self


def weights_of(refs: Sequence[ServiceRef]) -> Mapping[str, float]:
    """Service to weight, in the given order."""
    return {
        ref if isinstance(ref, str) else ref.id: (
            1.0 if isinstance(ref, str) else ref.weight
        )
        for ref in refs
    }


def service_refs(
    services: list[ServiceRef], roster: list[RosterRow]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every service that a window names, with the path to it."""
    for place, ref in enumerate(services):
        yield ("services", place), service_id(ref)
    for row, entry in enumerate(roster):
        for place, ref in enumerate(entry.services):
            yield ("roster", row, "services", place), service_id(ref)
