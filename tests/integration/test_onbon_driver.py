"""The Onbon driver against the simulated card, over TCP and a PTY."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.driving import SettableClock
from support.onbon_cards import (
    CALL,
    HALL,
    IDLE,
    card,
    context_of,
    driven,
    entry_of,
    shows,
    until,
)

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState
from devices.site import Site
from simulators.onbon.simulator import OnbonCard, OnbonCardParameters


@pytest.fixture(params=["tcp", "pty"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "tcp":
        return "tcp://127.0.0.1:0"
    return f"serial:{tmp_path / 'led'}?baudrate=57600"


async def test_the_desired_text_is_shown_and_the_clock_is_set(url: str) -> None:
    async with card(url) as hosted, driven(hosted) as (context, _):
        await context.wait_state(DeviceState.READY)
        context.set_desired({"text": CALL})
        assert await context.wait_value(lambda _: True) == {"text": CALL}
        view = hosted.view()
        assert view["texts"] == [CALL]
        assert view["areas"][0]["effect"] == "static"
        await until(lambda: hosted.view()["time"] is not None)
        await context.wait(lambda: context.info.get("clock") == "set")
        assert context.info["model"] == "BX-6K"
        assert context.states == [(DeviceState.INIT, ""), (DeviceState.READY, "")]
        assert (hosted.view()["refused"], hosted.view()["too_fast"]) == (0, 0)


async def test_the_clock_is_not_set_while_the_hosts_is_doubtful() -> None:
    async with card() as hosted:
        context = context_of(entry_of(hosted.url), clock_trusted=False)
        async with driven(hosted, context, ping_every_s=0.01) as (_, under_way):
            await until(lambda: hosted.view()["pings"] > 2)
            assert hosted.view()["time"] is None
            with pytest.raises(CommandRejectedError, match="doubtful"):
                await under_way.execute("set_time")
            context.clock_trusted = True
            await until(lambda: hosted.view()["time"] is not None)


async def test_without_any_desired_text_the_idle_text_is_shown_after_a_while() -> None:
    async with card() as hosted, driven(hosted, idle_after_s=0.02) as (context, _):
        assert await context.wait_value(lambda _: True) == {"text": IDLE}
        assert hosted.view()["texts"] == [IDLE]


async def test_what_the_card_has_is_left_until_a_first_text_comes() -> None:
    async with card() as hosted:
        async with driven(hosted) as (context, _):
            context.set_desired({"text": CALL})
            await shows(hosted, CALL)
        async with driven(hosted) as (context, under_way):
            await context.wait_state(DeviceState.READY)
            await under_way.execute("ping")
            assert hosted.view()["texts"] == [CALL]
            assert hosted.view()["refreshes"] == 1


async def test_after_valid_until_the_idle_text_is_shown() -> None:
    async with card() as hosted:
        clock = SettableClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        context = context_of(entry_of(hosted.url), clock=clock)
        async with driven(hosted, context, ping_every_s=0.01):
            until_time = clock() + timedelta(seconds=60)
            context.set_desired({"text": CALL}, idle="暂停服务", valid_until=until_time)
            await shows(hosted, CALL)
            clock.advance(60)
            await shows(hosted, "暂停服务")


async def test_a_burst_is_coalesced_to_the_newest_a_second_later() -> None:
    async with card() as hosted, driven(hosted, refresh_min_s=1.0) as (context, _):
        context.set_desired({"text": "请A000号到1号窗口"})
        await context.wait_value(lambda _: True)
        for number in range(1, 40):
            context.set_desired({"text": f"请A{number:03}号到1号窗口"})
            await asyncio.sleep(0)
        await shows(hosted, "请A039号到1号窗口")
        assert (hosted.view()["refreshes"], hosted.view()["too_fast"]) == (2, 0)


async def test_characters_that_the_card_lacks_are_told() -> None:
    async with card() as hosted, driven(hosted) as (context, _):
        context.set_desired({"text": "请囍到1号窗口"})
        value = await context.wait_value(lambda _: True)
        assert value == {"text": "请?到1号窗口", "lost": "囍"}
        await context.wait(lambda: "囍" in context.reason)
        assert context.state is DeviceState.READY


async def test_no_text_takes_the_area_away_again() -> None:
    async with card() as hosted, driven(hosted) as (context, _):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        context.set_desired({"text": ""})
        await until(lambda: hosted.view()["texts"] == [])
        await context.wait_value(lambda value: value == {"text": ""})


async def test_commands(url: str) -> None:
    async with (
        card(url) as hosted,
        driven(hosted, set_clock=False) as (
            context,
            under_way,
        ),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        answer = await under_way.execute("ping")
        assert answer["answer"] == "ack"
        assert answer["ms"] >= 0
        answer = await under_way.execute("set_time")
        assert hosted.view()["time"] == answer["time"]
        answer = await under_way.execute("test", text="测试", seconds=0.1)
        assert answer == {"text": "测试", "seconds": 0.1}
        await context.wait(lambda: len(context.values) == 3)
        assert context.values == [{"text": CALL}, {"text": "测试"}, {"text": CALL}]
        assert hosted.view()["texts"] == [CALL]


async def test_a_test_of_what_is_shown_already_is_done_at_once() -> None:
    async with card() as hosted, driven(hosted) as (context, under_way):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        await under_way.execute("test", text=CALL, seconds=0.01)
        assert hosted.view()["refreshes"] == 1


async def test_a_newer_test_replaces_an_older_one() -> None:
    async with card() as hosted, driven(hosted) as (context, under_way):
        await context.wait_state(DeviceState.READY)
        await hosted.act("busy", {"count": 2})
        older = asyncio.ensure_future(under_way.execute("test", text="一"))
        await until(lambda: hosted.view()["refused"] > 0)
        await under_way.execute("test", text="二")
        with pytest.raises(CommandRejectedError, match="another test"):
            await older


async def test_whoever_leaves_a_command_does_not_disturb_the_next() -> None:
    async with card() as hosted, driven(hosted) as (context, under_way):
        await context.wait_state(DeviceState.READY)
        pings = [asyncio.ensure_future(under_way.execute("ping")) for _ in range(3)]
        await asyncio.sleep(0)
        pings[0].cancel()
        pings[1].cancel()
        assert (await pings[2])["answer"] == "ack"
        context.set_desired({"text": CALL})
        await context.wait_value(lambda value: value == {"text": CALL})
        assert under_way.lives == 1


def test_the_view_is_json(tmp_path: Path) -> None:
    entry = entry_of(f"serial:{tmp_path}")
    view: Mapping[str, Any] = OnbonCard(
        entry, OnbonCardParameters(), Site(hall=HALL, devices=[entry])
    ).view()
    assert view["texts"] == []
