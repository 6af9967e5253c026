"""Many facts at once: drafted beside the writer, written whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.offices import OFFICE, Office, at, running_office

from bridge.domain.attendance.facts import (
    Decision,
    Leave,
    LeaveKind,
    LeaveUnit,
    Person,
    Posting,
    Status,
)
from bridge.domain.errors import DecisionError, FactsError
from bridge.service.attendance.facts.verify import verify
from bridge.service.attendance.keeper import MOST_AT_THE_WRITER
from bridge.service.attendance.port import FactQuery
from bridge.service.attendance.told import Fact, FactKind, Removal
from bridge.service.ports import Once

MONDAY = date(2026, 3, 2)
MANY = MOST_AT_THE_WRITER + 10


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_office(tmp_path) as office:
        await office.staff()
        yield office


def faults(directory: Path) -> tuple[str, ...]:
    path = directory / "store" / "hall.db"
    return verify(path, ZoneInfo("Asia/Shanghai")).faults


def crowd(prefix: str) -> list[Fact]:
    return [Person(id=f"{prefix}{n:03d}", name="测试") for n in range(MANY)]


def leave(number: int) -> Leave:
    day = MONDAY + timedelta(days=number)
    return Leave(
        id=f"L-{number}",
        person="001",
        kind=LeaveKind.SICK,
        unit=LeaveUnit.DAY,
        start=at(day, 0),
        end=at(day + timedelta(days=1), 0),
    )


async def count(office: Office, kind: FactKind) -> int:
    return (await office.hall.attendance.facts(kind, FactQuery())).total


async def test_many_that_come_together_are_all_written(
    office: Office, tmp_path: Path
) -> None:
    attendance = office.hall.attendance
    crowds = [crowd("a"), crowd("b"), crowd("c")]
    told = await asyncio.gather(
        *(attendance.tell(each, by="管理员", reason="名单") for each in crowds)
    )
    assert [[known.id for known in each] for each in told] == [
        [person.id for person in each if isinstance(person, Person)] for each in crowds
    ]
    assert await count(office, FactKind.PERSON) == 2 + 3 * MANY
    assert faults(tmp_path) == ()
    postings: list[Fact] = [
        Posting(id="", person=f"a{n:03d}", shift=OFFICE.id, valid_from=MONDAY)
        for n in range(MANY)
    ]
    made = await attendance.tell(postings, by="管理员", reason="")
    assert len({known.id for known in made}) == MANY
    gone: list[Fact] = [Removal(kind=FactKind.POSTING, key=each.id) for each in made]
    assert [
        each.id for each in await attendance.tell(gone, by="管理员", reason="")
    ] == [each.id for each in made]
    assert await count(office, FactKind.POSTING) == 0
    assert faults(tmp_path) == ()


async def test_of_many_with_one_bad_none_is_written(office: Office) -> None:
    attendance = office.hall.attendance
    bad = Posting(id="p", person="999", shift="night", valid_from=MONDAY)
    with pytest.raises(FactsError) as failed:
        await attendance.tell([*crowd("a"), bad], by="管理员", reason="")
    assert failed.value.mistakes == [
        (MANY, "no person '999'"),
        (MANY, "no shift 'night'"),
    ]
    assert await count(office, FactKind.PERSON) == 2
    assert len(await attendance.tell(crowd("a"), by="管理员", reason="")) == MANY


async def test_many_leaves_and_their_decisions(office: Office, tmp_path: Path) -> None:
    attendance = office.hall.attendance
    leaves: list[Fact] = [leave(number) for number in range(MANY)]
    once = Once(key="k", fingerprint="f")
    for _ in range(2):  # the second would be refused, were it not the same request
        asked = await attendance.tell(leaves, by="管理员", reason="", once=once)
        assert {known.status for known in asked} == {Status.PENDING}
    with pytest.raises(FactsError, match="L-0' is there already"):
        await attendance.tell(leaves, by="管理员", reason="")
    decisions: list[Fact] = [
        Decision(subject=known.id, approved=True, level=2) for known in asked
    ]
    with pytest.raises(DecisionError, match="somebody else decides"):
        await attendance.tell(decisions, by="管理员", reason="")
    done = await attendance.tell(decisions, by="王局", reason="")
    assert {known.status for known in done} == {Status.APPROVED}
    assert await office.hall.attendance.check([leave(0)]) != []
    assert faults(tmp_path) == ()


async def test_what_is_wrong_is_said_in_the_language_that_is_asked_for(
    office: Office,
) -> None:
    bad = Posting(id="p", person="999", shift="office", valid_from=MONDAY)
    ((place, mistake),) = await office.hall.attendance.check([*crowd("a"), bad])
    assert (place, mistake.field) == (MANY, "person")
    assert mistake.text() == "no person '999'"
    assert mistake.text("zh-CN") == "没有工号“999”"
