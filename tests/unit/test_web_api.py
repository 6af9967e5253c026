"""Tickets and windows over REST, on a hall in memory and on the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.asking import PROBLEM, check_problem, client_of
from support.fake_hall import START, FakeHall, make_site

from bridge.service.hall import open_hall
from bridge.service.ports import HallPort
from bridge.store.errors import StoreError

FIELDS = {
    "id",
    "number",
    "service",
    "state",
    "waiting_before",
    "estimated_wait_s",
}


@pytest.fixture(params=["memory", "store"])
async def hall(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[HallPort]:
    if request.param == "memory":
        yield FakeHall()
        return
    async with open_hall(site=make_site(), data=tmp_path, clock=lambda: START) as real:
        yield real


async def draw(client: httpx.AsyncClient, service: str = "reg") -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/tickets", json={"service": service, "channel": "kiosk"}
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_ticket_is_drawn_and_found_again(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/tickets", json={"service": "reg", "channel": "kiosk"}
    )
    assert answer.status_code == 201
    ticket = answer.json()
    assert ticket.keys() >= FIELDS
    assert ticket["number"] == "A001"
    assert ticket["state"] == "waiting"
    assert ticket["waiting_before"] == 0
    assert ticket["issued_at"] == "2026-03-02T09:00:00+08:00"
    assert answer.headers["location"] == f"/api/v1/tickets/{ticket['id']}"
    assert (await client.get(answer.headers["location"])).json() == ticket


async def test_an_idempotency_key_draws_one_ticket(
    client: httpx.AsyncClient, hall: HallPort
) -> None:
    headers = {"Idempotency-Key": "touch-1"}
    wish = {"service": "reg", "channel": "kiosk"}
    first = await client.post("/api/v1/tickets", json=wish, headers=headers)
    second = await client.post(
        "/api/v1/tickets",
        content=b'{"channel": "kiosk", "service": "reg"}',
        headers={**headers, "Content-Type": "application/json"},
    )
    assert first.json() == second.json()
    assert second.status_code == 201
    assert (await hall.queue()).services[0].waiting == 1
    other = {"service": "idcard", "channel": "kiosk"}
    check_problem(
        await client.post("/api/v1/tickets", json=other, headers=headers),
        422,
        "idempotency-mismatch",
    )


async def test_a_bad_idempotency_key_is_refused(client: httpx.AsyncClient) -> None:
    for key in ("", "x" * 256, "two words"):
        answer = await client.post(
            "/api/v1/tickets",
            json={"service": "reg", "channel": "kiosk"},
            headers={"Idempotency-Key": key},
        )
        check_problem(answer, 400, "invalid-header")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "kiosk"}, "service"),
        ({"service": "nowhere", "channel": "kiosk"}, "service"),
        ({"service": 5, "channel": "kiosk"}, "service"),
        ({"service": "reg", "channel": "fax"}, "channel"),
        ({"service": "reg", "channel": "kiosk", "colour": 1}, "colour"),
        ({"service": "reg", "channel": "kiosk", "subject_ref": ""}, "subject_ref"),
    ],
)
async def test_a_wrong_ticket_names_the_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/api/v1/tickets", json=body)
    problem = check_problem(answer, 422, "invalid-request")
    assert [mistake["field"] for mistake in problem["errors"]] == [field]


@pytest.mark.parametrize("body", [b"{", b"", b"[" * 50_000, b"\xff\xfe{}"])
async def test_a_body_that_is_no_json_is_a_problem(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post(
        "/api/v1/tickets", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == PROBLEM


async def test_a_window_calls_serves_and_finishes(client: httpx.AsyncClient) -> None:
    ticket = await draw(client)
    called = await client.post("/api/v1/counters/w1/call")
    assert called.status_code == 200
    assert called.json()["number"] == "A001"
    assert called.json()["state"] == "called"
    for action, state in (("recall", "called"), ("start", "serving")):
        answer = await client.post(f"/api/v1/counters/w1/{action}", json={})
        assert answer.json()["state"] == state
    queue = (await client.get("/api/v1/queue")).json()
    assert queue["services"][0]["id"] == "reg"
    assert queue["services"][0]["waiting"] == 0
    assert queue["counters"][0]["ticket"] == {
        "id": ticket["id"],
        "number": "A001",
        "state": "serving",
    }
    await client.post("/api/v1/counters/w1/finish")
    counter = (await client.get("/api/v1/counters/w1")).json()
    assert counter["state"] == "idle"
    assert counter["ticket"] is None


async def test_what_a_window_may_not_do_has_its_own_problem(
    client: httpx.AsyncClient,
) -> None:
    call = "/api/v1/counters/w1/call"
    check_problem(await client.post(call), 409, "queue-empty")
    await draw(client)
    await draw(client)
    await client.post(call)
    check_problem(await client.post(call), 409, "ticket-open")
    await client.post("/api/v1/counters/w1/finish")
    check_problem(await client.post("/api/v1/counters/w1/finish"), 409, "no-ticket")
    paused = await client.post("/api/v1/counters/w1/pause")
    assert paused.json()["state"] == "paused"
    check_problem(await client.post(call), 409, "counter-paused")
    check_problem(await client.post("/api/v1/counters/w9/call"), 404, "not-found")
    check_problem(await client.post("/api/v1/counters/w1/dance"), 404, "not-found")


async def test_an_action_with_a_key_acts_once(client: httpx.AsyncClient) -> None:
    await draw(client)
    await draw(client)
    headers = {"Idempotency-Key": "press-1"}
    first = await client.post("/api/v1/counters/w1/call", headers=headers)
    again = await client.post("/api/v1/counters/w1/call", headers=headers, json={})
    assert first.json() == again.json()
    assert again.status_code == 200


async def test_a_held_ticket_comes_back_and_another_is_transferred(
    client: httpx.AsyncClient,
) -> None:
    ticket = await draw(client)
    await client.post("/api/v1/counters/w2/call")
    held = await client.post("/api/v1/counters/w2/hold")
    assert held.json()["state"] == "held"
    back = await client.post(
        "/api/v1/counters/w2/resume-ticket", json={"ticket": ticket["id"]}
    )
    assert back.json()["state"] == "called"
    moved = await client.post(
        "/api/v1/counters/w2/transfer", json={"service": "idcard"}
    )
    assert moved.json()["service"] == "idcard"
    wrong = await client.post("/api/v1/counters/w2/transfer", json={"to": "w1"})
    assert check_problem(wrong, 422, "invalid-request")["errors"][0]["field"] == "to"


async def test_a_store_that_cannot_be_written_is_503_with_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = FakeHall()

    async def full(*_: Any, **__: Any) -> None:
        raise StoreError("cannot write to hall.db: database or disk is full")

    monkeypatch.setattr(hall, "draw_ticket", full)
    async with client_of(hall) as client:
        answer = await client.post("/api/v1/tickets", json={"service": "reg"})
    assert answer.status_code == 503
    assert answer.json()["type"] == "not-ready"
    assert "disk is full" in answer.json()["detail"]
