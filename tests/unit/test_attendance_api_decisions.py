"""Decisions over REST: leave, corrections, punches, gaps, previews."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import httpx
import pytest
from support.asking import check_problem
from support.fake_hall import FakeHall

from bridge.domain.attendance.facts import Confirmation, GapVerdict, Leave
from bridge.domain.attendance.results import DayResult, DayState
from bridge.service.attendance.told import FactKind, Removal
from bridge.service.attendance.views import DayChange

ROOT = "/api/v1/attendance"
LEAVE = {"person": "007", "kind": "sick", "date_from": "2026-03-02", "by": "测试"}
PUNCH = {
    "person": "007",
    "day": "2026-03-02",
    "kind": "punch",
    "time": "2026-03-02T08:25:00+08:00",
}


async def ask(client: httpx.AsyncClient, body: dict[str, Any] = LEAVE) -> str:
    answer = await client.post(f"{ROOT}/leave", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_leave_is_approved_at_the_level_that_must(
    client: httpx.AsyncClient,
) -> None:
    long = await ask(client, {**LEAVE, "date_to": "2026-03-09"})
    path = f"{ROOT}/leave/{long}/decisions"
    low = {"by": "李主任", "approved": True, "level": 1}
    check_problem(await client.post(path, json=low), 409, "decision")
    answer = await client.post(
        path, json={"by": "李主任", "approved": True, "note": "同意"}
    )
    assert answer.status_code == 201
    assert answer.json()["status"] == "approved"
    assert answer.json()["decisions"] == [
        {"by": "李主任", "approved": True, "level": 2, "note": "同意"}
    ]
    check_problem(await client.post(path, json=low), 409, "decision")


async def test_a_decision_needs_something_to_decide(client: httpx.AsyncClient) -> None:
    body = {"by": "李主任", "approved": False}
    leave = await ask(client)
    for path in ("leave/L99/decisions", f"corrections/{leave}/decisions"):
        check_problem(await client.post(f"{ROOT}/{path}", json=body), 404, "not-found")
    wrong = await client.post(f"{ROOT}/leave/{leave}/decisions", json={"by": "x"})
    problem = check_problem(wrong, 422, "invalid-request")
    assert problem["errors"][0]["field"] == "approved"


async def test_a_refused_correction_stays_refused(client: httpx.AsyncClient) -> None:
    body = {**PUNCH, "reason": "停电", "by": "测试"}
    told = (await client.post(f"{ROOT}/corrections", json=body)).json()
    assert (told["status"], told["reason"]) == ("pending", "停电")
    answer = await client.post(
        f"{ROOT}/corrections/{told['id']}/decisions",
        json={"by": "李主任", "approved": False, "note": "没有证明"},
    )
    assert answer.json()["status"] == "rejected"


async def test_a_signed_form_is_decided_at_once(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    body = {**LEAVE, "approver": "李主任", "reason": "纸质请假条"}
    told = (await client.post(f"{ROOT}/leave", json=body)).json()
    assert told["status"] == "approved"
    assert told["decisions"][0]["by"] == "李主任"
    assert "测试" in told["decisions"][0]["note"]
    actors = [(entry.kind, entry.actor) for entry in hall.attendance.entries]
    assert actors == [("leave", "测试"), ("decision", "李主任")]


async def test_a_signature_that_does_not_do_leaves_nothing(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    low = {**LEAVE, "date_to": "2026-03-09", "approver": "李主任", "level": 1}
    problem = check_problem(
        await client.post(f"{ROOT}/leave", json=low), 409, "decision"
    )
    assert "waiting" not in problem
    assert (await client.get(f"{ROOT}/leave")).json()["total"] == 0
    assert hall.attendance.entries == []


async def test_nobody_signs_what_they_tell(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    own = {**LEAVE, "approver": "测试"}
    check_problem(await client.post(f"{ROOT}/leave", json=own), 409, "decision")
    assert hall.attendance.entries == []


async def test_only_what_is_approved_takes_an_approver(
    client: httpx.AsyncClient,
) -> None:
    body = {"id": "007", "name": "测试", "by": "测试", "approver": "李主任"}
    problem = check_problem(
        await client.post(f"{ROOT}/people", json=body), 422, "invalid-facts"
    )
    assert problem["errors"][0]["field"] == "approver"


async def test_many_corrections_are_told_and_signed_at_once(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    items = [{**PUNCH, "person": f"{n:03}"} for n in range(600)]
    items[0]["reason"] = "忘记"
    body = {"by": "测试", "reason": "停电", "approver": "李主任", "items": items}
    headers = {"Idempotency-Key": "cut-1"}
    for _ in range(2):
        answer = await client.post(
            f"{ROOT}/corrections/bulk", json=body, headers=headers
        )
        assert answer.status_code == 201
    told = answer.json()
    assert told["total"] == len(told["items"]) == 600
    assert {item["status"] for item in told["items"]} == {"approved"}
    assert [item["fact"]["reason"] for item in told["items"][:2]] == ["忘记", "停电"]
    assert len(hall.attendance.entries) == 1200


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        ({"by": "x"}, "invalid-request", "items"),
        ({"by": "x", "items": []}, "invalid-request", "items"),
        ({"by": "x", "items": {}}, "invalid-request", "items"),
        ({"by": "x", "items": [PUNCH] * 1001}, "invalid-request", "items"),
        ({"by": "x", "items": [PUNCH], "to": 1}, "invalid-request", "to"),
        ({"items": [PUNCH]}, "invalid-request", "by"),
        ({"by": "x", "items": [PUNCH]}, "invalid-facts", "reason"),
        ({"by": "x", "reason": "y", "items": [5]}, "invalid-facts", ""),
    ],
)
async def test_many_corrections_that_cannot_be_are_refused(
    client: httpx.AsyncClient, hall: FakeHall, body: Any, kind: str, field: str
) -> None:
    answer = await client.post(f"{ROOT}/corrections/bulk", json=body)
    problem = check_problem(answer, 422, kind)
    assert problem["errors"][0]["field"] == field
    assert hall.attendance.entries == []


async def test_the_place_of_a_bad_one_among_many_is_told(
    client: httpx.AsyncClient,
) -> None:
    items = [PUNCH, {**PUNCH, "day": "2026-02-30"}, {"person": "007"}]
    body = {"by": "测试", "reason": "停电", "items": items}
    answer = await client.post(f"{ROOT}/corrections/bulk", json=body)
    problem = check_problem(answer, 422, "invalid-facts")
    places = [(e["index"], e["field"]) for e in problem["errors"]]
    assert places == [(1, "day"), (2, "day"), (2, "kind")]


async def test_a_doubtful_punch_is_confirmed(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    path = f"{ROOT}/punches/17/confirmations"
    body = {"by": "李主任", "counts": True, "time": "2026-03-02T08:25:00+08:00"}
    answer = await client.post(path, json={**body, "reason": "看了监控"})
    assert answer.status_code == 201
    fact = hall.attendance.known[FactKind.CONFIRMATION, "17"].fact
    time = datetime.fromisoformat("2026-03-02T08:25:00+08:00")
    assert fact == Confirmation(punch=17, counts=True, time=time)
    assert hall.attendance.entries[0].reason == "看了监控"
    wrong = await client.post(path, json={**body, "time": "2026-03-02T08:25"})
    assert check_problem(wrong, 422, "invalid-request")["errors"][0]["field"] == "time"
    for none in ("0", "x"):
        answer = await client.post(f"{ROOT}/punches/{none}/confirmations", json=body)
        check_problem(answer, 404, "not-found")


async def test_a_gap_is_settled(client: httpx.AsyncClient, hall: FakeHall) -> None:
    body = {
        "start": "2026-03-02T08:00:00+08:00",
        "end": "2026-03-02T09:00:00+08:00",
        "note": "停电，没有打卡",
        "by": "李主任",
    }
    answer = await client.post(f"{ROOT}/clocks/clock-east/gaps", json=body)
    assert answer.status_code == 201
    (known,) = hall.attendance.known.values()
    assert isinstance(known.fact, GapVerdict)
    assert known.fact.device == "clock-east"
    turned = {**body, "start": body["end"], "end": body["start"]}
    answer = await client.post(f"{ROOT}/clocks/clock-east/gaps", json=turned)
    assert check_problem(answer, 422, "invalid-request")["errors"][0]["field"] == "end"


def result(*states: DayState) -> DayResult:
    return DayResult(person="007", day=date(2026, 3, 2), states=states, final=True)


async def test_a_preview_tells_days_before_and_after(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.attendance.changes = [
        DayChange(
            person="007",
            name="测试",
            day=date(2026, 3, 2),
            before=result(DayState.ABSENT),
            after=result(DayState.LEAVE),
        )
    ]
    item = {"person": "007", "kind": "sick", "date_from": "2026-03-02", "half": "am"}
    answer = await client.post(
        f"{ROOT}/preview", json={"kind": "leave", "items": [item]}
    )
    assert answer.status_code == 200
    (change,) = answer.json()["items"]
    assert (change["before"]["state"], change["after"]["state"]) == ("absent", "leave")
    (asked,) = hall.attendance.asked[-1]
    assert isinstance(asked, Leave)
    assert asked.id == ""
    assert asked.end == datetime.fromisoformat("2026-03-02T12:30:00+08:00")
    gone = {"kind": "removal", "items": [{"kind": "leave", "key": "L1"}]}
    await client.post(f"{ROOT}/preview", json=gone)
    assert hall.attendance.asked[-1] == [Removal(kind=FactKind.LEAVE, key="L1")]
    assert hall.attendance.entries == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "invalid-request"),
        ({"kind": "people", "items": [{}]}, "invalid-request"),
        ({"kind": "leave", "items": []}, "invalid-request"),
        ({"kind": "leave", "items": [1]}, "invalid-facts"),
        ({"kind": "leave", "items": [{}], "by": "x"}, "invalid-request"),
    ],
)
async def test_a_preview_of_what_cannot_be_is_refused(
    client: httpx.AsyncClient, body: Any, kind: str
) -> None:
    check_problem(await client.post(f"{ROOT}/preview", json=body), 422, kind)
