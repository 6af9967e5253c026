"""Tables on the real store: what is refused is listed before, and nothing twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from support.asking import client_of
from support.offices import Office, at, running_office

from bridge.service.attendance import keeper

ROOT = "/api/v1/attendance"
MONDAY = date(2026, 3, 2)
LEAVE = "工号,类型,开始,结束,批准人,级别"
MANY = 500


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_office(tmp_path) as office:
        await office.staff()
        yield office


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(office.hall) as client:
        yield client


@pytest.fixture
def aside(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what runs in the process for long work."""
    workers = office.hall.attendance.workers
    run, names = workers.run, []

    async def noting(work: Callable[..., Any], *arguments: object) -> Any:
        names.append(getattr(work, "func", work).__name__)
        return await run(work, *arguments)

    monkeypatch.setattr(workers, "run", noting)
    return names


async def send(
    client: httpx.AsyncClient, kind: str, *lines: str, **query: str
) -> dict[str, Any]:
    answer = await client.post(
        f"{ROOT}/imports",
        params={"kind": kind, "by": "管理员", **query},
        content="\n".join(lines),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def told(client: httpx.AsyncClient) -> int:
    total: int = (await client.get(f"{ROOT}/ledger?limit=1")).json()["total"]
    return total


def places(body: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(bad["row"], bad["column"], bad["message"]) for bad in body["bad"]]


async def test_a_staff_is_taken_in_and_not_twice(client: httpx.AsyncClient) -> None:
    people = [f"{n},测试{n},局{n % 9}" for n in range(1000, 1000 + MANY)]
    postings = [f"{n},office,2026-03-02" for n in range(1000, 1000 + MANY)]
    for kind, lines in (
        ("people", ["工号,姓名,部门", *people]),
        ("postings", ["工号,班次,起始日期", *postings]),
    ):
        before = await told(client)
        tried = await send(client, kind, *lines, dry_run="true")
        assert (tried["good"], tried["bad"], tried["written"]) == (MANY, [], False)
        assert await told(client) == before
        assert (await send(client, kind, *lines))["same"] == 0
        assert await told(client) == before + MANY
        again = await send(client, kind, *lines)
        assert (again["same"], again["changes"], again["written"]) == (MANY, 0, True)
        assert await told(client) == before + MANY
    total = (await client.get(f"{ROOT}/people?limit=1")).json()["total"]
    assert total == MANY + 2


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_everything_that_would_be_refused_is_listed(
    client: httpx.AsyncClient, dry_run: str
) -> None:
    wish = {"person": "001", "kind": "sick", "date_from": "2026-03-04", "by": "甲"}
    made = (await client.post(f"{ROOT}/leave", json=wish)).json()
    before = await told(client)
    lines = [
        LEAVE,
        "001,病假,2026-03-04,,,",
        "002,病假,2026-03-04,2028-03-04,,",
        "002,事假,2026-03-01,,管理员,2",
        "002,事假,2026-03-03,,王局,1",
        "009,病假,2026-03-04,,,",
        "001,病假,2026-03-05,,王局,2",
    ]
    body = await send(client, "leave", *lines, dry_run=dry_run)
    assert places(body) == [
        (2, "开始", f"与 {made['id']} 的时间重叠"),
        (3, "结束", "超过 400 天"),
        (4, "批准人", "不能批准本人的或由本人录入的申请"),
        (5, "级别", "级别不够，需要 2 级（中心）"),
        (6, "工号", "没有这个工号"),
    ]
    assert (body["rows"], body["good"], body["written"]) == (6, 1, False)
    body = await send(client, "leave", *lines, dry_run=dry_run, lang="en")
    assert f"overlaps {made['id']}, which is pending" in body["bad"][0]["message"]
    assert await told(client) == before


async def test_a_number_that_is_freed_in_a_later_row_is_not_free_yet(
    client: httpx.AsyncClient,
) -> None:
    head = "工号,姓名,考勤机编号"
    rows = ["003,测试丙,001", "001,测试甲,70"]
    (found,) = (await send(client, "people", head, *rows))["bad"]
    assert (found["row"], found["column"], found["value"]) == (2, "考勤机编号", "001")
    assert found["message"] == "考勤机编号 001 在该时段属于 001（测试甲），请先停用"
    assert (await send(client, "people", head, *reversed(rows)))["written"] is True


async def test_shifts_are_refused_by_their_first_row(
    client: httpx.AsyncClient,
) -> None:
    lines = [
        "编号,名称,时段,上班,下班",
        "ok,班,,08:00,12:00",
        "day,班,上午,08:30,12:00",
        "day,,下午,11:30,17:30",
    ]
    body = await send(client, "shifts", *lines, dry_run="true")
    assert places(body) == [(3, "上班", "11:30 的时段与前一时段重叠")]
    assert (await send(client, "shifts", *lines[:3]))["written"] is True


async def test_while_a_month_is_closed_its_leave_is_refused(
    client: httpx.AsyncClient, office: Office
) -> None:
    office.clock.time = at(date(2026, 4, 1), 9)
    office.read_all(office.clock())
    await office.settle()
    act = {"by": "主任", "reason": "三月"}
    await client.post(f"{ROOT}/months/2026-03/close", json=act)
    lines = [LEAVE, "001,病假,2026-03-31,2026-04-01,,", "002,病假,2026-04-02,,,"]
    body = await send(client, "leave", *lines)
    assert places(body) == [(2, "开始", "2026-03 已结账，请先反审该月")]
    assert body["written"] is False
    postings = ["工号,班次,起始日期", "001,office,2026-03-02"]
    assert (await send(client, "postings", *postings))["written"] is True
    await client.post(f"{ROOT}/months/2026-03/reopen", json=act)
    assert (await send(client, "leave", *lines))["written"] is True


async def test_a_leave_that_waits_is_decided_by_the_same_row(
    client: httpx.AsyncClient,
) -> None:
    row = "001,病假,2026-03-04,,"
    await send(client, "leave", LEAVE, f"{row},")
    await send(client, "leave", LEAVE, f"{row}王局,2")
    (leave,) = (await client.get(f"{ROOT}/leave")).json()["items"]
    assert (leave["status"], leave["decisions"][0]["by"]) == ("approved", "王局")
    again = await send(client, "leave", LEAVE, f"{row}王局,2")
    assert (again["same"], again["written"]) == (1, True)


async def test_large_files_are_read_and_made_in_a_process_of_their_own(
    client: httpx.AsyncClient,
    office: Office,
    aside: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note = "备注" * 400
    days = [MONDAY + timedelta(days=n) for n in range(100)]
    lines = ["日期,类型,说明", *(f"{day},休息,{note}" for day in days)]
    body = await send(client, "calendar", *lines, dry_run="true")
    assert (body["good"], body["ignored"], aside) == (100, ["说明"], ["read_file"])
    await send(client, "calendar", *lines[:3], dry_run="true")
    assert aside == ["read_file"]
    office.read_all(office.clock())
    await office.settle()
    del aside[:]
    small = await client.get(f"{ROOT}/months/2026-03.xlsx")
    assert aside == []
    monkeypatch.setattr(keeper, "MANY_DAYS", 0)
    large = await client.get(f"{ROOT}/months/2026-03.xlsx")
    assert aside == ["file"]
    cells = []
    for answer in (small, large):
        assert answer.status_code == 200
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        cells.append([row for page in book for row in page.iter_rows(values_only=True)])
        book.close()
    assert cells[0] == cells[1]
