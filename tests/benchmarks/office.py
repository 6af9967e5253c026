"""A hall's staff of any size and what it punched: specimens, always the same."""

from __future__ import annotations

import calendar as months
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bridge.domain.attendance.calendar import day_kind
from bridge.domain.attendance.facts import DayKind, Person, Posting, Session, Shift
from bridge.domain.attendance.inputs import Calendar
from bridge.service.hall import Hall
from bridge.store.bulk import insert_many
from bridge.store.tables import punch
from devices.events import Direction, PunchMethod
from devices.site import Site

CLOCKS: Final = ("clock-east", "clock-west")
ZONE: Final = ZoneInfo("Asia/Shanghai")
INSERTED_AT_ONCE: Final = 10_000

SHIFT: Final = Shift(
    id="day",
    name="行政班",
    sessions=[
        Session(name="上午", start=time(8, 30), end=time(12), weight=0.5),
        Session(name="下午", start=time(13, 30), end=time(17, 30), weight=0.5),
    ],
    grace_in_min=2,
    half_absent_after_min=60,
)

_USUAL: Final = ((8 * 60, 28), (12 * 60, 20), (13 * 60, 28), (17 * 60 + 30, 40))
"""First minute of the day, and how many minutes from there."""
_LATE_MIN: Final = 35
_ABSENT, _LATE, _FORGETS = 0.01, 0.03, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """So many people of some departments, in the months of a year."""

    people: int = 500
    departments: int = 20
    year: int = 2025
    months: int = 12

    @property
    def days(self) -> list[date]:
        """Every day, workday or not."""
        first = date(self.year, 1, 1)
        length = (self.last - first).days + 1
        return [first + timedelta(days=n) for n in range(length)]

    @property
    def last(self) -> date:
        """The last day."""
        length = months.monthrange(self.year, self.months)[1]
        return date(self.year, self.months, length)

    @property
    def end(self) -> datetime:
        """Late on the last day, when all of it is over."""
        return datetime.combine(self.last, time(23, 59), ZONE)

    @property
    def ids(self) -> list[str]:
        """The people's ids, and their numbers on the clocks."""
        return [f"{n:05d}" for n in range(1, self.people + 1)]

    def facts(self) -> list[Shift | Person | Posting]:
        """The shift, everybody and where they work."""
        first = date(self.year, 1, 1)
        people = [
            Person(
                id=name,
                name=f"测试{name}",
                department=f"测试局{n % self.departments + 1:02d}",
                group="一楼大厅",
                joined=first,
            )
            for n, name in enumerate(self.ids)
        ]
        postings = [
            Posting(id=f"p{name}", person=name, valid_from=first, shift=SHIFT.id)
            for name in self.ids
        ]
        return [SHIFT, *people, *postings]

    def punches(self) -> Iterator[dict[str, Any]]:
        """Rows of the punch table by time of day: about four a person and workday."""
        dice = random.Random(self.year)
        calendar = Calendar()
        for day in self.days:
            if day_kind(calendar, day).kind is DayKind.WORKDAY:
                midnight = datetime.combine(day, time(), ZONE)
                for name in self.ids:
                    if dice.random() >= _ABSENT:
                        yield from _of_day(name, midnight, dice)


def _of_day(
    name: str, midnight: datetime, dice: random.Random
) -> Iterator[dict[str, Any]]:
    device = dice.choice(CLOCKS)
    late = _LATE_MIN if dice.random() < _LATE else 0
    for place, (first, minutes) in enumerate(_USUAL):
        if dice.random() < _FORGETS:
            continue
        minute = first + dice.random() * minutes + (late if place == 0 else 0)
        moment = midnight + timedelta(seconds=int(minute * 60))
        yield {
            "source": f"urn:halld:bench:zk:{device}",
            "event": f"{name}:{moment:%Y%m%dT%H%M%S}",
            "device": device,
            "user_id": name,
            "time": moment,
            "received": moment + timedelta(seconds=1),
            "direction": Direction.UNKNOWN.value,
            "method": PunchMethod.FINGERPRINT.value,
            "flags": "",
            "raw": "00" * 40,
        }


def office_site(office: Office) -> Site:
    """A hall with two clocks that nobody reaches."""
    return Site.model_validate(
        {
            "hall": {"id": "bench", "name": "测试大厅", "timezone": ZONE.key},
            "attendance": {"since": office.days[0].isoformat()},
            "devices": [
                {"id": name, "driver": "zk", "url": f"tcp://127.0.0.1:{port}"}
                for port, name in enumerate(CLOCKS, start=1)
            ],
        }
    )


async def fill(hall: Hall, office: Office) -> int:
    """Put the punches straight into the store; gives how many."""
    rows: list[dict[str, Any]] = []
    count = 0
    for row in office.punches():
        rows.append(row)
        if len(rows) == INSERTED_AT_ONCE:
            await _insert(hall, rows)
            count, rows = count + len(rows), []
    await _insert(hall, rows)
    return count + len(rows)


async def _insert(hall: Hall, rows: list[dict[str, Any]]) -> None:
    await hall.transact(lambda work: insert_many(work.db, punch, rows))


def tell_read(hall: Hall, until: datetime) -> None:
    """Every clock's log was read up to a moment."""
    for device in CLOCKS:
        told = {
            "serial": device,
            "until": until.isoformat(),
            "suspect": None,
            "how": "log",
            "epoch": "bench",
            "sequence": 0,
        }
        hall.directory.take_value(device, {"coverage": told}, until, retained=True)
