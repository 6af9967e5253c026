"""Lists, devices, health and errors over REST, on a hall in memory."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from support.asking import PROBLEM, check_problem
from support.fake_hall import FakeHall

from bridge.domain.views import PunchView
from devices.commands import Reply, ReplyStatus


async def test_lists_are_cut_and_filtered(client: httpx.AsyncClient) -> None:
    counters = (await client.get("/api/v1/counters?limit=1&offset=1")).json()
    assert [item["id"] for item in counters["items"]] == ["w2"]
    assert counters["total"] == 3
    upper = (await client.get("/api/v1/counters?area=upper")).json()
    assert [item["id"] for item in upper["items"]] == ["w3"]
    devices = (await client.get("/api/v1/devices?state=offline")).json()
    assert [item["id"] for item in devices["items"]] == ["led-main"]
    assert devices["items"][0].keys() >= {
        *("id", "driver", "name", "state", "reason", "since", "last_seen", "node"),
    }
    services = (await client.get("/api/v1/services?prefix=B")).json()
    assert [item["id"] for item in services["items"]] == ["idcard"]
    areas = (await client.get("/api/v1/areas")).json()
    assert areas["items"][1] == {"id": "upper", "name": "二楼"}
    alarms = (await client.get("/api/v1/alarms?kind=none")).json()
    assert alarms == {"items": [], "total": 0}


async def test_punches_are_asked_for_by_time(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    moment = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    hall.punch_items = [
        PunchView(
            id=7,
            device="clock-east",
            user_id="12",
            time=moment,
            received_time=moment,
            direction="in",
            method="fingerprint",
            flags=["future"],
            raw="00ff",
        )
    ]
    answer = await client.get(
        "/api/v1/attendance/punches",
        params={
            "device": "clock-east",
            "user_id": "12",
            "from": "2026-03-02T00:00:00+08:00",
            "to": "2026-03-02T16:00:00Z",
            "limit": "1000",
        },
    )
    item = answer.json()["items"][0]
    assert item["time"] == "2026-03-02T08:30:00+08:00"
    assert item["flags"] == ["future"]
    query = hall.queries[-1]
    assert query.equals == {"device": "clock-east", "user_id": "12"}
    assert query.from_time == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert query.to_time == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert query.limit == 1000
    loose = "/api/v1/attendance/punches?from=2026-03-02T00:00:00+08:00"
    assert (await client.get(loose)).status_code == 200
    assert hall.queries[-1].from_time == query.from_time


async def test_ratings_are_filtered_by_what_is_null(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    answer = await client.get("/api/v1/ratings?linked=false&value=null&counter=w1")
    assert answer.status_code == 200
    assert hall.queries[-1].equals == {"linked": False, "value": None, "counter": "w1"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("colour=red", "colour"),
        ("from=2026-03-02T00:00:00", "from"),
        ("from=2026-03-02", "from"),
        ("to=1700000000", "to"),
        ("to=2026-13-02T00:00:00Z", "to"),
        ("to=0001-01-01T00:00:00%2B08:00", "to"),
    ],
)
async def test_a_wrong_query_names_the_parameter(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/api/v1/attendance/punches?{query}")
    problem = check_problem(answer, 400, "invalid-query")
    assert [mistake["field"] for mistake in problem["errors"]] == [field]


async def test_where_there_are_no_parameters_one_is_refused(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/api/v1/queue?x=1", "/api/v1/devices/bus-1?limit=1"):
        check_problem(await client.get(path), 400, "invalid-query")


async def test_a_device_is_commanded(client: httpx.AsyncClient, hall: FakeHall) -> None:
    beep = "/api/v1/devices/bus-1/commands/beep"
    answer = await client.post(beep, json={"address": 1})
    assert answer.json() == {"id": "r1", "status": "ok", "data": {"done": True}}
    await client.post(beep, json={"args": {"address": 2}, "timeout_s": 2})
    await client.post(beep)
    assert [entry[2:] for entry in hall.commands] == [
        ({"address": 1}, 5.0),
        ({"address": 2}, 2.0),
        ({}, 5.0),
    ]


async def test_a_command_with_a_key_is_sent_once(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    beep = "/api/v1/devices/bus-1/commands/beep"
    headers = {"Idempotency-Key": "k"}
    for _ in range(2):
        assert (await client.post(beep, json={}, headers=headers)).status_code == 200
    assert len(hall.commands) == 1
    other = await client.post(beep, json={"address": 2}, headers=headers)
    check_problem(other, 422, "idempotency-mismatch")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (ReplyStatus.TIMEOUT, 504, "command-timeout"),
        (ReplyStatus.ERROR, 502, "command-failed"),
        (ReplyStatus.REJECTED, 422, "command-rejected"),
    ],
)
async def test_a_command_that_fails_is_a_problem(
    client: httpx.AsyncClient, hall: FakeHall, status: ReplyStatus, code: int, kind: str
) -> None:
    hall.reply = Reply(id="r2", status=status, code="busy", message="is busy")
    answer = await client.post("/api/v1/devices/bus-1/commands/beep", json={})
    problem = check_problem(answer, code, kind)
    assert problem["detail"] == "bus-1: is busy"
    assert problem["code"] == "busy"


async def test_a_command_that_cannot_be_sent_is_refused(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    beep = "/api/v1/devices/bus-1/commands/beep"
    json_type = {"Content-Type": "application/json"}
    for body in (
        b'{"text": "\\ud800"}',
        b'{"x": NaN}',
        b'{"args": [], "timeout_s": 1}',
    ):
        answer = await client.post(beep, content=body, headers=json_type)
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == PROBLEM
    for seconds in (0, -1, 301, True, "5"):
        answer = await client.post(beep, json={"args": {}, "timeout_s": seconds})
        check_problem(answer, 422, "invalid-request")
    check_problem(
        await client.post("/api/v1/devices/no/commands/beep"), 404, "not-found"
    )
    assert hall.commands == []


async def test_errors_are_problems_everywhere(client: httpx.AsyncClient) -> None:
    check_problem(await client.get("/api/v1/nothing"), 404, "not-found")
    check_problem(await client.get("/api/v1/tickets/none"), 404, "not-found")
    wrong = await client.delete("/api/v1/queue")
    check_problem(wrong, 405, "method-not-allowed")
    assert "GET" in wrong.headers["allow"]
    check_problem(await client.get("/api/v1/stream?area=none"), 404, "not-found")


async def test_a_fault_of_ours_tells_nothing(
    client: httpx.AsyncClient, hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(hall, "queue", fail)
    answer = await client.get("/api/v1/queue")
    check_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_openapi_describes_every_endpoint(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    assert schema["paths"].keys() >= {
        "/api/v1/tickets",
        "/api/v1/queue",
        "/api/v1/stream",
        "/api/v1/counters/{counter_id}/{action}",
        "/api/v1/attendance/punches",
        "/api/v1/devices/{device_id}/commands/{name}",
        "/readyz",
    }
    assert "ProblemDocument" in schema["components"]["schemas"]
    assert "HTTPValidationError" not in str(schema["paths"])


async def test_health_tells_what_is_wrong(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    assert (await client.get("/healthz")).json()["status"] == "alive"
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert [device["id"] for device in ready.json()["devices_down"]] == ["led-main"]
    hall.reasons = ["broker: not connected"]
    problem = check_problem(await client.get("/readyz"), 503, "not-ready")
    assert problem["reasons"] == ["broker: not connected"]
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_are_prometheus_text(client: httpx.AsyncClient) -> None:
    wish = {"service": "reg", "channel": "kiosk"}
    await client.post("/api/v1/tickets", json=wish)
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert "# TYPE halld_tickets_total counter" in lines
    assert "halld_tickets_total 1" in lines
    assert "halld_devices 2" in lines
    assert "halld_devices_up 1" in lines
    assert "bad name" not in answer.text
