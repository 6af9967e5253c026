"""Facts of attendance over REST: told, listed, taken back, decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import httpx
import pytest
from support.asking import check_problem
from support.fake_hall import FakeHall

from bridge.domain.attendance.facts import Leave, LeaveUnit, Status
from bridge.service.attendance.port import FactQuery
from bridge.service.attendance.told import FactKind
from bridge.web.api.attendance.documents import EXAMPLES
from bridge.web.api.attendance.lists import LISTS, FactList

ROOT = "/api/v1/attendance"
HOURS = {
    "person": "007",
    "kind": "sick",
    "start": "2026-03-02T09:00:00+08:00",
    "end": "2026-03-02T11:00:00+08:00",
    "by": "测试",
}
CORRECTION = {
    "person": "007",
    "day": "2026-03-02",
    "kind": "punch",
    "time": "2026-03-02T08:25:00+08:00",
    "reason": "停电",
    "by": "测试",
}


async def tell(client: httpx.AsyncClient, name: str, body: Any) -> dict[str, Any]:
    answer = await client.post(f"{ROOT}/{name}", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("facts", LISTS, ids=lambda facts: facts.name)
async def test_a_fact_is_told_found_listed_and_taken_back(
    client: httpx.AsyncClient, hall: FakeHall, facts: FactList
) -> None:
    body = {"reason": "新来的", **EXAMPLES[facts.kind], "by": "李主任"}
    answer = await client.post(f"{ROOT}/{facts.name}", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["actor"], told["reason"]) == ("李主任", body["reason"])
    place = answer.headers["location"]
    assert (await client.get(place)).json() == told
    listed = (await client.get(f"{ROOT}/{facts.name}")).json()
    assert (listed["items"], listed["total"]) == ([told], 1)
    act = {"by": "李主任", "reason": "错了"}
    gone = await client.post(f"{place}/remove", json=act)
    assert gone.status_code == 200
    left = (await client.get(f"{ROOT}/{facts.name}")).json()
    if told["status"] is None:
        assert left == {"items": [], "total": 0}
        check_problem(await client.get(place), 404, "not-found")
    else:
        assert left["items"][0]["status"] == "cancelled"
    assert [entry.reason for entry in hall.attendance.entries][-1] == "错了"


async def test_a_fact_is_json_as_its_fields_are_named(
    client: httpx.AsyncClient,
) -> None:
    told = await tell(
        client, "shifts", {**EXAMPLES[FactKind.SHIFT], "id": "s1", "by": "测试"}
    )
    assert told["kind"] == "shift"
    assert told["fact"]["sessions"][0]["start"] == "08:30:00"
    assert told["fact"]["weekdays"] == [0, 1, 2, 3, 4]
    person = await tell(
        client,
        "people",
        {"id": "007", "name": "测试", "joined": "2026-03-01", "by": "x"},
    )
    assert person["id"] == "007"
    assert person["fact"]["joined"] == "2026-03-01"
    assert person["at"] == "2026-03-02T09:00:00+08:00"


async def test_lists_are_asked_for_by_their_columns(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    path = f"{ROOT}/leave?person=007&status=pending&kind=sick&limit=5&offset=2"
    await client.get(path + "&from=2026-03-01&to=2026-04-01")
    assert hall.attendance.asked[-1] == FactQuery(
        limit=5,
        offset=2,
        person="007",
        status=Status.PENDING,
        equals={"kind": "sick"},
        from_day=date(2026, 3, 1),
        to_day=date(2026, 4, 1),
    )
    await client.get(f"{ROOT}/people?department=税务局")
    assert hall.attendance.asked[-1].equals == {"department": "税务局"}
    await client.get(f"{ROOT}/calendar-years?year=2027")
    assert hall.attendance.asked[-1].equals == {"year": 2027}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("people?colour=red", "colour"),
        ("people?status=pending", "status"),
        ("leave?status=maybe", "status"),
        ("leave?from=2026-13-01", "from"),
        ("leave?to=20260301", "to"),
        ("corrections?limit=1001", "limit"),
        ("covers?offset=-1", "offset"),
        ("spot-checks?finding=fine", "finding"),
        ("calendar/2027-01-01?x=1", "x"),
    ],
)
async def test_a_wrong_query_names_the_parameter(
    client: httpx.AsyncClient, path: str, field: str
) -> None:
    problem = check_problem(await client.get(f"{ROOT}/{path}"), 400, "invalid-query")
    assert [mistake["field"] for mistake in problem["errors"]] == [field]


@pytest.mark.parametrize(
    ("name", "change", "field", "words"),
    [
        ("leave", {"kind": "holidays"}, "kind", "'personal'"),
        ("leave", {"start": None}, "start", "want a time with offset"),
        ("leave", {"start": "2026-03-02T09:00:00"}, "start", "offset"),
        ("leave", {"start": 1772409600}, "start", "want a time with offset"),
        ("leave", {"end": "1999-03-02T09:00:00+08:00"}, "end", "from 2000"),
        ("leave", {"colour": "red"}, "colour", "is not known here"),
        ("leave", {"person": "0 7"}, "person", "may not stand here"),
        ("leave", {"note": "\x00"}, "note", "may not stand here"),
        ("leave", {"note": "x" * 501}, "note", "500"),
        ("leave", {"half": "am"}, "start", "date_from"),
        ("leave", {"date_from": "2026-03-02"}, "start", "date_from"),
        ("corrections", {"day": "2026-02-30"}, "day", "want a day"),
        ("corrections", {"reason": ""}, "reason", "1 character"),
        ("corrections", {"punch": "5"}, "punch", "want a whole number"),
        ("corrections", {"session": 6}, "session", "5"),
    ],
)
async def test_a_mistake_in_a_fact_is_named(
    *,
    client: httpx.AsyncClient,
    hall: FakeHall,
    name: str,
    change: dict[str, Any],
    field: str,
    words: str,
) -> None:
    body = {**(HOURS if name == "leave" else CORRECTION), **change}
    problem = check_problem(
        await client.post(f"{ROOT}/{name}", json=body), 422, "invalid-facts"
    )
    (mistake,) = problem["errors"]
    assert (mistake["index"], mistake["field"]) == (0, field)
    assert words in mistake["message"]
    assert hall.attendance.entries == []


async def test_nested_mistakes_say_where(client: httpx.AsyncClient) -> None:
    sessions = [{"start": "08:30", "end": "25:00", "colour": "red"}]
    body = {"id": "s", "name": "x", "sessions": sessions, "by": "测试"}
    problem = check_problem(
        await client.post(f"{ROOT}/shifts", json=body), 422, "invalid-facts"
    )
    found = {(e["field"], e["message"]) for e in problem["errors"]}
    assert ("sessions.0.end", "want a time of day, such as 08:30") in found
    assert ("sessions.0.colour", "is not known here") in found


@pytest.mark.parametrize("by", [None, "", "  ", "x" * 65, 5, "a\x07b"])
async def test_who_tells_it_must_be_said(
    client: httpx.AsyncClient, hall: FakeHall, by: Any
) -> None:
    body = {key: value for key, value in HOURS.items() if key != "by"}
    if by is not None:
        body["by"] = by
    problem = check_problem(
        await client.post(f"{ROOT}/leave", json=body), 422, "invalid-request"
    )
    assert problem["errors"][0]["field"] == "by"
    for act in ("leave/L1/remove", "months/2026-03/close"):
        answer = await client.post(f"{ROOT}/{act}", json={"reason": "x"})
        check_problem(answer, 422, "invalid-request")
    assert hall.attendance.entries == []


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"{", 400, "invalid-json"),
        (b"", 400, "invalid-json"),
        (b'{"x": NaN}', 400, "invalid-json"),
        (b"[" * 30000, 400, "invalid-json"),
        (b"[]", 422, "invalid-request"),
        (b'{"by": "x", "id": "\\ud800", "name": "x"}', 422, "invalid-facts"),
        (b'{"by": "\\ud800"}', 422, "invalid-request"),
    ],
)
async def test_what_is_no_body_is_refused(
    client: httpx.AsyncClient, content: bytes, status: int, kind: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post(f"{ROOT}/people", content=content, headers=headers)
    check_problem(answer, status, kind)


@pytest.mark.parametrize(
    ("wish", "unit", "start", "end"),
    [
        ({"date_from": "2026-03-02"}, "day", "02T00:00", "03T00:00"),
        (
            {"date_from": "2026-03-02", "date_to": "2026-03-04"},
            "day",
            "02T00:00",
            "05T00:00",
        ),
        ({"date_from": "2026-03-02", "half": "am"}, "half_day", "02T00:00", "02T12:30"),
        ({"date_from": "2026-03-02", "half": "pm"}, "half_day", "02T12:30", "03T00:00"),
    ],
)
async def test_leave_is_asked_for_by_days_and_halves(
    client: httpx.AsyncClient, wish: dict[str, str], unit: str, start: str, end: str
) -> None:
    told = await tell(
        client, "leave", {"person": "007", "kind": "annual", **wish, "by": "测试"}
    )
    assert told["fact"]["unit"] == unit
    assert told["fact"]["start"] == f"2026-03-{start}:00+08:00"
    assert told["fact"]["end"] == f"2026-03-{end}:00+08:00"


@pytest.mark.parametrize(
    "wish",
    [
        {"date_from": "2026-03-02", "date_to": "2026-03-01"},
        {"date_from": "2026-03-02", "date_to": "2026-03-03", "half": "am"},
        {"date_from": "2026-03-02", "half": "noon"},
        {"date_to": "2026-03-02"},
        {"date_from": 20260302},
    ],
)
async def test_days_of_leave_that_make_no_sense_are_refused(
    client: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    body = {"person": "007", "kind": "annual", **wish, "by": "测试"}
    answer = await client.post(f"{ROOT}/leave", json=body)
    check_problem(answer, 422, "invalid-facts")


async def test_hours_of_leave_keep_their_moments(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    told = await tell(client, "leave", HOURS)
    fact = hall.attendance.known[FactKind.LEAVE, told["id"]].fact
    assert isinstance(fact, Leave)
    assert fact.unit is LeaveUnit.HOUR
    assert fact.start == datetime.fromisoformat("2026-03-02T09:00:00+08:00")


async def test_what_is_sent_again_with_its_key_is_told_once(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    headers = {"Idempotency-Key": "form-1"}
    for _ in range(2):
        answer = await client.post(
            f"{ROOT}/leave", json={**HOURS, "approver": "李主任"}, headers=headers
        )
        assert answer.status_code == 201
        assert answer.json()["status"] == "approved"
    assert [entry.kind for entry in hall.attendance.entries] == ["leave", "decision"]
    other = await client.post(f"{ROOT}/leave", json=HOURS, headers=headers)
    check_problem(other, 422, "idempotency-mismatch")


async def test_what_the_rules_refuse_is_told_with_its_place(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.refused = [(0, "person: nobody is 007"), (1, "ends before it is")]
    problem = check_problem(
        await client.post(f"{ROOT}/leave", json=HOURS), 422, "invalid-facts"
    )
    assert problem["errors"] == [
        {"index": 0, "field": "person", "message": "nobody is 007"},
        {"index": 1, "field": "", "message": "ends before it is"},
    ]


async def test_openapi_has_the_shapes_and_examples_of_facts(
    client: httpx.AsyncClient,
) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    post = schema["paths"]["/api/v1/attendance/leave"]["post"]
    body = post["requestBody"]["content"]["application/json"]
    assert body["schema"]["required"] == ["person", "kind", "by"]
    assert body["example"]["by"]
    shapes = schema["components"]["schemas"]
    assert shapes["KnownLeave"]["properties"]["fact"]["$ref"].endswith("/Leave")
    for facts in LISTS:
        path = f"/api/v1/attendance/{facts.name}"
        example = schema["paths"][path]["post"]["requestBody"]["content"]
        told = await client.post(path, json=example["application/json"]["example"])
        assert told.status_code == 201
