"""The push clocks' server against old, slow, huge and hostile clients."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest
from support.adms_vectors import BAD_REQUESTS
from support.driving import RecordingContext, driving
from support.push_server import LINE, NOW, SERIAL, push_bench, push_site

from devices.adms.http import HttpRequest
from devices.kinds import DeviceState
from drivers.adms.connection import Patience
from drivers.adms.driver import AdmsDriver
from drivers.adms.limits import RateLimit
from drivers.adms.reception import Reception
from drivers.adms.server import Listening, PushServer
from drivers.node.pushing import keep_push_open

TARGET = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG"
UPLOAD = f"POST {TARGET} HTTP/1.1\r\nContent-Length: {len(LINE)}\r\n".encode()


async def test_an_upload_split_at_every_byte() -> None:
    wire = UPLOAD + b"Connection: close\r\n\r\n" + LINE.encode()
    async with push_bench() as bench:
        pieces = [wire[at : at + 1] for at in range(len(wire))]
        (answer,) = await bench.client().talk(*pieces, ends=False)
        assert answer.body == b"OK:1"


async def test_old_firmware() -> None:
    head = f"POST {TARGET}&INFO=Ver 6.60 HTTP/1.0\nContent-Length: {len(LINE)}\n\n"
    async with push_bench() as bench:
        (answer,) = await bench.client().talk(head.encode() + LINE.encode(), ends=False)
        assert answer.body == b"OK:1"
        assert answer.header("connection") == "close"
        assert answer.header("content-length") == "4"


async def test_several_requests_on_one_connection() -> None:
    one = HttpRequest(method="GET", target=f"/iclock/getrequest?SN={SERIAL}").encode()
    async with push_bench() as bench:
        answers = await bench.client().talk(one * 3, one)
        assert [answer.status for answer in answers] == [200] * 4
        assert answers[0].header("connection") == "keep-alive"


async def test_who_asks_before_it_sends_a_body_is_told_to_go_on() -> None:
    head = UPLOAD + b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
    async with push_bench() as bench:
        answers = await bench.client().talk(head, LINE.encode(), ends=False)
        assert [answer.status for answer in answers][-1] == 200
        assert answers[-1].body == b"OK:1"


@pytest.mark.parametrize(("wire", "status"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_what_cannot_be_read_is_told_and_ends(wire: bytes, status: int) -> None:
    async with push_bench() as bench:
        (answer,) = await bench.client().talk(wire, ends=False)
        assert answer.status == status
        assert answer.header("connection") == "close"
        assert (await bench.punch()).status == 200


async def test_fifty_megabytes_are_refused_and_not_kept() -> None:
    size = 50 * 1024 * 1024
    head = f"POST {TARGET} HTTP/1.1\r\nContent-Length: {size}\r\n\r\n".encode()
    async with push_bench() as bench:
        pieces = [head, *[bytes(1024 * 1024)] * 50]
        (answer,) = await bench.client().talk(*pieces)
        assert answer.status == 413
        assert bench.context.events == []
        assert (await bench.punch()).body == b"OK:1"


async def test_a_slow_client_is_cut_off() -> None:
    patience = Patience(request_s=0.1, linger_s=0.1)
    async with push_bench(patience=patience) as bench:
        for start in (b"GET /iclock/pi", UPLOAD + b"\r\n900"):
            (answer,) = await bench.client().talk(start, ends=False)
            assert answer.status == 408
        silent = Patience(idle_s=0.1)
        bench.server.patience = silent
        assert await bench.client().talk(ends=False) == []


async def test_connections_are_bounded() -> None:
    async with push_bench(max_connections=2) as bench:
        held = [
            await asyncio.open_connection("127.0.0.1", bench.server.port)
            for _ in range(2)
        ]
        answer = await bench.get(f"/iclock/ping?SN={SERIAL}")
        assert answer.status == 503
        assert answer.header("retry-after")
        for reader, writer in held:
            writer.write_eof()
            await reader.read()
            writer.close()
        assert not bench.server._tasks
        assert (await bench.get(f"/iclock/ping?SN={SERIAL}")).status == 200


async def test_a_mistake_of_ours_is_told_until_that_clock_is_served_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    async with push_bench() as bench:
        with monkeypatch.context() as patch:
            patch.setattr("drivers.adms.limits.RateLimit.allows", fail)
            for _ in range(2):
                assert await bench.client().talk(b"GET / HTTP/1.1\r\n\r\n") == []
        assert bench.alarms["push-failed"] == (
            "127.0.0.1 is not served: RuntimeError('a bug')"
        )
        assert (await bench.get(f"/iclock/ping?SN={SERIAL}")).status == 200
        assert bench.alarms["push-failed"] == ""
    assert caplog.text.count("Traceback") == 1


async def test_a_source_asks_only_so_much() -> None:
    async with push_bench(limit=RateLimit(per_s=0.001, burst=3)) as bench:
        statuses = [
            (await bench.get(f"/iclock/ping?SN={SERIAL}")).status for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]
        other = bench.client("127.0.0.9")
        assert (await other.ask("GET", "/iclock/ping")).status == 200


def test_a_bucket_fills_again_and_forgets_old_sources() -> None:
    limit = RateLimit(per_s=1, burst=1)
    assert limit.allows("a", 0)
    assert not limit.allows("a", 0.5)
    assert limit.allows("a", 1.5)
    for number in range(3000):
        limit.allows(f"s{number}", 2)
    assert len(limit._buckets) <= 1024


async def test_a_port_that_is_taken_is_a_state_and_heals() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    site = push_site(SERIAL)
    site = site.model_validate(
        {**site.model_dump(mode="json"), "adms": {"host": "127.0.0.1", "port": port}}
    )
    context = RecordingContext(site.devices[0], site)
    async with driving(AdmsDriver, site.devices[0], context):
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert str(port) in reason
        assert "adms.port" in reason
        taken.close()
        await context.wait(lambda: "server" in context.info)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /iclock/getrequest?SN={SERIAL} HTTP/1.0\r\n\r\n".encode())
        assert b"200 OK" in await reader.read()
        writer.close()
        await context.wait_state(DeviceState.READY)


async def test_it_ends_with_connections_open() -> None:
    async with push_bench() as bench:
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.server.port)
        writer.write(UPLOAD)
    assert await reader.read() == b""
    writer.close()


async def test_a_node_keeps_trying_for_its_port() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    server = PushServer(
        listening=Listening(host="127.0.0.1", port=port),
        reception=Reception(now=lambda: NOW, clock_trusted=lambda: True),
    )
    task = asyncio.create_task(keep_push_open(server))
    await asyncio.sleep(0)
    assert server.port == 0
    taken.close()
    answer = b""
    while not answer:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /iclock/ping HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
        await asyncio.sleep(0.01)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert server.port == 0
