"""Who stands in and does not come: an alarm, for as long as it is so."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from support.offices import Office, at, running_office

from bridge.domain.attendance.facts import Cover, Leave, LeaveKind, LeaveUnit
from bridge.service.attendance.port import Signed
from bridge.service.attendance.stand_ins import UNCOVERED_ALARM
from bridge.service.attendance.told import Fact, FactKind, Removal

MONDAY = date(2026, 3, 2)
COVER = Cover(id="AB1", place="w1", a="001", b="002", valid_from=MONDAY)


def leave_of(person: str) -> Leave:
    return Leave(
        id=f"L-{person}",
        person=person,
        kind=LeaveKind.SICK,
        unit=LeaveUnit.DAY,
        start=at(MONDAY, 0),
        end=at(MONDAY + timedelta(days=1), 0),
    )


async def tell(office: Office, *facts: Fact) -> list[str]:
    """Tell facts, leaves as approved; what the open alarms say then."""
    signed = {
        place: Signed(by="王局")
        for place, fact in enumerate(facts)
        if isinstance(fact, Leave)
    }
    await office.hall.attendance.tell(facts, by="管理员", reason="", signed=signed)
    await office.settle()
    await office.settle()  # days first, then who stands in
    return [
        str(alarm["message"])
        for alarm in office.hall.alarms()
        if alarm["kind"] == UNCOVERED_ALARM
    ]


async def test_a_stand_in_who_is_away_too_is_an_alarm_until_one_is_back(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path) as office:
        await office.staff()
        assert await tell(office, COVER, leave_of("001")) == []  # B may still come
        (message,) = await tell(office, leave_of("002"))
        assert message == (
            "w1: 001 is away from 08:30 to 17:30 and 002 does not stand in (leave)"
        )
        back = Removal(kind=FactKind.LEAVE, key="L-001")
        assert await tell(office, back) == []


async def test_a_stand_in_that_is_taken_back_ends_its_alarm(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        await office.staff()
        assert await tell(office, COVER, leave_of("001"), leave_of("002"))
        assert await tell(office, Removal(kind=FactKind.COVER, key="AB1")) == []
