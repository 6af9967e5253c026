"""A hall with clocks, a few specimen people, and what they do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from support.bridges import Clock, make_site, running_hall
from support.intakes import Giver

from bridge.domain.attendance.facts import Person, Session, Shift
from bridge.domain.attendance.results import DayResult, DayState
from bridge.service.attendance.days.coverage import clocks_of
from bridge.service.attendance.port import DayQuery
from bridge.service.hall import Hall
from devices.events import EventType

OFFICE = Shift(
    id="office",
    name="行政班",
    is_default=True,
    sessions=[Session(start=time(8, 30), end=time(17, 30))],
)
JIA = Person(id="001", name="测试甲", department="公安局", joined=date(2026, 3, 2))
YI = Person(id="002", name="测试乙", department="民政局", joined=date(2026, 3, 2))


CLOCKS = {
    "devices": [
        {"id": "clock-east", "driver": "zk", "url": "tcp://127.0.0.1:1"},
        {"id": "clock-west", "driver": "zk", "url": "tcp://127.0.0.1:2"},
    ]
}


@asynccontextmanager
async def running_office(directory: Path, **more: Any) -> AsyncIterator[Office]:
    """A hall with two clocks; it is 9:00 on a Monday in March."""
    clock = Clock()
    site = make_site(**{**CLOCKS, **more})
    async with running_hall(directory, clock, site) as hall:
        yield Office(hall, clock)


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment in the hall's zone."""
    zone = ZoneInfo("Asia/Shanghai")
    return datetime.combine(day, time(hour, minute, second), zone)


@dataclass(slots=True)
class Office:
    """A running hall whose clocks and people the test plays."""

    hall: Hall
    clock: Clock
    giver: Giver = field(init=False)

    def __post_init__(self) -> None:
        self.giver = Giver(self.hall)

    async def staff(self, *people: Person, shift: Shift = OFFICE) -> None:
        """Have people who work by a shift."""
        await self.hall.attendance.tell(
            [shift, *(people or (JIA, YI))], by="管理员", reason="初始"
        )

    async def punch(
        self, user_id: str, moment: datetime, device: str = "clock-east", **data: Any
    ) -> None:
        """Somebody punches; it is then that time, if it was not later already."""
        self.clock.time = max(self.clock.time, moment)
        event = self.giver.event(
            EventType.ATTENDANCE_PUNCH,
            {"user_id": user_id, "direction": "unknown", "method": "card", **data},
            time=moment,
            device=device,
        )
        await self.giver.give(event)

    def read(self, until: datetime, device: str = "clock-east", **more: Any) -> None:
        """The node tells that the clock's log was read."""
        coverage = {
            "serial": "S1",
            "until": until.isoformat(),
            "suspect": None,
            "how": "log",
            "epoch": self.giver.epoch,
            "sequence": self.giver.last.get("clock", 0),
            **more,
        }
        self.hall.directory.take_value(
            device, {"coverage": coverage}, self.clock(), retained=True
        )

    def read_all(self, until: datetime) -> None:
        """Every clock was read."""
        for device in clocks_of(self.hall.site):
            self.read(until, device)

    async def settle(self) -> None:
        """Let the engine look at everything once more and come to rest."""
        await self.hall.attendance.engine.settle()

    async def day(self, person: str, day: date) -> DayResult:
        """The row of a day."""
        return (await self.hall.attendance.day(person, day)).row.result

    async def states(self, person: str, day: date) -> list[DayState]:
        """What a day was."""
        return list((await self.day(person, day)).states)

    async def rows(self, **query: Any) -> list[tuple[str, str, str]]:
        """Day, person and state of rows."""
        page = await self.hall.attendance.days(DayQuery(limit=1000, **query))
        return [
            (row.result.day.isoformat(), row.result.person, row.result.state.value)
            for row in page.items
        ]
