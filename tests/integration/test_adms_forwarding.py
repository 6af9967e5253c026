"""Push clocks by the web's port: everything goes to the drivers and back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from fastapi import FastAPI
from support.push_server import LINE, SERIAL, Bench, push_bench, push_site

from bridge.web import iclock
from bridge.web.iclock import PushAddress, is_push_path
from bridge.web.server import serve
from drivers.adms.server import Listening

SECRET = "of-this-run"  # noqa: S105 - a word of this test
PUNCHES = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG"


class _Live:
    def close(self) -> None:
        """Nothing streams."""


@asynccontextmanager
async def web(port: int) -> AsyncIterator[str]:
    """A web server that forwards to a port and has one page of its own."""
    app = FastAPI()
    app.state.live = _Live()

    @app.get("/page")
    async def page() -> str:
        return "page"

    sock = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    push = PushAddress(port=port, secret=SECRET)
    task = asyncio.create_task(serve(app, sock, ready.set, push=push))
    try:
        await ready.wait()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def forwarded() -> AsyncIterator[tuple[Bench, httpx.AsyncClient]]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        listening = Listening(socket=sock, secret=SECRET)
        async with (
            push_bench(push_site(SERIAL), listening=listening) as bench,
            web(sock.getsockname()[1]) as url,
            httpx.AsyncClient(base_url=url, timeout=30) as client,
        ):
            yield bench, client


async def test_a_punch_and_its_answer() -> None:
    async with forwarded() as (bench, client):
        answer = await client.post(PUNCHES, content=LINE)
        assert (answer.status_code, answer.text) == (200, "OK:1")
        assert answer.headers["content-type"] == "text/plain"
        assert answer.headers["date"] == "Sat, 29 Aug 2026 07:30:00 GMT"
        assert bench.context.events[0].data["source_ip"] == "127.0.0.1"
        assert (await client.get(f"/iclock/ping?SN={SERIAL}")).text == "OK"


async def test_no_token_no_json_and_more_than_an_api_takes() -> None:
    lines = "\n".join(f"{n}\t2026-08-01 08:00:00\t0\t1" for n in range(1, 5001))
    async with forwarded() as (bench, client):
        headers = {"Host": "clock.example", "Origin": "http://elsewhere"}
        answer = await client.post(PUNCHES, content=lines, headers=headers)
        assert answer.text == "OK:5000"
        assert len(bench.context.events) == 5000


async def test_chunks() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (LINE[:9], "", LINE[9:]):
            yield part.encode()

    async with forwarded() as (bench, client):
        assert (await client.post(PUNCHES, content=parts())).text == "OK:1"
        assert len(bench.context.events) == 1


async def test_fifty_megabytes_are_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(1024 * 1024)

    async with forwarded() as (bench, client):
        size = {"Content-Length": str(50 * 1024 * 1024)}
        answer = await client.post(PUNCHES, content=parts(), headers=size)
        assert answer.status_code == 413
        assert (await client.post(PUNCHES, content=parts())).status_code == 413
        assert caplog.text.count("127.0.0.1 sends more than") == 1
        assert bench.context.events == []


async def test_no_time_is_told_while_it_is_not_known() -> None:
    async with forwarded() as (bench, client):
        bench.context.clock_trusted = False
        assert "date" not in (await client.get("/iclock/ping?SN=X1")).headers
        assert "date" in (await client.get("/page")).headers


async def test_a_source_is_believed_only_with_the_secret() -> None:
    async with forwarded() as (bench, client):
        forged = {"X-Halld-Source": "10.9.9.9", "X-Halld-Secret": "guessed"}
        await client.post(PUNCHES, content=LINE, headers=forged)
        assert bench.context.events[0].data["source_ip"] == "127.0.0.1"
        for secret, source in ((SECRET, "10.1.1.1"), ("wrong", "127.0.0.1")):
            raw = (
                f"GET /iclock/ping?SN=N-{source} HTTP/1.1\r\nConnection: close\r\n"
                f"X-Halld-Source: 10.1.1.1\r\nX-Halld-Secret: {secret}\r\n\r\n"
            )
            await bench.client().talk(raw.encode(), ends=False)
            assert f"N-{source} at {source}" in bench.alarms["unknown-clock"]


async def test_the_drivers_answer_whatever_they_do_not_let_in() -> None:
    async with forwarded() as (_, client):
        answer = await client.get("/iclock/cdata?SN=A%0AB&options=all")
        assert answer.status_code == 400
        answer = await client.get("/iclock/cdata?SN=OTHER&options=all")
        assert answer.status_code == 403
        answer = await client.put("/iclock/cdata?SN=OTHER", content=b"x")
        assert answer.status_code == 405


async def test_a_clock_keeps_its_data_while_the_drivers_are_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(iclock, "ALIVE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        # The parent holds the socket: calls are taken, and nobody answers.
        async with web(sock.getsockname()[1]) as url, httpx.AsyncClient() as client:
            answer = await client.post(f"{url}{PUNCHES}", content=LINE)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
    async with web(9) as url, httpx.AsyncClient() as client:
        assert (await client.post(f"{url}{PUNCHES}")).status_code == 503


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/iclock/cdata", True),
        ("/ICLOCK/cdata.aspx", True),
        ("/secret/iclock/cdata", True),
        ("/iclock", False),
        ("/", False),
        ("/api/v1/iclock/cdata", False),
        ("/console", False),
    ],
)
def test_paths(path: str, is_ours: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_push_path(path) is is_ours
