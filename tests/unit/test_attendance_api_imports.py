"""Tables taken in over REST."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
import pytest
from support.asking import check_problem
from support.fake_hall import FakeHall

from bridge.domain.attendance.facts import Leave, Person
from bridge.domain.attendance.mistakes import mistake
from bridge.service.attendance.importing.parsing import ImportKind
from bridge.service.attendance.told import FactKind
from bridge.web.guard import IMPORTS_PATH, MAX_BODIES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PEOPLE = "工号,姓名,部门\n007,测试,税务局\n008,证件样本,税务局\n"


async def send(
    client: httpx.AsyncClient,
    content: bytes | str,
    *,
    media: str = "text/csv",
    headers: dict[str, str] | None = None,
    **query: Any,
) -> httpx.Response:
    asked = {"kind": "people", "by": "李主任", **query}
    return await client.post(
        IMPORTS_PATH,
        params={name: value for name, value in asked.items() if value is not None},
        content=content,
        headers={"Content-Type": media, **(headers or {})},
    )


async def test_people_are_taken_in(client: httpx.AsyncClient, hall: FakeHall) -> None:
    answer = await send(client, PEOPLE, reason="名单")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "rows": 2,
        "good": 2,
        "bad": [],
        "same": 0,
        "ignored": [],
        "changes": 0,
        "written": True,
    }
    known = hall.attendance.known[FactKind.PERSON, "007"]
    assert isinstance(known.fact, Person)
    assert (known.fact.name, known.fact.department) == ("测试", "税务局")
    assert (known.actor, known.reason) == ("李主任", "名单")


async def test_a_table_that_is_tried_writes_nothing(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    answer = await send(client, PEOPLE, dry_run="true")
    assert (answer.json()["good"], answer.json()["written"]) == (2, False)
    assert hall.attendance.entries == []


async def test_one_bad_row_keeps_all_of_it_out(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    answer = await send(client, PEOPLE + "009,,税务局\n0?9,样本,\n")
    body = answer.json()
    assert (body["rows"], body["good"], body["written"]) == (4, 2, False)
    places = [(bad["row"], bad["column"]) for bad in body["bad"]]
    assert places == [(4, "姓名"), (5, "工号")]
    assert all(bad["message"] for bad in body["bad"])
    assert hall.attendance.entries == []


async def test_a_workbook_is_taken_in(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["工号", "姓名"])
    book.active.append(["007", "测试"])
    kept = io.BytesIO()
    book.save(kept)
    answer = await send(client, kept.getvalue(), media=XLSX)
    assert answer.json()["written"] is True
    assert (FactKind.PERSON, "007") in hall.attendance.known


async def test_a_table_sent_again_is_written_once(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    headers = {"Idempotency-Key": "list-1"}
    for _ in range(2):
        answer = await send(client, PEOPLE, headers=headers)
        assert answer.json()["written"] is True
    assert len(hall.attendance.entries) == 2
    other = await send(client, PEOPLE.replace("测试", "样本"), headers=headers)
    check_problem(other, 422, "idempotency-mismatch")


async def test_leaves_that_are_signed_are_decided(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    await send(client, PEOPLE)
    table = (
        "工号,姓名,请假类型,开始日期,结束日期,审批人,级别\n"
        "007,测试,病假,2026-03-02,2026-03-02,王局,2\n"
    )
    answer = await send(client, table, kind="leave")
    assert answer.json()["bad"] == []
    (known,) = [k for k in hall.attendance.known.values() if isinstance(k.fact, Leave)]
    assert known.status == "approved"
    assert known.decisions[0]["by"] == "王局"


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_what_the_hall_would_refuse_is_a_bad_row(
    client: httpx.AsyncClient, hall: FakeHall, dry_run: str
) -> None:
    taken = mistake("number_taken", "enrolments", number="8", person="001", name="甲")
    early = mistake("left_early", "left", left="2026-01-01", joined="2026-02-01")
    hall.attendance.mistakes = [(1, taken), (1, early)]
    answer = (await send(client, PEOPLE + "\n010,,\n", dry_run=dry_run)).json()
    assert (answer["rows"], answer["good"], answer["written"]) == (3, 1, False)
    assert answer["bad"][:2] == [
        {
            "row": 3,
            "column": "工号",
            "value": "8",
            "message": "考勤机编号 8 在该时段属于 001（甲），请先停用",
        },
        {
            "row": 3,
            "column": "",
            "value": "",
            "message": "离岗日期 2026-01-01 早于入职日期 2026-02-01",
        },
    ]
    assert (answer["bad"][2]["row"], answer["bad"][2]["column"]) == (5, "姓名")
    english = (await send(client, PEOPLE, dry_run=dry_run, lang="en")).json()
    assert english["bad"][0]["message"].startswith("number 8 belongs to 001")
    assert hall.attendance.entries == []


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("people", PEOPLE),
        ("shifts", "编号,名称,时段,上班,下班\nd,班,上,8:30,12:00\nd,,下,13:00,17:30\n"),
        ("calendar", "日期,类型\n2026-10-01,节假日\n2026-10-10,工作日\n"),
    ],
)
async def test_the_same_table_again_writes_nothing_new(
    client: httpx.AsyncClient, hall: FakeHall, kind: str, table: str
) -> None:
    assert (await send(client, table, kind=kind)).json()["same"] == 0
    count = len(hall.attendance.entries)
    again = (await send(client, table, kind=kind)).json()
    assert (again["rows"], again["good"], again["same"]) == (2, 2, 2)
    assert len(hall.attendance.entries) == count > 0


async def test_what_the_rules_refuse_names_the_fact(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.refused = [(1, "number 8 belongs to 001")]
    problem = check_problem(await send(client, PEOPLE), 422, "invalid-facts")
    assert problem["errors"] == [
        {"index": 1, "field": "008", "message": "number 8 belongs to 001"}
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "clocks"}, "kind"),
        ({"kind": None}, "kind"),
        ({"by": None}, "by"),
        ({"by": " "}, "by"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_query_names_the_parameter(
    client: httpx.AsyncClient, query: dict[str, Any], field: str
) -> None:
    answer = await send(client, PEOPLE, **query)
    problem = check_problem(answer, 400, "invalid-query")
    assert [mistake["field"] for mistake in problem["errors"]] == [field]


async def test_only_tables_are_taken_and_only_so_large(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    for media in ("application/json", "text/plain", "multipart/form-data"):
        answer = await send(client, PEOPLE, media=media)
        check_problem(answer, 415, "unsupported-media-type")
    large = b"x" * (MAX_BODIES[IMPORTS_PATH] + 1)
    check_problem(await send(client, large), 413, "too-large")
    csv_elsewhere = await client.post(
        "/api/v1/attendance/people",
        content=PEOPLE,
        headers={"Content-Type": "text/csv"},
    )
    check_problem(csv_elsewhere, 415, "unsupported-media-type")
    assert hall.attendance.entries == []


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04broken", b"\x00\x01\x02", b"a,b\n"]
)
async def test_a_file_that_is_no_table_writes_nothing(
    client: httpx.AsyncClient, hall: FakeHall, content: bytes
) -> None:
    answer = await send(client, content)
    if answer.status_code == 200:
        assert answer.json()["bad"]
        assert answer.json()["written"] is False
    else:
        check_problem(answer, 422, "invalid-request")
    assert hall.attendance.entries == []


@pytest.mark.parametrize("kind", list(ImportKind))
async def test_an_empty_table_of_each_kind_can_be_had(
    client: httpx.AsyncClient, kind: ImportKind
) -> None:
    path = f"{IMPORTS_PATH}/{kind.value}.xlsx"
    answer = await client.get(path)
    assert answer.headers["content-type"] == XLSX
    assert f'filename="{kind.value}.xlsx"' in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.worksheets[0].cell(row=1, column=1).value
    book.close()
    assert (await client.get(f"{path}?lang=en")).content != answer.content
    check_problem(await client.get(f"{path}?x=1"), 400, "invalid-query")


async def test_of_what_is_not_imported_there_is_no_table(
    client: httpx.AsyncClient,
) -> None:
    check_problem(await client.get(f"{IMPORTS_PATH}/clocks.xlsx"), 404, "not-found")
