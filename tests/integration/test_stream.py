"""The live stream over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from support.fake_hall import FakeHall
from support.serving import Frame, Served, read_frames, serving

from bridge.domain.views import Change, Channel, CounterAction
from bridge.service import stream as hub
from bridge.web import encoding, live
from bridge.web.app import create_app


@pytest.fixture
async def web(hall: FakeHall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@asynccontextmanager
async def follow(
    web: Served, query: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncIterator[Frame]]:
    """Frames of a stream; the `retry` that comes first is taken off."""
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream(
            "GET", f"{web.url}/api/v1/stream{query}", headers=headers
        ) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        frames = read_frames(answer)
        assert (await anext(frames)).kind == "retry"
        yield frames


async def draw(hall: FakeHall) -> None:
    await hall.issue_ticket(service="reg", channel=Channel.KIOSK)


async def test_a_stream_begins_with_a_snapshot_and_goes_on(
    web: Served, hall: FakeHall
) -> None:
    await draw(hall)
    async with follow(web) as frames:
        first = await anext(frames)
        assert first.kind == "snapshot"
        assert first.id == 1
        body = json.loads(first.data)
        assert body.keys() == {
            *("time", "hall", "services", "counters", "calls", "tickets", "devices"),
        }
        await hall.counter_action("w1", CounterAction.CALL)
        hall.change("device", None, {"id": "bus-1", "state": "ready"})
        seen = [await anext(frames) for _ in range(4)]
        assert [frame.kind for frame in seen] == ["ticket", "counter", "call", "device"]
        assert [frame.id for frame in seen] == [2, 3, 4, 5]
        assert json.loads(seen[2].data)["text"] == "请A001号到1号窗口"


async def test_a_stream_goes_on_after_the_last_event_id(
    web: Served, hall: FakeHall
) -> None:
    for _ in range(4):
        await draw(hall)
    for query, headers in (("", {"Last-Event-ID": "2"}), ("?last_event_id=2", {})):
        async with follow(web, query, headers) as frames:
            assert [(await anext(frames)).id for _ in range(2)] == [3, 4]
    async with follow(web, headers={"Last-Event-ID": "4"}) as frames:
        await draw(hall)
        assert (await anext(frames)).id == 5
        await draw(hall)
        assert (await anext(frames)).id == 6
    async with follow(web, "?last_event_id=1", {"Last-Event-ID": "5"}) as frames:
        assert (await anext(frames)).id == 6


@pytest.mark.parametrize(
    "last", ["99", "1", "-1", "x", "", "1.5", "٣", "9" * 40, "0x1"]
)
async def test_an_id_that_is_unknown_or_too_old_gets_a_snapshot(
    web: Served, hall: FakeHall, last: str
) -> None:
    for _ in range(4):
        await draw(hall)
    hall.oldest = 3
    headers = httpx.Headers({b"Last-Event-ID": last.encode()})
    async with follow(web, headers=headers) as frames:
        first = await anext(frames)
        assert (first.kind, first.id) == ("snapshot", 4)


async def test_an_area_narrows_the_stream(web: Served, hall: FakeHall) -> None:
    async with follow(web, "?area=upper") as frames:
        first = json.loads((await anext(frames)).data)
        assert "devices" not in first
        assert [counter["id"] for counter in first["counters"]] == ["w3"]
        await draw(hall)
        await hall.counter_action("w1", CounterAction.CALL)
        hall.change("device", None, {"id": "bus-1"})
        await hall.issue_ticket(service="idcard", channel=Channel.KIOSK)
        await hall.counter_action("w3", CounterAction.CALL)
        kinds = [(await anext(frames)).kind for _ in range(6)]
        assert kinds == ["ticket", "ticket", "ticket", "ticket", "counter", "call"]


@pytest.mark.parametrize("query", ["?area=upper&area=hall", "?area=hall,upper"])
async def test_a_stream_of_several_areas(
    web: Served, hall: FakeHall, query: str
) -> None:
    async with follow(web, query) as frames:
        first = json.loads((await anext(frames)).data)
        assert [area["id"] for area in first["areas"]] == ["hall", "upper"]
        assert [one["id"] for one in first["counters"]] == ["w1", "w2", "w3"]
        hall.change("counter", "cellar", {"id": "w9"})
        hall.change("device", None, {"id": "bus-1"})
        hall.change("counter", "upper", {"id": "w3"})
        hall.change("counter", "hall", {"id": "w1"})
        seen = [json.loads((await anext(frames)).data)["id"] for _ in range(2)]
        assert seen == ["w3", "w1"]


async def test_a_public_screen_sees_no_staff_and_no_class(
    web: Served, hall: FakeHall
) -> None:
    ticket = {"id": "t1", "number": "A001", "priority": "elderly", "staff": "1007"}
    told = {"id": "w1", "staff": "1007", "ticket": ticket, "waiting": [ticket]}
    async with follow(web, "?area=hall") as screen, follow(web) as pad:
        snapshot = (await anext(screen)).data
        assert not any(f'"{name}"' in snapshot for name in live.NOT_PUBLIC)
        assert '"staff"' in (await anext(pad)).data
        hall.change("counter", "hall", told)
        brief = {"id": "t1", "number": "A001"}
        assert json.loads((await anext(screen)).data) == {
            "id": "w1",
            "ticket": brief,
            "waiting": [brief],
        }
        assert json.loads((await anext(pad)).data) == told


@pytest.mark.parametrize("query", ["?area=", "?area=hall,cellar", "?area=hall,"])
async def test_an_area_that_is_not_there_is_told(web: Served, query: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{web.url}/api/v1/stream{query}")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("no area '")


async def test_what_changes_while_a_snapshot_is_read_comes_once(
    hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change before the snapshot is read is in it, one after it follows."""
    read = hall.snapshot

    async def slow(areas: hub.Areas) -> tuple[int, Mapping[str, object]]:
        await draw(hall)
        state = await read(areas)
        await draw(hall)
        return state

    monkeypatch.setattr(hall, "snapshot", slow)
    async with serving(hall) as web, follow(web) as frames:
        first = await anext(frames)
        assert (first.kind, first.id) == ("snapshot", 1)
        assert (await anext(frames)).id == 2
        await draw(hall)
        assert (await anext(frames)).id == 3


async def test_what_changes_while_missed_ones_are_read_comes_once(
    hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await draw(hall)
    read = hall.changes_since

    async def slow(last_id: int, areas: hub.Areas) -> Sequence[Change] | None:
        await draw(hall)
        missed = await read(last_id, areas)
        await draw(hall)
        return missed

    monkeypatch.setattr(hall, "changes_since", slow)
    async with (
        serving(hall) as web,
        follow(web, headers={"Last-Event-ID": "0"}) as frames,
    ):
        assert [(await anext(frames)).id for _ in range(3)] == [1, 2, 3]


async def test_a_reader_that_is_too_slow_gets_a_new_snapshot(
    hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_WAITING", 3)
    async with serving(hall) as web, follow(web) as frames:
        assert (await anext(frames)).kind == "snapshot"
        for number in range(8):
            hall.change("device", None, {"id": str(number)})
        seen = await anext(frames)
        assert (seen.kind, seen.id) == ("snapshot", 8)
        await draw(hall)
        assert (await anext(frames)).id == 9


async def test_a_quiet_stream_beats(hall: FakeHall) -> None:
    async with serving(hall, heartbeat_s=0.05) as web, follow(web) as frames:
        assert (await anext(frames)).kind == "snapshot"
        assert (await anext(frames)).kind == "comment"
        assert (await anext(frames)).kind == "comment"


def test_the_heart_beats_every_fifteen_seconds(hall: FakeHall) -> None:
    assert create_app(hall).state.live.heartbeat_s == 15


async def test_a_reader_that_left_is_forgotten(web: Served, hall: FakeHall) -> None:
    async with follow(web) as frames:
        await anext(frames)
        assert len(hall.readers) == 1
    async with asyncio.timeout(10):
        while hall.readers or web.app.state.live.streams:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


async def test_a_change_is_written_once_for_many_screens(
    web: Served, hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []

    def count(value: object, zone: object) -> bytes:
        written.append(value)
        return encoding.to_json(value, zone)  # type: ignore[arg-type]

    async with AsyncExitStack() as stack:
        screens = [
            await stack.enter_async_context(follow(web, f"?area={areas}"))
            for areas in ("hall", "hall,upper", "hall&area=upper")
            for _ in range(10)
        ]
        for frames in screens:
            assert (await anext(frames)).kind == "snapshot"
        monkeypatch.setattr(live, "to_json", count)
        await draw(hall)
        for frames in screens:
            assert (await anext(frames)).id == 1
    assert len(written) == 1


async def test_screens_that_come_together_share_a_snapshot(
    hall: FakeHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = hall.snapshot
    reads: list[hub.Areas] = []
    gate = asyncio.Event()

    async def slow(areas: hub.Areas) -> tuple[int, Mapping[str, object]]:
        reads.append(areas)
        await gate.wait()
        return await read(areas)

    monkeypatch.setattr(hall, "snapshot", slow)
    async with serving(hall) as web, AsyncExitStack() as stack:
        screens = [await stack.enter_async_context(follow(web)) for _ in range(20)]
        await draw(hall)
        gate.set()
        for frames in screens:
            first = await anext(frames)
            assert (first.kind, first.id) == ("snapshot", 1)
    assert len(reads) <= 2


async def test_streams_end_when_the_web_closes(hall: FakeHall) -> None:
    async with httpx.AsyncClient(timeout=20) as client, AsyncExitStack() as stack:
        async with serving(hall) as web:
            answer = await stack.enter_async_context(
                client.stream("GET", f"{web.url}/api/v1/stream")
            )
            frames = read_frames(answer)
            assert (await anext(frames)).kind == "retry"
            assert (await anext(frames)).kind == "snapshot"
        # A stream that was cut off instead of ended raises here.
        assert [frame async for frame in frames] == []
        with pytest.raises(httpx.ConnectError):
            await client.get(web.url)


async def test_no_more_streams_than_a_hall_may_have(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_STREAMS", 1)
    async with follow(web) as frames, httpx.AsyncClient() as client:
        await anext(frames)
        answer = await client.get(f"{web.url}/api/v1/stream")
        assert answer.status_code == 503
        assert answer.json()["type"] == "too-many-streams"
        assert answer.headers["retry-after"]
