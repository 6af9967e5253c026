"""Who may write, from where, and how much."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from support.fake_hall import FakeHall, make_site

from bridge.web.app import create_app
from bridge.web.guard import MAX_BODY

TOKEN = "open-sesame"  # noqa: S105 - a specimen
PUBLIC = {"web": {"host": "0.0.0.0", "token": TOKEN}}  # noqa: S104 - the case tried
WISH = {"service": "reg", "channel": "kiosk"}


@asynccontextmanager
async def reach(
    base_url: str = "http://127.0.0.1:8080", **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    hall = FakeHall(make_site(**changes))
    transport = httpx.ASGITransport(app=create_app(hall))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


WRITES = [
    ("/api/v1/tickets", {"service": "reg", "channel": "web"}),
    ("/api/v1/tickets", {"service": "reg"}),
    ("/api/v1/tickets", {}),
    ("/api/v1/tickets", ["kiosk"]),
    ("/api/v1/counters/w1/pause", {}),
    ("/api/v1/devices/bus-1/commands/beep", {}),
    ("/api/v1/anything", {}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
async def test_a_public_hall_demands_the_token(path: str, body: Any) -> None:
    async with reach("http://hall.example", **PUBLIC) as client:
        answer = await client.post(path, json=body)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert TOKEN not in answer.text
        for wrong in ("Bearer open-sesam", f"Basic {TOKEN}", "Bearer", "Bearer ü"):
            headers = {b"Authorization": wrong.encode()}
            refused = await client.post(path, json=body, headers=headers)
            assert refused.status_code == 401


async def test_the_token_opens_a_public_hall() -> None:
    async with reach("http://hall.example", **PUBLIC) as client:
        for headers in ({"Authorization": f"bearer {TOKEN}"}, {"X-Halld-Token": TOKEN}):
            answer = await client.post("/api/v1/counters/w1/pause", headers=headers)
            assert answer.status_code == 200
        web = {"service": "reg", "channel": "web"}
        drawn = await client.post(
            "/api/v1/tickets", json=web, headers={"X-Halld-Token": TOKEN}
        )
        assert drawn.status_code == 201


async def test_a_kiosk_draws_and_everybody_reads_without_token() -> None:
    async with reach("http://hall.example", **PUBLIC) as client:
        assert (await client.post("/api/v1/tickets", json=WISH)).status_code == 201
        assert (await client.get("/api/v1/queue")).status_code == 200


async def test_a_local_hall_needs_no_token() -> None:
    async with reach() as client:
        answer = await client.post("/api/v1/counters/w1/pause")
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_site_may_not_write(headers: dict[str, str]) -> None:
    async with reach() as client:
        answer = await client.post("/api/v1/tickets", json=WISH, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "cross-site"


async def test_our_own_pages_may_write() -> None:
    headers = {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}
    async with reach() as client:
        answer = await client.post("/api/v1/tickets", json=WISH, headers=headers)
        assert answer.status_code == 201


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("10.1.2.3:8080", 200),
        ("demo.localhost", 200),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("[", 421),
    ],
)
async def test_a_name_made_to_point_here_is_refused(host: str, status: int) -> None:
    async with reach() as client:
        answer = await client.get("/api/v1/queue", headers={"Host": host})
        assert answer.status_code == status


async def test_a_large_body_is_refused() -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 1024 + 1):
            yield b"x" * 1024

    async with reach() as client:
        for content in (b"x" * (MAX_BODY + 1), stream()):
            answer = await client.post(
                "/api/v1/tickets",
                content=content,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 413
            assert answer.json()["type"] == "too-large"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", ""]
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(media: str) -> None:
    headers = {"Content-Type": media} if media else {}
    async with reach() as client:
        answer = await client.post("/api/v1/tickets", content=b"{}", headers=headers)
        assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/api/v1/queue", "/kiosk", "/nothing", "/healthz"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with reach() as client:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
