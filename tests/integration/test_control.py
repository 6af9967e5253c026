from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from support.echoing import echo, loop_clock

from simulators.hosting.control import bind_control, create_control, serve_control
from simulators.hosting.host import host


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    async with host(echo(), "tcp://127.0.0.1:0", clock=loop_clock) as hosted:
        sock = bind_control(0)
        port = sock.getsockname()[1]
        app = create_control({"echo-1": hosted}, {"far": "no such address"})
        task = asyncio.create_task(serve_control(app, sock))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_view_and_action(api: httpx.AsyncClient) -> None:
    assert (await api.get("/devices/echo-1")).json() == {"taken": ""}
    answer = await api.post("/devices/echo-1/say", json={"text": "x"})
    assert answer.status_code == 200
    assert (await api.post("/devices/echo-1/hang")).status_code == 200
    items = (await api.get("/devices")).json()["items"]
    assert items[0]["faults"] == {"hang": True}
    assert items[1] == {"id": "far", "failure": "no such address"}


@pytest.mark.parametrize("cure", ["replug", "powercycle", "heal"])
async def test_a_hang_ends_as_a_technician_ends_it(
    api: httpx.AsyncClient, cure: str
) -> None:
    await api.post("/devices/echo-1/hang")
    await api.post("/devices/echo-1/split")
    assert (await api.post(f"/devices/echo-1/{cure}")).status_code == 200
    items = (await api.get("/devices")).json()["items"]
    assert items[0]["faults"] == ({} if cure == "heal" else {"split": True})


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/devices/nope/say", b"{}", 404, "no device 'nope'"),
        ("/devices/far/say", b"{}", 404, "no such address"),
        ("/devices/echo-1/sing", b"{}", 404, "no action 'sing'"),
        ("/devices/echo-1/say", b"{", 400, "not JSON"),
        ("/devices/echo-1/say", b"[]", 400, "JSON object"),
        ("/devices/echo-1/say", b'{"txet": "x"}', 422, "txet: Extra inputs"),
        ("/devices/echo-1/fail", b'{"text": "x"}', 409, "cannot be done now"),
    ],
)
async def test_problems(
    api: httpx.AsyncClient, path: str, body: bytes, status: int, words: str
) -> None:
    answer = await api.post(path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


async def test_an_unknown_action_is_told_with_those_there_are(
    api: httpx.AsyncClient,
) -> None:
    problem = (await api.post("/devices/echo-1/sing")).json()
    assert {"say", "garble", "replug", "heal"} <= set(problem["actions"])
