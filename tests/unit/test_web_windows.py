"""A window's people over REST: its line, a chosen number, kiosks that rejoin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.asking import check_problem, client_of
from support.bridges import Clock, make_site

from bridge.service.hall import Hall, open_hall

SERVICES = [
    {
        "id": "reg",
        "prefix": "A",
        "quotas": [
            {"from": "08:00", "to": "12:00", "limit": 4},
            {"from": "13:30", "to": "17:00", "limit": 1},
        ],
    },
    {"id": "idcard", "prefix": "B"},
]
COUNTERS = [
    {"id": "w1", "number": 1, "services": [{"id": "reg", "weight": 3}, "idcard"]},
    {"id": "w2", "number": 2, "services": ["idcard"]},
]
QUEUE = {
    "priorities": [{"id": "elderly", "ahead_min": 15, "kiosk": True}],
    "rejoin": {"after": 0, "within_min": 30},
}
TOKEN = "open-sesame"  # noqa: S105 - a specimen
PUBLIC = {"host": "0.0.0.0", "token": TOKEN}  # noqa: S104 - the case tried


def site_of(**more: Any) -> Any:
    return make_site(services=SERVICES, counters=COUNTERS, areas=[], **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with open_hall(site=site_of(queue=QUEUE), data=tmp_path, clock=clock) as hall:
        yield hall


async def post(
    client: httpx.AsyncClient, path: str, status: int = 200, **body: Any
) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def line(client: httpx.AsyncClient, counter: str = "w1") -> dict[str, Any]:
    answer = await client.get(f"/api/v1/counters/{counter}/queue")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def numbers(tickets: list[dict[str, Any]]) -> list[str]:
    return [ticket["number"] for ticket in tickets]


async def test_a_line_stands_as_the_window_would_call_it(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    await post(client, "tickets", 201, service="idcard")
    clock.pass_s(300)
    await post(client, "tickets", 201, service="reg")
    await post(client, "tickets", 201, service="idcard", priority="elderly")
    clock.pass_s(300)
    seen = await line(client)
    assert numbers(seen["waiting"]) == ["B002", "A001", "B001"]
    assert [each["priority"] for each in seen["waiting"]] == ["elderly", None, None]
    assert (seen["total"], seen["held"], seen["missed"]) == (3, [], [])
    assert [each["waiting_before"] for each in seen["waiting"]] == [0, 1, 2]
    assert numbers((await line(client, "w2"))["waiting"]) == ["B002", "B001"]
    called = [(await post(client, "counters/w1/call"))["number"]]
    for _ in range(2):
        await post(client, "counters/w1/finish")
        called.append((await post(client, "counters/w1/call"))["number"])
    assert called == numbers(seen["waiting"])
    answer = await client.get("/api/v1/counters/none/queue")
    check_problem(answer, 404, "not-found")


async def test_a_line_knows_who_is_held_and_who_missed(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    for _ in range(4):
        await post(client, "tickets", 201, service="idcard")
    for action in ("hold", "no-show", "hold", "no-show"):
        await post(client, "counters/w1/call")
        await post(client, f"counters/w1/{action}")
        clock.pass_s(60)
    seen = await line(client)
    assert numbers(seen["held"]) == ["B003", "B001"]
    assert numbers(seen["missed"]) == ["B004", "B002"]
    other = await line(client, "w2")
    assert (other["held"], numbers(other["missed"])) == ([], ["B004", "B002"])
    clock.pass_s(28 * 60)
    assert numbers((await line(client))["missed"]) == ["B004"]


async def test_nobody_missed_where_nobody_may_rejoin(
    tmp_path: Path, clock: Clock
) -> None:
    site = site_of(queue={"rejoin": {"within_min": 0}})
    async with (
        open_hall(site=site, data=tmp_path, clock=clock) as hall,
        client_of(hall) as client,
    ):
        await post(client, "tickets", 201, service="idcard")
        await post(client, "counters/w1/call")
        await post(client, "counters/w1/no-show")
        assert (await line(client))["missed"] == []


@pytest.mark.parametrize("wanted", ["A002", "a002", "2", "002"])
async def test_a_number_is_called_out_of_turn(
    client: httpx.AsyncClient, wanted: str
) -> None:
    for _ in range(2):
        await post(client, "tickets", 201, service="reg")
    called = await post(client, "counters/w1/call", number=wanted)
    assert (called["number"], called["state"]) == ("A002", "called")
    refused = await client.post("/api/v1/counters/w1/call", json={"number": "A001"})
    check_problem(refused, 409, "ticket-open")


async def test_what_cannot_be_called_is_told(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    ticket = await post(client, "tickets", 201, service="reg")
    for counter, number in (("w1", "A009"), ("w2", "A001"), ("w1", "?")):
        answer = await client.post(
            f"/api/v1/counters/{counter}/call", json={"number": number}
        )
        check_problem(answer, 409, "no-ticket")
    both = {"number": "A001", "ticket": ticket["id"]}
    answer = await client.post("/api/v1/counters/w1/call", json=both)
    check_problem(answer, 422, "invalid-request")
    clock.pass_s(24 * 3600)
    answer = await client.post(
        "/api/v1/counters/w1/call", json={"ticket": ticket["id"]}
    )
    check_problem(answer, 409, "no-ticket")


async def test_one_who_missed_the_call_is_called_by_id(
    client: httpx.AsyncClient,
) -> None:
    ticket = await post(client, "tickets", 201, service="reg")
    await post(client, "counters/w1/call")
    await post(client, "counters/w1/no-show")
    called = await post(client, "counters/w1/call", ticket=ticket["id"])
    assert called["state"] == "called"


async def test_quotas_tell_when_tickets_are_given_again(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    for _ in range(4):
        await post(client, "tickets", 201, service="reg")
    wish = {"service": "reg"}
    answer = await client.post("/api/v1/tickets", json=wish)
    again = "2026-03-02T13:30:00+08:00"
    assert check_problem(answer, 409, "quota")["opens_at"] == again
    clock.pass_s(5 * 3600)
    await post(client, "tickets", 201, service="reg")
    answer = await client.post("/api/v1/tickets", json=wish)
    assert "opens_at" not in check_problem(answer, 409, "quota")


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_kiosk_rejoins_without_the_token(
    tmp_path: Path, clock: Clock, *, allowed: bool
) -> None:
    queue = {**QUEUE, "at_kiosk": {"rejoin": allowed}}
    site = site_of(queue=queue, web=PUBLIC)
    known = {"X-Halld-Token": TOKEN}
    async with (
        open_hall(site=site, data=tmp_path, clock=clock) as hall,
        client_of(hall) as client,
    ):
        ticket = await post(client, "tickets", 201, service="reg", channel="kiosk")
        for action in ("call", "no-show"):
            path = f"/api/v1/counters/w1/{action}"
            assert (await client.post(path, headers=known)).status_code == 200
        path = f"/api/v1/tickets/{ticket['id']}/rejoin"
        check_problem(await client.post(path), 401, "unauthorized")
        answer = await client.post(path, json={"channel": "api"})
        check_problem(answer, 401, "unauthorized")
        answer = await client.post(path, json={"channel": "kiosk"})
        if allowed:
            assert answer.json()["state"] == "waiting"
        else:
            check_problem(answer, 409, "rule")
            answer = await client.post(path, headers=known)
            assert answer.json()["state"] == "waiting"
