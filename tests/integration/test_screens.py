"""What holds for every text display, against its simulated card over TCP and a PTY."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from support.driving import SettableClock
from support.screens import CALL, HALL, IDLE, card, driven, shows, until, url_of

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState

DRIVERS = ["onbon", "cpower", "eq2013"]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=HALL.zone)


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["tcp", "pty"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_of(str(request.param), tmp_path)


@pytest.fixture
def tcp(tmp_path: Path) -> str:
    return url_of("tcp", tmp_path)


async def test_the_desired_text_is_shown_and_told(driver: str, url: str) -> None:
    async with card(driver, url) as hosted, driven(driver, hosted) as (context, _):
        await context.wait_state(DeviceState.READY)
        context.set_desired({"text": CALL, "state": "call", "color": "green"})
        assert await context.wait_value(lambda _: True) == {"text": CALL}
        await shows(hosted, CALL)
        assert context.info["width"] == 192
        assert context.state is DeviceState.READY


async def test_idle_is_shown_when_nobody_says_anything(driver: str, tcp: str) -> None:
    async with card(driver, tcp) as hosted, driven(driver, hosted, idle_after_s=0.01):
        await shows(hosted, IDLE)


async def test_idle_is_shown_when_the_bridge_is_gone(driver: str, tcp: str) -> None:
    clock = SettableClock(NOON)
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, clock=clock, idle_text="您好") as (context, under_way),
    ):
        context.set_desired({"text": CALL}, valid_until=NOON.replace(minute=10))
        await shows(hosted, CALL)
        clock.advance(600)
        await under_way.execute("test", text="试", seconds=0.01)
        await shows(hosted, "您好")


async def test_the_newest_text_is_shown_after_an_outage(driver: str, url: str) -> None:
    async with card(driver, url) as hosted, driven(driver, hosted) as (context, _):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        await hosted.act("unplug")
        await context.wait_state(DeviceState.OFFLINE)
        for number in range(2, 9):
            context.set_desired({"text": f"请A00{number}号到1号窗口"})
        await hosted.act("powercycle")
        await hosted.act("replug")
        await shows(hosted, "请A008号到1号窗口")
        await context.wait_state(DeviceState.READY)


async def test_a_burst_is_coalesced_to_the_newest(driver: str, tcp: str) -> None:
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, refresh_min_s=0.3) as (context, _),
    ):
        for number in range(1, 40):
            context.set_desired({"text": f"请A{number:03}号到1号窗口"})
            await asyncio.sleep(0)
        await shows(hosted, "请A039号到1号窗口")
        assert hosted.view()["refreshes"] <= 3


async def test_a_card_that_lost_its_power_unseen_is_written_again(
    driver: str, tcp: str
) -> None:
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, rewrite_every_s=0.05) as (context, _),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        await hosted.act("powercycle")
        await shows(hosted, CALL)


async def test_lines_show_one_below_the_other_and_go_again(
    driver: str, tcp: str
) -> None:
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, lines=2) as (context, _),
    ):
        areas = [{"id": 0, "text": "甲"}, {"id": 1, "text": "乙"}]
        context.set_desired({"text": "甲\n乙", "areas": areas})
        await shows(hosted, "甲", "乙")
        areas = [{"id": 0, "text": "丙"}, {"id": 1, "text": ""}]
        context.set_desired({"text": "丙", "areas": areas})
        await shows(hosted, "丙")
        context.set_desired({"text": IDLE})
        await shows(hosted, IDLE)


async def test_characters_that_cannot_be_shown_are_told(driver: str, tcp: str) -> None:
    async with card(driver, tcp) as hosted, driven(driver, hosted) as (context, _):
        context.set_desired({"text": "请𠮷到1号窗口"})
        value = await context.wait_value(lambda _: True)
        assert value == {"text": "请?到1号窗口", "lost": "𠮷"}
        await context.wait(lambda: "𠮷" in context.reason)
        await shows(hosted, "请?到1号窗口")


@pytest.mark.parametrize(
    "text", ["!#001%ZD00$$", "50% $$$ off", "a\\C2b", "\x1b\x00号", "\xa5\xae"]
)
async def test_no_text_gives_orders_to_the_card(
    driver: str, tcp: str, text: str
) -> None:
    async with card(driver, tcp) as hosted, driven(driver, hosted) as (context, _):
        context.set_desired({"text": text})
        value = await context.wait_value(lambda _: True)
        await shows(hosted, value["text"].strip() and value["text"])
        assert hosted.view().get("spoiled", 0) == 0
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)


async def test_the_screen_is_dark_by_hours_and_when_desired(
    driver: str, tcp: str
) -> None:
    clock = SettableClock(NOON)
    off = {"from": "18:00", "to": "08:00"}
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, clock=clock, off=off) as (context, _),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        clock.time = NOON.replace(hour=18)
        context.set_desired({"text": CALL, "x": 1})
        await shows(hosted)
        clock.time = NOON.replace(day=3, hour=8)
        context.set_desired({"text": CALL, "x": 2})
        await shows(hosted, CALL)
        context.set_desired({"text": CALL, "state": "off"})
        await shows(hosted)
        context.set_desired({"text": CALL, "state": "call"})
        await shows(hosted, CALL)


async def test_hours_and_the_end_of_a_text_come_by_themselves(
    driver: str, tcp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.displays.screen.LOOK_AGAIN_S", 0.01)
    clock = SettableClock(NOON)
    off = {"from": "18:00", "to": "08:00"}
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, clock=clock, off=off) as (context, _),
    ):
        context.set_desired({"text": CALL}, valid_until=NOON.replace(minute=10))
        await shows(hosted, CALL)
        # The bridge is gone: nobody tells anything from now on.
        clock.time = NOON.replace(minute=10)
        await shows(hosted, IDLE)
        clock.time = NOON.replace(hour=18)
        await shows(hosted)
        clock.time = NOON.replace(day=3, hour=8)
        await shows(hosted, IDLE)


@pytest.mark.parametrize(
    ("driver", "dim", "full"), [("onbon", 4, 15), ("cpower", 8, 31)]
)
async def test_brightness_goes_by_hours(
    driver: str, dim: int, full: int, tcp: str
) -> None:
    clock = SettableClock(NOON.replace(hour=20))
    hours = {"from": "18:00", "to": "08:00", "level": 4}
    async with (
        card(driver, tcp) as hosted,
        driven(driver, hosted, clock=clock, brightness=hours) as (context, _),
    ):
        await until(lambda: hosted.view()["brightness"] == dim)
        clock.time = NOON
        context.set_desired({"text": CALL})
        await until(lambda: hosted.view()["brightness"] == full)
        context.set_desired({"text": CALL, "brightness": 0})
        await until(lambda: hosted.view()["brightness"] == 0)


async def test_a_test_shows_for_a_while(driver: str, url: str) -> None:
    async with card(driver, url) as hosted, driven(driver, hosted) as (context, run):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        answer = await run.execute("test", text="测试", seconds=0.05)
        assert answer == {"text": "测试", "seconds": 0.05}
        await shows(hosted, CALL)
        assert {"text": "测试"} in context.values


async def test_a_test_needs_a_connection(driver: str, tcp: str) -> None:
    async with card(driver, tcp) as hosted, driven(driver, hosted) as (context, run):
        await hosted.act("unplug")
        await context.wait_state(DeviceState.OFFLINE)
        with pytest.raises(CommandRejectedError, match="not connected"):
            await run.execute("test", text="测试")
