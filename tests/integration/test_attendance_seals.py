"""Punches are sealed beside the writer; seals make nobody read all facts again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select
from support.offices import JIA, Office, at, running_office

from bridge.service.attendance.facts import ledger
from bridge.service.attendance.facts.seals import (
    Draft,
    keep_seal,
    seal_beside,
    seal_punches,
)
from bridge.service.attendance.facts.verify import verify
from bridge.service.attendance.settings import Settings
from bridge.store.tables.attendance import seal

MONDAY = date(2026, 3, 2)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """One person who came five times, unsealed."""
    async with running_office(tmp_path) as office:
        await office.staff(JIA)
        await office.settle()
        for minute in range(5):
            await office.punch("001", at(MONDAY, 8, minute))
        yield office


def seals(db: Connection) -> list[tuple[int, int]]:
    query = select(seal.c.first, seal.c.last).order_by(seal.c.last)
    return [(row.first, row.last) for row in db.execute(query)]


async def test_punches_are_sealed_a_part_at_a_time_until_none_is_left(
    office: Office, tmp_path: Path
) -> None:
    assert [await seal_beside(office.hall, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await office.hall.read(seals) == [(1, 2), (3, 4), (5, 5)]
    verdict = verify(tmp_path / "store" / "hall.db", ZoneInfo("Asia/Shanghai"))
    assert verdict.is_whole
    assert verdict.sealed_punches == 5


async def test_a_seal_that_another_overtook_is_not_written(office: Office) -> None:
    late = Draft(after=0, first=1, last=2, rows=2, digest="0" * 64)
    assert await office.hall.transact(seal_punches) == 5
    assert await office.hall.transact(lambda work: keep_seal(work, late)) == 0
    assert await office.hall.read(seals) == [(1, 5)]


async def test_the_hall_seals_by_itself(office: Office) -> None:
    await office.settle()
    assert await office.hall.read(seals) == [(1, 5)]


async def test_a_seal_does_not_make_anybody_read_all_facts_again(
    office: Office,
) -> None:
    settings = Settings.of(office.hall.site)
    held = await office.hall.read(settings.book)
    await seal_beside(office.hall)
    again = await office.hall.read(lambda db: settings.book(db, held))
    assert again is held
    assert held.head == (await office.hall.read(ledger.head))[0]


async def test_a_fact_behind_a_seal_is_read(office: Office) -> None:
    settings = Settings.of(office.hall.site)
    held = await office.hall.read(settings.book)
    await seal_beside(office.hall)
    await office.staff(replace(JIA, name="测试丙"))
    await office.punch("001", at(MONDAY, 9))
    await seal_beside(office.hall)
    again = await office.hall.read(lambda db: settings.book(db, held))
    assert again is not held
    assert again.people["001"].name == "测试丙"
