"""Days, months, clocks and the ledger over REST."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta
from urllib.parse import quote

import httpx
import pytest
from support.asking import check_problem, client_of
from support.fake_hall import FakeHall, make_site

from bridge.domain.attendance.results import DayResult, DayState, MonthRow
from bridge.service.attendance.port import DayQuery
from bridge.service.attendance.views import (
    ClockStanding,
    CoverStanding,
    DayRow,
    Tamper,
    UnknownUser,
)

ROOT = "/api/v1/attendance"
TODAY = date(2026, 3, 2)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def day_row(person: str, state: DayState, day: date = TODAY) -> DayRow:
    result = DayResult(
        person=person,
        day=day,
        states=[state],
        final=state is not DayState.UNKNOWN,
        coverage={"clock-east": None},
        leave_days_by_kind={"sick": 0.5},
    )
    return DayRow(
        name="测试", department="税务局", group="", closed=False, result=result
    )


def month_row(person: str) -> MonthRow:
    return MonthRow(
        month="2026-03",
        person=person,
        name="测试",
        department="税务局",
        group="",
        due_days=21,
        days={2: DayState.LATE},
    )


@pytest.fixture
def hall() -> FakeHall:
    hall = FakeHall()
    hall.attendance.rows = [
        day_row("007", DayState.LATE),
        day_row("008", DayState.PRESENT),
        day_row("009", DayState.UNKNOWN),
        day_row("007", DayState.PRESENT, TODAY + timedelta(days=1)),
    ]
    hall.attendance.month_rows = [month_row("007"), month_row("008")]
    return hall


async def test_a_day_of_a_list_is_flat(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{ROOT}/days?person=007&limit=1")).json()
    assert body["total"] == 2
    (day,) = body["items"]
    assert day["day"] == "2026-03-02"
    assert (day["person"], day["name"], day["department"]) == ("007", "测试", "税务局")
    assert (day["state"], day["states"], day["final"]) == ("late", ["late"], True)
    assert day["closed"] is False
    assert day["coverage"] == {"clock-east": None}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", DayQuery()),
        (
            "from=2026-03-01&to=2026-03-08",
            DayQuery(from_day=date(2026, 3, 1), to_day=date(2026, 3, 8)),
        ),
        ("day=2026-03-02", DayQuery(from_day=TODAY, to_day=date(2026, 3, 3))),
        (
            "month=2026-12",
            DayQuery(from_day=date(2026, 12, 1), to_day=date(2027, 1, 1)),
        ),
        (
            "state=missing_in&final=false&exceptions=true&department=税务局",
            DayQuery(
                state=DayState.MISSING_IN,
                final=False,
                exceptions=True,
                department="税务局",
            ),
        ),
    ],
)
async def test_days_are_asked_for(
    client: httpx.AsyncClient, hall: FakeHall, query: str, wanted: DayQuery
) -> None:
    assert (await client.get(f"{ROOT}/days?{query}")).status_code == 200
    assert hall.attendance.asked[-1] == wanted


@pytest.mark.parametrize(
    "query",
    [
        "day=2026-03-02&month=2026-03",
        "day=2026-03-02&from=2026-03-02",
        "month=2026-13",
        "month=2026-3",
        "day=2026-02-29",
        "day=1999-12-31",
        "state=fine",
        "final=maybe",
        "colour=red",
    ],
)
async def test_days_are_not_asked_for_so(client: httpx.AsyncClient, query: str) -> None:
    check_problem(await client.get(f"{ROOT}/days?{query}"), 400, "invalid-query")


async def test_sentences_call_clocks_as_people_do(hall: FakeHall) -> None:
    clock = {"id": "clock-east", "driver": "zk", "name": "东门考勤机"}
    named = FakeHall(make_site(devices=[clock]))
    named.attendance.rows = hall.attendance.rows
    async with client_of(named) as client:
        body = (await client.get(f"{ROOT}/days/007/2026-03-02")).json()
    told = [line for line in body["lines"] if "device" in line["params"]]
    assert told
    assert all("东门考勤机" in line["text"] for line in told)
    assert all(line["params"]["device"] == "clock-east" for line in told)


async def test_a_day_explains_itself(client: httpx.AsyncClient) -> None:
    await client.post(
        f"{ROOT}/leave",
        json={"person": "007", "kind": "sick", "date_from": "2026-03-02", "by": "测试"},
    )
    body = (await client.get(f"{ROOT}/days/007/2026-03-02")).json()
    assert body["row"]["state"] == "late"
    assert body["row"]["coverage"] == {"clock-east": None}
    assert body["person"]["id"] == "007"
    assert body["leaves"][0]["status"] == "pending"
    assert body["entries"][0]["kind"] == "leave"
    assert body["pending"] is None
    assert body["computed"] == "2026-03-02T09:00:00+08:00"
    english = (await client.get(f"{ROOT}/days/007/2026-03-02?lang=en")).json()
    assert english["lines"][-1] == {
        "code": "final",
        "text": "this is final",
        "params": {},
    }
    assert body["lines"][-1]["text"] != "this is final"
    wrong = await client.get(f"{ROOT}/days/007/2026-03-02?x=1")
    check_problem(wrong, 400, "invalid-query")


@pytest.mark.parametrize(
    "path", ["days/007/2026-03-09", "days/999/2026-03-02", "days/007/2026-02-30"]
)
async def test_a_day_that_is_none_is_not_found(
    client: httpx.AsyncClient, path: str
) -> None:
    check_problem(await client.get(f"{ROOT}/{path}"), 404, "not-found")


async def test_today_at_a_glance(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{ROOT}/today")).json()
    assert body["day"] == "2026-03-02"
    assert body["counts"] == {"present": 1, "late": 1, "unknown": 1}
    assert [row["person"] for row in body["exceptions"]] == ["007", "009"]
    assert body["exceptions"][0]["state"] == "late"


async def test_months_are_listed(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{ROOT}/months?limit=1&offset=1")).json()
    assert body["total"] == 2
    assert [row["person"] for row in body["items"]] == ["008"]
    assert body["items"][0]["days"] == {"2": "late"}
    other = (await client.get(f"{ROOT}/months?month=2026-02")).json()
    assert other == {"items": [], "total": 0}
    one = (await client.get(f"{ROOT}/months?person=007&month=2026-03")).json()
    assert one["total"] == 1
    wrong = await client.get(f"{ROOT}/months?month=2026-00")
    check_problem(wrong, 400, "invalid-query")


async def test_a_month_is_closed_and_reopened(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    month = f"{ROOT}/months/2026-03"
    assert (await client.get(month)).json()["state"] == "open"
    act = {"by": "李主任", "reason": "三月"}
    headers = {"Idempotency-Key": "sign-1"}
    for _ in range(2):
        closed = await client.post(f"{month}/close", json=act, headers=headers)
        assert closed.status_code == 200
        assert closed.json()["closed_by"] == "李主任"
    assert [entry.kind for entry in hall.attendance.entries] == ["month.closed"]
    opened = await client.post(f"{month}/reopen", json=act)
    assert opened.json()["state"] == "open"
    check_problem(await client.post(f"{month}/reopen", json=act), 409, "month-state")
    for path in ("2026-13", "26-03", "2026-03/sign"):
        answer = await client.post(f"{ROOT}/months/{path}/close", json=act)
        assert answer.status_code == 404


async def test_a_month_with_something_open_is_not_closed(
    client: httpx.AsyncClient,
) -> None:
    leave = {"person": "007", "kind": "sick", "date_from": "2026-03-02", "by": "测试"}
    await client.post(f"{ROOT}/leave", json=leave)
    answer = await client.post(f"{ROOT}/months/2026-03/close", json={"by": "李主任"})
    problem = check_problem(answer, 409, "month-state")
    assert "wait for a decision" in problem["detail"]


async def test_a_month_is_a_workbook(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/months/2026-03.xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == XLSX
    place = answer.headers["content-disposition"]
    assert 'filename="attendance-2026-03.xlsx"' in place
    assert f"filename*=UTF-8''{quote('考勤月报-2026-03.xlsx')}" in place
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "xl/workbook.xml" in book.namelist()


async def test_a_month_is_tables(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/months/2026-03.csv?person=007")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["工号", "姓名", "部门"]
    assert [row[0] for row in rows[1:]] == ["007"]
    days = await client.get(f"{ROOT}/months/2026-03.csv?part=days&lang=en")
    assert "attendance-2026-03-days.csv" in days.headers["content-disposition"]
    for wrong in ("part=all", "x=1"):
        answer = await client.get(f"{ROOT}/months/2026-03.csv?{wrong}")
        check_problem(answer, 400, "invalid-query")
    for path in ("2026-13.xlsx", "x.csv", "2026-03.pdf"):
        answer = await client.get(f"{ROOT}/months/{path}")
        check_problem(answer, 404, "not-found")


async def test_clocks_and_unknown_numbers_are_listed(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.clock_items = [
        ClockStanding(
            device=device,
            name="",
            state="ready",
            reason="",
            serial="",
            until=hall.now(),
            how="log",
            suspect="",
            drift_s=None,
            records=1,
            records_max=100,
            gaps=[],
        )
        for device in ("clock-west", "clock-east")
    ]
    hall.attendance.unknown_items = [
        UnknownUser(
            user_id="99",
            punches=3,
            first=hall.now(),
            last=hall.now(),
            devices=["clock-east"],
        )
    ]
    clocks = (await client.get(f"{ROOT}/clocks")).json()
    assert [item["device"] for item in clocks["items"]] == ["clock-west", "clock-east"]
    one = (await client.get(f"{ROOT}/clocks?device=clock-east")).json()
    assert one["items"][0]["until"] == "2026-03-02T09:00:00+08:00"
    unknown = (await client.get(f"{ROOT}/unknown-users?left=null")).json()
    assert unknown["items"][0]["user_id"] == "99"
    assert (await client.get(f"{ROOT}/unknown-users?left=007")).json()["total"] == 0


async def test_stand_ins_are_asked_for_by_days(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.cover_items = [
        CoverStanding(
            cover="AB1",
            place="w1",
            day=TODAY,
            a="007",
            a_name="测试",
            b="008",
            b_name="测试",
            start=hall.now(),
            end=hall.now(),
            state=state,
            reason="",
        )
        for state in ("covered", "uncovered")
    ]
    path = f"{ROOT}/stand-ins"
    assert (await client.get(path)).json()["total"] == 2
    assert hall.attendance.asked[-1] == (TODAY, date(2026, 3, 3))
    some = await client.get(f"{path}?from=2026-03-01&to=2026-04-01&state=uncovered")
    assert some.json()["total"] == 1
    await client.get(f"{path}?to=2026-03-02")
    assert hall.attendance.asked[-1] == (date(2026, 3, 1), TODAY)
    wide = await client.get(f"{path}?from=2024-01-01&to=2026-01-01")
    check_problem(wide, 400, "invalid-query")


async def test_tampers_and_the_ledger_are_listed(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.tamper_items = [
        Tamper(
            id=number,
            device="clock-east",
            kind=kind,
            time=hall.now(),
            received_time=hall.now(),
            raw="00",
        )
        for number, kind in enumerate(("boot", "menu"), start=1)
    ]
    path = f"{ROOT}/tampers?device=clock-east&kind=menu"
    assert [item["id"] for item in (await client.get(path)).json()["items"]] == [2]
    for person in ("007", "008"):
        await client.post(
            f"{ROOT}/people", json={"id": person, "name": "测试", "by": "李主任"}
        )
    rows = (await client.get(f"{ROOT}/ledger?limit=1")).json()
    assert rows["total"] == 2
    assert rows["items"][0]["key"] == "008"
    assert rows["items"][0]["previous"] == hall.attendance.entries[0].hash
    one = (await client.get(f"{ROOT}/ledger?kind=person&key=007")).json()
    assert [row["id"] for row in one["items"]] == [1]
