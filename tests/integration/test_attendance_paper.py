"""Paper forms: a request and its signature are written together, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from support.asking import check_problem, client_of
from support.offices import Office, at, running_office

from bridge.domain.attendance.facts import (
    Correction,
    CorrectionKind,
    Decision,
    Leave,
    LeaveKind,
    LeaveUnit,
    Person,
    Status,
)
from bridge.domain.attendance.results import DayState
from bridge.domain.errors import DecisionError, FactsError
from bridge.service.attendance.facts.standing import FactRows
from bridge.service.attendance.facts.verify import verify
from bridge.service.attendance.keeper import MOST_AT_THE_WRITER
from bridge.service.attendance.port import FactQuery, Signed
from bridge.service.attendance.told import Fact, FactKind
from bridge.service.attendance.views import DayChange, Known
from bridge.service.ports import Once

ROOT = "/api/v1/attendance"
MONDAY = date(2026, 3, 2)
WISH = {"person": "002", "kind": "sick", "date_from": "2026-03-02", "by": "管理员"}
PAPER = Signed(by="王局", note="纸质单据")
LEAVE = Leave(
    id="",
    person="002",
    kind=LeaveKind.SICK,
    unit=LeaveUnit.DAY,
    start=at(MONDAY, 0),
    end=at(MONDAY + timedelta(days=1), 0),
)
CORRECTION = Correction(
    id="",
    person="001",
    day=MONDAY,
    kind=CorrectionKind.STATE,
    state=DayState.PRESENT,
    reason="停电",
)
TABLE = "工号,类型,开始,结束,批准人,级别"

Row = tuple[int, str, str]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_office(tmp_path) as office:
        await office.staff()
        yield office


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(office.hall) as client:
        yield client


async def written(office: Office, after: int = 0) -> list[Row]:
    """Number, kind and actor of ledger rows behind a row, the oldest first."""
    page = await office.hall.attendance.ledger(
        limit=1000, offset=0, kind=None, key=None
    )
    rows = [(entry.id, entry.kind, entry.actor) for entry in page.items]
    return [row for row in reversed(rows) if row[0] > after]


async def tell(
    office: Office, facts: Sequence[Fact], signed: Mapping[int, Signed], **more: Any
) -> Sequence[Known]:
    return await office.hall.attendance.tell(
        facts, by="管理员", reason="纸质", signed=signed, **more
    )


async def asked(office: Office) -> int:
    """How many requests there are."""
    facts = office.hall.attendance.facts
    kinds = (FactKind.LEAVE, FactKind.CORRECTION)
    return sum([(await facts(kind, FactQuery())).total for kind in kinds])


def faults(directory: Path) -> tuple[str, ...]:
    path = directory / "store" / "hall.db"
    return verify(path, ZoneInfo("Asia/Shanghai")).faults


async def test_each_request_stands_before_its_decision(
    office: Office, tmp_path: Path
) -> None:
    (waits,) = await tell(office, [replace(LEAVE, person="001")], {})
    last = (await written(office))[-1][0]
    person = Person(id="003", name="测试丙")
    old = Decision(subject=waits.id, approved=True, level=2)
    facts: list[Fact] = [LEAVE, person, CORRECTION, old]
    chief = Signed(by="李主任", level=3)
    told = await tell(office, facts, {0: PAPER, 2: chief, 3: PAPER})
    assert await written(office, last) == [
        (last + 1, "leave", "管理员"),
        (last + 2, "decision", "王局"),
        (last + 3, "person", "管理员"),
        (last + 4, "correction", "管理员"),
        (last + 5, "decision", "李主任"),
        (last + 6, "decision", "王局"),
    ]
    assert [(each.id, each.status, each.entry) for each in told] == [
        (f"L{last + 1}", Status.APPROVED, last + 2),
        ("003", None, last + 3),
        (f"C{last + 4}", Status.APPROVED, last + 5),
        (waits.id, Status.APPROVED, last + 6),
    ]
    signs = [(each["by"], each["level"], each["note"]) for each in told[0].decisions]
    assert signs == [("王局", 2, "纸质单据")]
    assert [each["level"] for each in told[2].decisions] == [3]
    assert faults(tmp_path) == ()


async def test_many_are_signed_together(office: Office, tmp_path: Path) -> None:
    days = [MONDAY - timedelta(days=n) for n in range(MOST_AT_THE_WRITER)]
    facts: list[Fact] = [replace(CORRECTION, day=day) for day in days]
    papers = dict.fromkeys(range(len(facts)), PAPER)
    own = {**papers, len(facts) - 1: Signed(by="测试甲")}
    before = await written(office)
    with pytest.raises(DecisionError, match="测试甲"):
        await tell(office, facts, own)
    assert (await written(office), await asked(office)) == (before, 0)
    told = await tell(office, facts, papers)
    assert {each.status for each in told} == {Status.APPROVED}
    kinds = [kind for _, kind, _ in await written(office, before[-1][0])]
    assert kinds == ["correction", "decision"] * len(facts)
    assert faults(tmp_path) == ()


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (Signed(by="王局", level=1), "needs level 2"),
        (Signed(by="管理员"), "asked for"),
        (Signed(by="002"), "theirs"),
        (Signed(by="测试乙"), "theirs"),
    ],
)
async def test_a_decision_that_is_refused_leaves_nothing(
    office: Office, tmp_path: Path, signed: Signed, why: str
) -> None:
    before = await written(office)
    once = Once(key="form-1", fingerprint="1")
    with pytest.raises(DecisionError, match=why):
        await tell(office, [CORRECTION, LEAVE], {0: PAPER, 1: signed}, once=once)
    assert (await written(office), await asked(office)) == (before, 0)
    for _ in range(2):  # neither the key nor the memory kept any of it
        told = await tell(office, [CORRECTION, LEAVE], {0: PAPER, 1: PAPER}, once=once)
        assert {each.status for each in told} == {Status.APPROVED}
    assert len(await written(office)) == len(before) + 4
    assert faults(tmp_path) == ()


async def test_what_is_wrong_with_facts_is_told_first(office: Office) -> None:
    before = await written(office)
    facts: list[Fact] = [LEAVE, replace(CORRECTION, person="009")]
    with pytest.raises(FactsError) as refused:
        await tell(office, facts, {0: Signed(by="管理员"), 1: PAPER})
    assert [place for place, _ in refused.value.mistakes] == [1]
    assert await written(office) == before


async def test_a_signature_decides_on_no_other_request(office: Office) -> None:
    await tell(office, [replace(CORRECTION, id="X")], {})
    before = await written(office)
    with pytest.raises(DecisionError, match="'X'"):
        await tell(office, [replace(LEAVE, id="X")], {0: PAPER})
    with pytest.raises(DecisionError, match="'003'"):
        await tell(office, [Person(id="003", name="测试丙")], {0: PAPER})
    assert await written(office) == before


async def test_a_crash_within_leaves_nothing(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await written(office)
    once = Once(key="form-1", fingerprint="1")

    def crash(_rows: FactRows, _db: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(FactRows, "write", crash)
        with pytest.raises(RuntimeError, match="power"):
            await tell(office, [LEAVE], {0: PAPER}, once=once)
    assert (await written(office), await asked(office)) == (before, 0)
    (told,) = await tell(office, [LEAVE], {0: PAPER}, once=once)
    assert told.status is Status.APPROVED
    assert faults(tmp_path) == ()


async def test_a_refused_form_is_answered_and_waits_nowhere(
    client: httpx.AsyncClient, office: Office
) -> None:
    before = await written(office)
    low = {**WISH, "approver": "王局", "level": 1}
    problem = check_problem(
        await client.post(f"{ROOT}/leave", json=low), 409, "decision"
    )
    assert "needs level 2" in problem["detail"]
    own = {**WISH, "approver": "测试乙"}
    check_problem(await client.post(f"{ROOT}/leave", json=own), 409, "decision")
    punch = {"day": "2026-03-02", "kind": "state", "state": "present"}
    items = [{**punch, "person": person} for person in ("001", "002")]
    bulk = {"by": "管理员", "reason": "停电", "approver": "测试乙", "items": items}
    answer = await client.post(f"{ROOT}/corrections/bulk", json=bulk)
    check_problem(answer, 409, "decision")
    assert (await written(office), await asked(office)) == (before, 0)


async def import_leave(client: httpx.AsyncClient, *lines: str) -> httpx.Response:
    return await client.post(
        f"{ROOT}/imports",
        params={"kind": "leave", "by": "管理员"},
        content="\n".join([TABLE, *lines]),
        headers={"Content-Type": "text/csv", "Idempotency-Key": f"list-{len(lines)}"},
    )


async def test_a_table_is_written_with_its_signatures(
    client: httpx.AsyncClient, office: Office, tmp_path: Path
) -> None:
    await import_leave(client, "001,病假,2026-03-04,,,")
    last = (await written(office))[-1][0]
    lines = ["001,病假,2026-03-04,,李主任,2", "002,病假,2026-03-05,,王局,2"]
    for _ in range(2):
        answer = await import_leave(client, *lines, "002,病假,2026-03-06,,,")
        assert answer.json()["written"] is True
        assert [row[1:] for row in await written(office, last)] == [
            ("leave", "管理员"),
            ("decision", "王局"),
            ("leave", "管理员"),
            ("decision", "李主任"),
        ]
    page = await office.hall.attendance.facts(FactKind.LEAVE, FactQuery())
    statuses = {each.fact.start.day: each.status for each in page.items}
    approved, pending = Status.APPROVED, Status.PENDING
    assert statuses == {4: approved, 5: approved, 6: pending}
    assert faults(tmp_path) == ()


async def test_a_table_whose_leave_was_decided_meanwhile_leaves_nothing(
    client: httpx.AsyncClient, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await import_leave(client, "001,病假,2026-03-04,,,")
    attendance = office.hall.attendance
    preview = attendance.preview
    (waits,) = (await attendance.facts(FactKind.LEAVE, FactQuery())).items

    async def decide_meanwhile(facts: Sequence[Fact]) -> Sequence[DayChange]:
        said = Decision(subject=waits.id, approved=False, level=2)
        await attendance.tell([said], by="李主任", reason="人手不够")
        return await preview(facts)

    monkeypatch.setattr(attendance, "preview", decide_meanwhile)
    last = (await written(office))[-1][0]
    lines = ["002,病假,2026-03-05,,王局,2", "001,病假,2026-03-04,,王局,2"]
    problem = check_problem(await import_leave(client, *lines), 409, "decision")
    assert "rejected already" in problem["detail"]
    assert [row[1:] for row in await written(office, last)] == [("decision", "李主任")]
