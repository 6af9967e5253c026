from __future__ import annotations

import math
from datetime import datetime

import pytest
from support.driving import RecordingContext, SettableClock

from devices.errors import CommandRejectedError
from devices.site import DeviceEntry, HallInfo
from drivers.displays.wish import ScreenTest, Wish

ENTRY = DeviceEntry(id="led", driver="onbon")
START = datetime(2026, 3, 2, 9, 0, tzinfo=HallInfo(id="test").zone)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(START)


@pytest.fixture
async def context(clock: SettableClock) -> RecordingContext:
    return RecordingContext(ENTRY, clock=clock)


@pytest.fixture
async def wish(context: RecordingContext) -> Wish:
    wish = Wish(context, idle="闲", idle_after_s=2.0)
    wish.begin(100.0)
    return wish


async def test_before_a_first_text_the_screen_is_left_for_a_while(wish: Wish) -> None:
    assert wish.text(101.0) is None
    assert wish.changes_in_s(101.0) == 1.0
    assert wish.text(102.0) == "闲"
    assert wish.changes_in_s(102.0) == math.inf


async def test_the_desired_text_is_wished_at_once(
    wish: Wish, context: RecordingContext
) -> None:
    context.set_desired({"text": "甲"})
    assert wish.text(100.0) == "甲"
    assert wish.changes_in_s(100.0) == math.inf


async def test_when_the_text_is_over_the_idle_text_is_wished(
    wish: Wish, context: RecordingContext, clock: SettableClock
) -> None:
    until = START.replace(minute=1)
    context.set_desired({"text": "甲"}, idle="请稍候", valid_until=until)
    assert wish.changes_in_s(100.0) == 60.0
    clock.time = until
    assert wish.text(100.0) == "请稍候"
    assert wish.changes_in_s(100.0) == math.inf
    context.set_desired({"text": "甲"}, valid_until=until)
    assert wish.text(100.0) == "闲"


@pytest.mark.parametrize("content", [{}, {"text": None}, {"text": 5}])
async def test_content_without_a_text_is_the_idle_text(
    wish: Wish, context: RecordingContext, content: dict[str, object]
) -> None:
    context.set_desired(content)
    assert wish.text(100.0) == "闲"


async def test_an_empty_text_is_a_wish_too(
    wish: Wish, context: RecordingContext
) -> None:
    context.set_desired({"text": ""})
    assert wish.text(100.0) == ""


async def test_a_test_stays_its_time_from_when_it_is_seen(
    wish: Wish, context: RecordingContext
) -> None:
    context.set_desired({"text": "甲"})
    test = ScreenTest("试", 5.0)
    wish.test(test)
    assert wish.text(200.0) == "试"
    assert wish.changes_in_s(200.0) == math.inf
    wish.shown("甲", 200.0)
    wish.shown("试", 300.0)
    wish.shown("试", 304.0)
    await test.shown()
    assert wish.changes_in_s(301.0) == 4.0
    assert wish.text(305.0) == "甲"


async def test_a_test_that_is_replaced_or_ended_is_told(wish: Wish) -> None:
    first, second = ScreenTest("一", 5.0), ScreenTest("二", 5.0)
    wish.test(first)
    wish.test(second)
    with pytest.raises(CommandRejectedError, match="another test"):
        await first.shown()
    assert wish.is_test("二")
    wish.end_test(CommandRejectedError("offline", "lost"))
    with pytest.raises(CommandRejectedError, match="lost"):
        await second.shown()
    assert not wish.is_test("二")


@pytest.fixture
async def flashing(context: RecordingContext) -> Wish:
    wish = Wish(context, idle="闲", idle_after_s=2.0, can_flash=True)
    wish.begin(100.0)
    return wish


def _flashes(wish: Wish, now_s: float) -> bool:
    look = wish.look(now_s)
    assert look is not None
    return look.flashes


async def test_a_call_flashes_three_seconds_from_when_it_is_seen(
    flashing: Wish, context: RecordingContext
) -> None:
    context.set_desired({"text": "甲", "blink": True, "call": "1"})
    assert _flashes(flashing, 150.0)
    flashing.shown("甲", 200.0)
    assert flashing.changes_in_s(201.0) == 2.0
    assert _flashes(flashing, 202.9)
    assert not _flashes(flashing, 203.0)
    context.set_desired({"text": "甲", "blink": True, "call": "1"})
    assert not _flashes(flashing, 204.0)
    context.set_desired({"text": "甲", "blink": True, "call": "2"})
    assert _flashes(flashing, 205.0)


async def test_an_older_call_that_is_seen_again_stands_still(
    flashing: Wish, context: RecordingContext
) -> None:
    for call in ("1", "2"):
        context.set_desired({"text": call, "blink": True, "call": call})
        assert _flashes(flashing, 100.0)
    context.set_desired({"text": "1", "blink": True, "call": "1"})
    assert not _flashes(flashing, 100.0)


async def test_nothing_flashes_where_the_card_cannot_or_nobody_calls(
    wish: Wish, flashing: Wish, context: RecordingContext
) -> None:
    context.set_desired({"text": "甲", "blink": True})
    assert not _flashes(wish, 100.0)
    context.set_desired({"text": "甲", "blink": "yes"})
    assert not _flashes(flashing, 100.0)
    context.set_desired(
        {"text": "甲", "blink": True}, idle="闲", valid_until=START.replace(hour=8)
    )
    assert not _flashes(flashing, 100.0)


async def test_lines_and_colours_are_read_and_what_makes_no_sense_is_left_out(
    wish: Wish, context: RecordingContext
) -> None:
    context.set_desired(
        {"text": "甲\n乙", "areas": [{"text": "甲"}, 5, {"text": "乙"}], "color": "red"}
    )
    look = wish.look(100.0)
    assert look is not None
    assert look.parts == ("甲", "乙")
    assert look.color == "red"
    context.set_desired({"text": "甲", "areas": {"x": 1}, "color": ["red"]})
    look = wish.look(100.0)
    assert look is not None
    assert look.parts == ("甲",)
    assert look.color is None
