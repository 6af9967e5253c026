"""Classes, visits, rejoin, seats and lists of the queue over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.asking import check_problem
from support.bridges import Clock, make_site
from support.intakes import Giver

from bridge.service.hall import Hall, open_hall

SERVICES = [
    {
        "id": "reg",
        "prefix": "A",
        "quotas": [{"from": "09:00", "to": "12:00", "limit": 3}],
    },
    {"id": "idcard", "prefix": "B"},
]
QUEUE = {"priorities": [{"id": "elderly", "ahead_min": 15}], "rejoin": {"after": 0}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    site = make_site(services=SERVICES, queue=QUEUE)
    async with open_hall(site=site, data=tmp_path, clock=clock) as hall:
        yield hall


async def post(
    client: httpx.AsyncClient, path: str, status: int = 200, **body: Any
) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["total"] == len(body["items"])
    found: list[dict[str, Any]] = body["items"]
    return found


async def test_a_visit_with_a_class_and_an_appointment(
    client: httpx.AsyncClient,
) -> None:
    visit = await post(
        client, "tickets", 201, services=["idcard", "reg"], priority="elderly"
    )
    assert (visit["number"], visit["next_services"]) == ("B001", ["reg"])
    assert visit["turn"] == "2026-03-02T08:45:00+08:00"
    appointed = await post(
        client, "tickets", 201, service="reg", appointment="2026-03-02T09:10:00+08:00"
    )
    assert appointed["turn"] == appointed["appointment"] == "2026-03-02T09:10:00+08:00"
    refused = await client.post(
        "/api/v1/tickets",
        json={"service": "reg", "appointment": "2026-03-02T12:00:00+08:00"},
    )
    check_problem(refused, 409, "appointment")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"service": "reg", "services": ["reg"]}, "service"),
        ({"services": []}, "services"),
        ({"services": ["reg", "reg"]}, "services"),
        ({"services": ["reg", "no"]}, "services"),
        ({"service": "reg", "priority": "rich"}, "priority"),
        ({"service": "reg", "appointment": "soon"}, "appointment"),
        ({"service": "reg", "appointment": "2026-03-02T09:00:00"}, "appointment"),
    ],
)
async def test_a_wrong_wish_names_the_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    problem = check_problem(
        await client.post("/api/v1/tickets", json=body), 422, "invalid-request"
    )
    assert [mistake["field"] for mistake in problem["errors"]] == [field]


async def test_quotas_tell_why_none_is_given(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    for _ in range(3):
        await post(client, "tickets", 201, service="reg")
    answer = await client.post("/api/v1/tickets", json={"service": "reg"})
    assert check_problem(answer, 409, "quota")["reason"] == "full"
    clock.pass_s(3 * 3600)
    answer = await client.post("/api/v1/tickets", json={"service": "reg"})
    assert check_problem(answer, 409, "quota")["reason"] == "closed"


async def test_lists_and_what_a_window_holds(client: httpx.AsyncClient) -> None:
    first = await post(client, "tickets", 201, service="reg")
    second = await post(client, "tickets", 201, service="idcard")
    await post(client, "counters/w2/call")
    await post(client, "counters/w2/hold")
    held = await items(client, "tickets?state=held&counter=w2")
    assert [each["id"] for each in held] == [first["id"]]
    today = await items(client, "tickets?day=2026-03-02")
    assert [each["id"] for each in today] == [first["id"], second["id"]]
    assert today[1] == (await client.get(f"/api/v1/tickets/{second['id']}")).json()
    assert await items(client, "tickets?service=idcard&counter=null") == [today[1]]
    assert await items(client, "tickets?day=2026-03-01") == []
    answer = await client.get("/api/v1/tickets?state=asleep")
    check_problem(answer, 400, "invalid-query")


async def test_a_missed_call_and_its_rejoin(client: httpx.AsyncClient) -> None:
    ticket = await post(client, "tickets", 201, service="reg")
    path = f"tickets/{ticket['id']}/rejoin"
    check_problem(await client.post(f"/api/v1/{path}"), 409, "no-ticket")
    await post(client, "counters/w1/call")
    await post(client, "counters/w1/no-show")
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = await client.post(f"/api/v1/{path}", headers=headers)
        assert answer.json()["state"] == "waiting"
    check_problem(await client.post("/api/v1/tickets/no/rejoin"), 404, "not-found")


async def test_who_sits_where_and_what_was_pressed(
    client: httpx.AsyncClient, hall: Hall, clock: Clock
) -> None:
    window = await post(client, "counters/w1/sign-in", staff="012")
    assert window["staff"] == "012"
    assert (await items(client, "counters?staff=012"))[0]["id"] == "w1"
    giver = Giver(hall)
    await giver.key("call")
    clock.pass_s(60)
    assert (await post(client, "counters/w1/sign-out"))["staff"] is None
    (seat,) = await items(client, "seats?staff=012")
    assert seat["until"] == "2026-03-02T09:01:00+08:00"
    assert await items(client, "seats?until=null") == []
    (key,) = await items(client, "caller-keys?reason=queue-empty")
    assert (key["counter"], key["key"], key["address"]) == ("w1", "call", "1")
    for wrong in ({}, {"staff": ""}, {"staff": "0\x0012"}):
        answer = await client.post("/api/v1/counters/w1/sign-in", json=wrong)
        check_problem(answer, 422, "invalid-request")


async def test_no_control_characters_and_no_days_that_are_none(
    client: httpx.AsyncClient,
) -> None:
    wish = {"service": "reg", "subject_ref": "a\x00b"}
    answer = await client.post("/api/v1/tickets", json=wish)
    check_problem(answer, 422, "invalid-request")
    answer = await client.get("/api/v1/tickets?day=yesterday")
    check_problem(answer, 400, "invalid-query")
    await post(client, "tickets", 201, service="reg")
    assert len(await items(client, "tickets?day=2026-03-02")) == 1


async def test_a_pause_with_its_end(client: httpx.AsyncClient) -> None:
    window = await post(client, "counters/w1/pause", minutes=15)
    assert window["paused_until"] == "2026-03-02T09:15:00+08:00"
    assert (await post(client, "counters/w1/open"))["paused_until"] is None
    answer = await client.post("/api/v1/counters/w1/pause", json={"minutes": 0})
    check_problem(answer, 422, "invalid-request")


async def test_where_a_ticket_is_sent(client: httpx.AsyncClient) -> None:
    await post(client, "tickets", 201, service="reg")
    await post(client, "counters/w1/call")
    url = "/api/v1/counters/w1/transfer"
    answer = await client.post(url, json={"service": "idcard", "position": "middle"})
    check_problem(answer, 422, "invalid-request")
    answer = await client.post(url, json={"staff": "99"})
    check_problem(answer, 409, "not-signed-in")
    sent = await post(client, "counters/w1/transfer", counter="w3", position="front")
    assert (sent["state"], sent["only_counter"]) == ("transferred", "w3")
