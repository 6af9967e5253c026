"""Attendance over REST on the real store: what is told takes effect."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from support.asking import check_problem, client_of
from support.offices import Office, at, running_office

from bridge.web.api.attendance.documents import EXAMPLES
from bridge.web.api.attendance.lists import LISTS

ROOT = "/api/v1/attendance"
MONDAY = date(2026, 3, 2)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A Monday: 001 works, 002 does not come."""
    async with running_office(tmp_path) as office:
        await office.staff()
        await office.punch("001", at(MONDAY, 8, 20))
        await office.punch("001", at(MONDAY, 17, 35))
        office.clock.time = at(MONDAY + timedelta(days=1), 9)
        office.read_all(office.clock())
        await office.settle()
        yield office


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(office.hall) as client:
        yield client


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(f"{ROOT}/{path}", json={"by": "管理员", **body})
    assert answer.is_success, answer.text
    return answer.json()


async def state(client: httpx.AsyncClient, person: str) -> str:
    answer = await client.get(f"{ROOT}/days/{person}/2026-03-02")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["row"]["state"])


async def test_days_explain_themselves(client: httpx.AsyncClient) -> None:
    listed = (await client.get(f"{ROOT}/days?day=2026-03-02")).json()
    assert [(d["person"], d["state"]) for d in listed["items"]] == [
        ("001", "present"),
        ("002", "absent"),
    ]
    day = (await client.get(f"{ROOT}/days/001/2026-03-02?lang=en")).json()
    uses = [(punch["time"], punch["use"]) for punch in day["row"]["punches"]]
    assert uses == [
        ("2026-03-02T08:20:00+08:00", "in"),
        ("2026-03-02T17:35:00+08:00", "out"),
    ]
    assert day["shift"]["id"] == "office"
    assert [line for line in day["lines"] if "08:20:00" in line["text"]]
    assert set(day["row"]["coverage"]) == {"clock-east", "clock-west"}
    today = (await client.get(f"{ROOT}/today")).json()
    assert today["day"] == "2026-03-03"


async def test_a_signed_leave_takes_effect(
    client: httpx.AsyncClient, office: Office
) -> None:
    wish = {"person": "002", "kind": "sick", "date_from": "2026-03-02"}
    preview = await client.post(
        f"{ROOT}/preview", json={"kind": "leave", "items": [wish]}
    )
    (change,) = preview.json()["items"]
    assert (change["before"]["state"], change["after"]["state"]) == ("absent", "leave")
    assert await state(client, "002") == "absent"
    told = await post(client, "leave", **wish, approver="王局", level=2)
    assert told["status"] == "approved"
    await office.settle()
    assert await state(client, "002") == "leave"
    await post(client, f"leave/{told['id']}/remove", reason="写错了")
    await office.settle()
    assert await state(client, "002") == "absent"
    gone = (await client.get(f"{ROOT}/leave?status=cancelled")).json()
    assert gone["total"] == 1


async def test_corrections_wait_for_their_approver(
    client: httpx.AsyncClient, office: Office
) -> None:
    items = [
        {
            "person": "002",
            "day": "2026-03-02",
            "kind": "punch",
            "time": f"2026-03-02T{time}:00+08:00",
        }
        for time in ("08:25", "17:40")
    ]
    told = await post(client, "corrections/bulk", reason="停电", items=items)
    assert {item["status"] for item in told["items"]} == {"pending"}
    for item in told["items"]:
        path = f"corrections/{item['id']}/decisions"
        done = await post(client, path, by="王局", approved=True)
        assert done["status"] == "approved"
    await office.settle()
    assert await state(client, "002") == "present"
    again = await client.post(
        f"{ROOT}/corrections/{told['items'][0]['id']}/decisions",
        json={"by": "王局", "approved": False},
    )
    check_problem(again, 409, "decision")


async def test_what_cannot_be_is_refused_with_its_place(
    client: httpx.AsyncClient,
) -> None:
    items = [
        {"person": person, "day": "2026-03-02", "kind": "state", "state": "present"}
        for person in ("001", "999")
    ]
    answer = await client.post(
        f"{ROOT}/corrections/bulk",
        json={"by": "管理员", "reason": "停电", "items": items},
    )
    problem = check_problem(answer, 422, "invalid-facts")
    assert {mistake["index"] for mistake in problem["errors"]} >= {1}
    assert (await client.get(f"{ROOT}/corrections")).json()["total"] == 0


async def test_a_key_is_remembered_by_the_store(client: httpx.AsyncClient) -> None:
    body = {"person": "002", "kind": "sick", "date_from": "2026-03-02", "by": "管理员"}
    headers = {"Idempotency-Key": "form-1"}
    first = await client.post(
        f"{ROOT}/leave", json={**body, "approver": "王局"}, headers=headers
    )
    assert first.status_code == 201, first.text
    again = await client.post(
        f"{ROOT}/leave", json={**body, "approver": "王局"}, headers=headers
    )
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await client.get(f"{ROOT}/leave")).json()["total"] == 1
    other = await client.post(f"{ROOT}/leave", json=body, headers=headers)
    check_problem(other, 422, "idempotency-mismatch")


async def test_a_month_is_closed_once_nothing_waits(
    client: httpx.AsyncClient, office: Office
) -> None:
    act = {"by": "管理员", "reason": "三月"}
    early = await client.post(f"{ROOT}/months/2026-03/close", json=act)
    check_problem(early, 409, "month-state")
    office.clock.time = at(date(2026, 4, 1), 9)
    office.read_all(office.clock())
    await office.settle()
    closed = await post(client, "months/2026-03/close", **act)
    assert (closed["state"], closed["closed_by"]) == ("closed", "管理员")
    sheet = await client.get(f"{ROOT}/months/2026-03.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    assert book.worksheets[0].title == "月考勤汇总"
    book.close()
    rows = (await client.get(f"{ROOT}/months?month=2026-03")).json()
    assert [row["person"] for row in rows["items"]] == ["001", "002"]
    opened = await post(client, "months/2026-03/reopen", **act)
    assert opened["state"] == "open"
    ledger = (await client.get(f"{ROOT}/ledger?limit=2")).json()
    assert ledger["items"][0]["previous"] == ledger["items"][1]["hash"]
    assert ledger["items"][0]["at"].endswith("+08:00")


async def test_tables_are_taken_in(client: httpx.AsyncClient) -> None:
    table = "工号,姓名,部门\n003,测试丙,税务局\n"
    for dry_run, total in (("true", 2), ("false", 3)):
        answer = await client.post(
            f"{ROOT}/imports",
            params={"kind": "people", "by": "管理员", "dry_run": dry_run},
            content=table,
            headers={"Content-Type": "text/csv"},
        )
        assert answer.json()["bad"] == []
        assert (await client.get(f"{ROOT}/people")).json()["total"] == total


async def test_the_lists_take_their_examples(
    client: httpx.AsyncClient, office: Office
) -> None:
    office.clock.time = at(date(2026, 11, 10), 9)
    for person in ("007", "008"):
        await post(client, "people", id=person, name="测试")
    for facts in LISTS:
        body = {"reason": "初始", **EXAMPLES[facts.kind]}
        told = await post(client, facts.name, **body)
        found = (await client.get(f"{ROOT}/{facts.name}")).json()["items"]
        assert told["id"] in {item["id"] for item in found}
        assert told == next(item for item in found if item["id"] == told["id"])


async def test_lists_of_what_is_seen_answer(client: httpx.AsyncClient) -> None:
    for name in ("clocks", "unknown-users", "stand-ins", "tampers", "ledger"):
        answer = await client.get(f"{ROOT}/{name}")
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"items", "total"}
    clocks = (await client.get(f"{ROOT}/clocks")).json()["items"]
    assert {clock["device"] for clock in clocks} == {"clock-east", "clock-west"}
