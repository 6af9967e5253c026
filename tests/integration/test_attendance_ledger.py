"""Months are signed, the ledger is chained, and nothing changes unseen."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.offices import JIA, OFFICE, YI, Office, at, running_office

from bridge.domain.attendance.facts import (
    Correction,
    CorrectionKind,
    Decision,
    Enrolment,
    Leave,
    LeaveKind,
    LeaveUnit,
    Posting,
)
from bridge.domain.attendance.results import DayState
from bridge.domain.errors import (
    DecisionError,
    FactsError,
    IdempotencyMismatchError,
    MonthError,
    NotFoundError,
)
from bridge.service.attendance.facts.verify import Verdict, verify
from bridge.service.attendance.port import DayQuery, FactQuery
from bridge.service.attendance.told import Fact, FactKind, Removal
from bridge.service.ports import Once

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 30)
S = DayState


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_office(tmp_path) as office:
        joined = replace(JIA, joined=MONDAY)
        await office.staff(joined, replace(YI, joined=MONDAY))
        for day in (MONDAY, MONDAY + timedelta(days=1)):
            await office.punch("001", at(day, 8, 20))
            await office.punch("001", at(day, 17, 40))
        await office.punch("002", at(MONDAY, 8, 40))
        await office.punch("002", at(MONDAY, 17, 40))
        office.clock.time = at(date(2026, 4, 1), 9)
        office.read_all(at(date(2026, 4, 1), 8, 59))
        await office.settle()
        yield office


def check(directory: Path, anchor: tuple[int, str] | None = None) -> Verdict:
    return verify(directory / "store" / "hall.db", ZONE, anchor=anchor)


async def test_a_month_sums_its_days(office: Office) -> None:
    rows = await office.hall.attendance.months("2026-03")
    sums = [
        (row.person, row.due_days, row.attended_days, row.late, row.absent_days)
        for row in rows
    ]
    assert sorted(sums) == [("001", 2.0, 2.0, 0, 0.0), ("002", 2.0, 1.0, 1, 1.0)]
    assert all(row.final for row in rows)


async def test_a_closed_month_stands_until_it_is_reopened(
    office: Office, tmp_path: Path
) -> None:
    attendance = office.hall.attendance
    status = await attendance.close_month("2026-03", by="主任", reason="三月结账")
    assert (status.state, status.closed_by, status.pending_changes) == (
        "closed",
        "主任",
        0,
    )
    with pytest.raises(MonthError, match="closed already"):
        await attendance.close_month("2026-03", by="主任", reason="再次")
    await office.punch("002", at(MONDAY + timedelta(days=1), 8, 0))
    await office.punch("002", at(MONDAY + timedelta(days=1), 18, 0))
    await office.settle()
    tuesday = MONDAY + timedelta(days=1)
    told = await attendance.day("002", tuesday)
    assert told.row.closed
    assert told.row.result.state is S.ABSENT
    assert told.pending is not None
    assert told.pending.states == [S.PRESENT]
    assert (await attendance.month("2026-03")).pending_changes == 1
    assert check(tmp_path).faults == ()
    sick = Leave(
        id="",
        person="002",
        kind=LeaveKind.SICK,
        unit=LeaveUnit.DAY,
        start=at(tuesday, 0),
        end=at(tuesday, 23),
    )
    with pytest.raises(FactsError, match="2026-03 is closed"):
        await attendance.tell([sick], by="测试乙", reason="")
    await attendance.reopen_month("2026-03", by="主任", reason="补数据")
    await office.settle()
    assert await office.states("002", tuesday) == [S.PRESENT]
    kinds = [
        (entry.kind, entry.actor, entry.reason)
        for entry in (
            await attendance.ledger(limit=100, offset=0, kind=None, key="2026-03")
        ).items
    ]
    assert kinds == [
        ("month.reopened", "主任", "补数据"),
        ("month.closed", "主任", "三月结账"),
    ]
    assert check(tmp_path).faults == ()


async def test_a_month_with_open_questions_is_not_closed(office: Office) -> None:
    attendance = office.hall.attendance
    with pytest.raises(MonthError, match="not over"):
        await attendance.close_month("2026-04", by="主任", reason="")
    with pytest.raises(MonthError, match="nobody has a day"):
        await attendance.close_month("2026-01", by="主任", reason="")
    with pytest.raises(MonthError, match="is not closed"):
        await attendance.reopen_month("2026-03", by="主任", reason="")
    wish = Correction(
        id="",
        person="002",
        day=MONDAY,
        kind=CorrectionKind.STATE,
        state="present",
        reason="公交停运",
    )
    await attendance.tell([wish], by="测试乙", reason="公交停运")
    await office.settle()
    with pytest.raises(MonthError, match="1 leaves or corrections are undecided"):
        await attendance.close_month("2026-03", by="主任", reason="")


async def test_nobody_decides_about_themselves_or_above_their_level(
    office: Office,
) -> None:
    attendance = office.hall.attendance
    ask = Leave(
        id="",
        person="001",
        kind=LeaveKind.PERSONAL,
        unit=LeaveUnit.DAY,
        start=at(date(2026, 4, 6), 0),
        end=at(date(2026, 4, 8), 23),
    )
    [asked] = await attendance.tell([ask], by="测试甲", reason="家事")
    assert asked.level == 3
    yes = Decision(subject=asked.id, approved=True, level=3)
    for who in ("测试甲", "001"):
        with pytest.raises(DecisionError, match="somebody else"):
            await attendance.tell([yes], by=who, reason="")
    with pytest.raises(DecisionError, match="needs level 3"):
        await attendance.tell([replace(yes, level=2)], by="主任", reason="")
    with pytest.raises(NotFoundError, match="L999"):
        await attendance.tell([replace(yes, subject="L999")], by="主任", reason="")
    await attendance.tell([replace(yes, approved=False)], by="主任", reason="忙")
    with pytest.raises(DecisionError, match="rejected already"):
        await attendance.tell([yes], by="分管领导", reason="")


async def test_bad_facts_are_all_named_and_none_is_written(office: Office) -> None:
    attendance = office.hall.attendance
    head = (await attendance.ledger(limit=1, offset=0, kind=None, key=None)).total
    facts: list[Fact] = [
        replace(JIA, id="003", name="测试丙"),
        replace(JIA, id="004", name="测试丁", enrolments=[Enrolment(user_id="002")]),
        Posting(id="", person="009", shift="night", valid_from=MONDAY),
    ]
    with pytest.raises(FactsError) as failed:
        await attendance.tell(facts, by="管理员", reason="导入")
    assert [place for place, _ in failed.value.mistakes] == [1, 2, 2]
    assert "belongs to 002" in failed.value.mistakes[0][1]
    after = await attendance.ledger(limit=1, offset=0, kind=None, key=None)
    assert after.total == head
    people = await attendance.facts(FactKind.PERSON, FactQuery())
    assert [person.id for person in people.items] == ["001", "002"]
    [made] = await attendance.tell([facts[0]], by="管理员", reason="导入")
    assert made.fact.name == "测试丙"


async def test_the_same_request_is_told_once(office: Office) -> None:
    attendance = office.hall.attendance
    once = Once(key="k1", fingerprint="f1")
    new = replace(JIA, id="003", name="测试丙")
    first = await attendance.tell([new], by="管理员", reason="", once=once)
    again = await attendance.tell([new], by="管理员", reason="", once=once)
    assert first == again
    with pytest.raises(IdempotencyMismatchError):
        await attendance.tell(
            [new], by="管理员", reason="", once=Once(key="k1", fingerprint="f2")
        )
    told = await attendance.ledger(limit=9, offset=0, kind="person", key="003")
    assert told.total == 1


async def test_facts_that_are_taken_back_are_gone_and_stay_in_the_ledger(
    office: Office, tmp_path: Path
) -> None:
    attendance = office.hall.attendance
    posting = Posting(id="", person="001", shift=OFFICE.id, valid_from=MONDAY)
    [made] = await attendance.tell([posting], by="管理员", reason="安排")
    [gone] = await attendance.tell(
        [Removal(kind=FactKind.POSTING, key=made.id)], by="管理员", reason="写错"
    )
    assert gone.id == made.id
    assert (await attendance.facts(FactKind.POSTING, FactQuery())).total == 0
    with pytest.raises(NotFoundError):
        await attendance.fact(FactKind.POSTING, made.id)
    kinds = await attendance.ledger(limit=9, offset=0, kind="posting", key=made.id)
    assert kinds.total == 1
    assert check(tmp_path).faults == ()


async def test_a_whole_ledger_is_whole_and_can_be_anchored_on_paper(
    office: Office, tmp_path: Path
) -> None:
    await office.hall.attendance.close_month("2026-03", by="主任", reason="")
    verdict = check(tmp_path)
    assert verdict.faults == ()
    assert verdict.sealed_punches == verdict.punches == 6
    assert verdict.closed_months == 1
    assert check(tmp_path, (verdict.rows, verdict.head[:16])).is_whole
    assert not check(tmp_path, (verdict.rows, "0" * 16)).is_whole
    assert not check(tmp_path, (verdict.rows + 1, verdict.head)).is_whole


TAMPERINGS = {
    "UPDATE ledger SET actor = 'x' WHERE id = 2": "row 2 was changed",
    "DELETE FROM ledger WHERE id = 2": "rows 2 to 2 are missing",
    "UPDATE ledger SET previous = '0' WHERE id = 3": "row 3 is not chained",
    "UPDATE fact SET status = 'approved' WHERE kind = 'person'": "person 001 is not as",
    "DELETE FROM fact WHERE key = '002'": "person 002 is in the ledger and was taken",
    "INSERT INTO fact SELECT kind, 'x', person, first_day, last_day, status, entry, at,"
    " actor, reason, data, decisions FROM fact WHERE key = '001'": "x is not in the",
    "UPDATE punch SET time = time - 3600000000 WHERE id = 1": "not as they were sealed",
    "DELETE FROM punch WHERE id = 6": "not as they were sealed",
    "UPDATE day_row SET states = 'present' WHERE person = '002'": "days of 2026-03",
    "DELETE FROM day_row WHERE person = '002'": "days of 2026-03 are not as",
    "UPDATE month_state SET closed = 0": "month 2026-03 is open",
}


@pytest.mark.parametrize("statement", TAMPERINGS)
async def test_whatever_is_changed_behind_its_back_is_found(
    office: Office, tmp_path: Path, statement: str
) -> None:
    await office.hall.attendance.close_month("2026-03", by="主任", reason="")
    with sqlite3.connect(tmp_path / "store" / "hall.db") as raw:
        raw.execute(statement)
    raw.close()
    faults = " | ".join(check(tmp_path).faults)
    assert TAMPERINGS[statement] in faults


async def test_a_signed_month_calls_people_as_it_was_signed(office: Office) -> None:
    attendance = office.hall.attendance
    await attendance.close_month("2026-03", by="主任", reason="")
    moved = replace(JIA, joined=MONDAY, name="测试甲甲", department="税务局")
    gone = Removal(kind=FactKind.PERSON, key="002")
    await attendance.tell([moved, gone], by="管理员", reason="调动")
    await office.settle()
    rows = [
        (row.person, row.name, row.department)
        for row in await attendance.months("2026-03")
    ]
    signed = [("001", "测试甲", "公安局"), ("002", "测试乙", "民政局")]
    assert sorted(rows) == signed
    [mine] = await attendance.months("2026-03", department="民政局")
    assert mine.person == "002"
    assert await attendance.months("2026-03", department="税务局") == []
    first = await attendance.days(
        DayQuery(department="公安局", to_day=date(2026, 4, 1))
    )
    assert {(row.name, row.closed) for row in first.items} == {("测试甲", True)}
    later = await attendance.days(DayQuery(department="税务局"))
    assert {row.result.day.month for row in later.items} == {4}
    await attendance.reopen_month("2026-03", by="主任", reason="")
    await office.settle()
    assert [row.name for row in await attendance.months("2026-03")] == ["测试甲甲"]


async def test_a_row_that_was_changed_by_hand_is_not_signed(
    office: Office, tmp_path: Path
) -> None:
    attendance = office.hall.attendance
    with sqlite3.connect(tmp_path / "store" / "hall.db") as raw:
        raw.execute(
            "UPDATE day_row SET states = 'present', data = (SELECT data FROM day_row "
            "WHERE person = '001' AND day = '2026-03-30') "
            "WHERE person = '002' AND day = '2026-03-31'"
        )
    raw.close()
    with pytest.raises(MonthError, match="1 of its days"):
        await attendance.close_month("2026-03", by="主任", reason="")
    await office.settle()
    assert await office.states("002", MONDAY + timedelta(days=1)) == [S.ABSENT]
    await attendance.close_month("2026-03", by="主任", reason="")
    assert check(tmp_path).faults == ()


async def test_a_shift_stays_while_a_posting_names_it(office: Office) -> None:
    attendance = office.hall.attendance
    posting = Posting(id="P1", person="001", shift=OFFICE.id, valid_from=MONDAY)
    await attendance.tell([posting], by="管理员", reason="")
    gone = Removal(kind=FactKind.SHIFT, key=f"{OFFICE.id}@")
    with pytest.raises(FactsError, match="named by 1 postings, such as P1"):
        await attendance.tell([gone], by="管理员", reason="")
    newer = replace(OFFICE, valid_from=MONDAY)
    await attendance.tell([newer, gone], by="管理员", reason="新版")
    with pytest.raises(FactsError, match="named by 1 postings"):
        await attendance.tell(
            [replace(gone, key=f"{OFFICE.id}@{MONDAY}")], by="管理员", reason=""
        )
