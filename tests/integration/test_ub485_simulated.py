"""The driver of button panels against simulated ones, on TCP and PTYs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.ub485_lines import PanelHall, panel_entry, panel_hall, panel_site, until

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState
from devices.site_mistakes import mistakes_of
from drivers.registry import check_device

WIRES = ["tcp", "serial"]
DARK = {"light": "off", "text": "", "blinks": False, "beeps": 0}
CALLING = {"ticket": "A007", "waiting": 2, "state": "calling"}
SHOWS_CALLING = {"light": "green_slow", "text": "007", "blinks": True, "beeps": 0}


def keys(hall: PanelHall) -> list[tuple[Any, Any, Any]]:
    told = [event.data for event in hall.context.events]
    return [(data["counter"], data["key"], data["digits"]) for data in told]


@pytest.mark.parametrize("wire", WIRES)
async def test_every_key_is_an_event(wire: str, tmp_path: Path) -> None:
    async with panel_hall(wire, tmp_path) as hall:
        for key in ("call_or_recall", "start", "transfer", "finish_or_no_show", "0x39"):
            await hall.press(key)
            await until(lambda: not hall.line.view()["units"]["33"]["keys_waiting"])
        await hall.press("transfer", address=0x22)
        await hall.context.wait_event(6)
        await hall.polled()
        assert keys(hall) == [
            ("w1", "call_or_recall", ""),
            ("w1", "start", ""),
            ("w1", "transfer", "2"),
            ("w1", "finish_or_no_show", ""),
            ("w1", "unknown", ""),
            ("w2", "transfer", ""),
        ]
        first = hall.context.events[0].data
        assert (first["address"], first["raw"]) == (0x21, "01213107")


@pytest.mark.parametrize("answers_idle", [False, True])
async def test_a_press_told_to_many_polls_is_one(*, answers_idle: bool) -> None:
    async with panel_hall(
        simulated_repeats=12, simulated_answers_idle=answers_idle
    ) as hall:
        await hall.press("start", "transfer")
        await hall.context.wait_event(2)
        await until(lambda: not hall.line.view()["units"]["33"]["keys_waiting"])
        await hall.polled()
        assert [key for _, key, _ in keys(hall)] == ["start", "transfer"]


async def test_a_key_pressed_again_is_two_presses() -> None:
    async with panel_hall(
        simulated_repeats=1, simulated_answers_idle=True, debounce_ms=50
    ) as hall:
        await hall.press("start", "start")
        await hall.context.wait_event(2)


async def test_a_key_held_over_a_restart_is_one_press() -> None:
    remembered: dict[str, Any] = {}
    async with panel_hall() as hall:
        await hall.press("start")
        await hall.context.wait_event(1)
        remembered = dict(hall.context.remembered)
    async with panel_hall(remembered=remembered) as hall:
        await hall.press("start")
        await until(lambda: not hall.line.view()["units"]["33"]["keys_waiting"])
        await hall.press("transfer")
        await hall.context.wait_event(1)
        assert [key for _, key, _ in keys(hall)] == ["transfer"]


async def test_a_press_that_was_not_journalled_is_told_again() -> None:
    async with panel_hall(simulated_repeats=100) as hall:
        hall.context.emit_error = CommandRejectedError("full", "the disk is full")
        await hall.press("start")
        await hall.context.wait_state(DeviceState.OFFLINE)
        hall.context.emit_error = None
        await hall.context.wait_event(1)
        assert [key for _, key, _ in keys(hall)] == ["start"]


@pytest.mark.parametrize(
    ("content", "shows"),
    [
        ({"ticket": None, "waiting": 0, "state": "idle"}, DARK),
        (
            {"ticket": None, "waiting": 3, "state": "idle"},
            {"light": "green_fast", "text": "CAL", "blinks": False, "beeps": 0},
        ),
        (CALLING, SHOWS_CALLING),
        (
            {"ticket": "A1000", "waiting": 2, "state": "serving"},
            {"light": "green", "text": "000", "blinks": False, "beeps": 0},
        ),
        (
            {"ticket": "A007", "waiting": 2, "state": "paused"},
            {"light": "red", "text": "", "blinks": False, "beeps": 0},
        ),
    ],
)
async def test_a_panel_follows_its_window(
    content: dict[str, Any], shows: dict[str, Any]
) -> None:
    async with panel_hall() as hall:
        hall.context.set_desired({"units": {"33": content}})
        await hall.context.wait_value(
            lambda value: value["units"]["33"]["light"] == shows["light"]
        )
        await until(lambda: hall.panel() == shows)


@pytest.mark.parametrize("wire", WIRES)
async def test_what_panels_show_is_given_back(wire: str, tmp_path: Path) -> None:
    async with panel_hall(wire, tmp_path) as hall:
        hall.context.set_desired({"units": {"33": CALLING}})
        await until(lambda: hall.panel() == SHOWS_CALLING)
        await hall.line.act("unplug")
        await hall.context.wait_state(DeviceState.OFFLINE)
        await hall.line.act("powercycle")
        assert hall.panel() == DARK
        await hall.context.wait_state(DeviceState.READY)
        await until(lambda: hall.panel() == SHOWS_CALLING)


async def test_a_panel_that_lost_power_unseen_is_told_again() -> None:
    async with panel_hall(refresh_s=0.05) as hall:
        hall.context.set_desired({"units": {"33": CALLING}})
        await until(lambda: hall.panel() == SHOWS_CALLING)
        hall.line.simulator.powercycle(hall.context.now())
        await until(lambda: hall.panel() == SHOWS_CALLING)


async def test_it_beeps_when_somebody_begins_to_wait_and_when_asked() -> None:
    async with panel_hall() as hall:
        idle = {"ticket": None, "waiting": 0, "state": "idle"}
        hall.context.set_desired({"units": {"33": idle}})
        await hall.context.wait_value(lambda v: v["units"]["33"]["light"] == "off")
        hall.context.set_desired({"units": {"33": {**idle, "waiting": 1}}})
        await until(lambda: hall.panel()["beeps"] == 1)
        await hall.driving.execute("beep", address=0x21)
        await until(lambda: hall.panel()["beeps"] == 2)
        assert hall.panel()["light"] == "green_fast"
        hall.context.set_desired({"units": {"33": {**idle, "waiting": 2}}})
        await hall.polled()
        assert hall.panel()["beeps"] == 2


async def test_panels_go_dark_when_nobody_tells_them_any_more() -> None:
    async with panel_hall() as hall:
        hall.context.set_desired({"units": {"33": CALLING}})
        await until(lambda: hall.panel() == SHOWS_CALLING)
        over = hall.context.now() - timedelta(seconds=1)
        hall.context.set_desired({"units": {"33": CALLING}}, valid_until=over)
        await hall.context.wait_value(lambda v: v["units"]["33"]["text"] == "")
        await until(lambda: hall.panel() == DARK)


async def test_an_echo_is_no_press() -> None:
    async with panel_hall(simulated_echo=True) as hall:
        for state in ("paused", "serving", "calling", "paused", "serving"):
            content = {"ticket": "A007", "waiting": 2, "state": state}
            hall.context.set_desired({"units": {"33": content, "34": content}})
            await hall.polled(5)
        await hall.press("start")
        await hall.context.wait_event(1)
        await hall.polled()
        assert [key for _, key, _ in keys(hall)] == ["start"]
        assert hall.panel()["light"] == "green"


async def test_a_panel_that_answered_and_went_silent_is_named() -> None:
    async with panel_hall(simulated_answers_idle=True, silent_s=0.1) as hall:
        await hall.context.wait_value(
            lambda v: {u["panel"] for u in v["units"].values()} == {"answers"}
        )
        await hall.polled(3, address=0x22)
        await hall.line.act("pull", {"address": 0x22})
        reason = await hall.context.wait_state(DeviceState.DEGRADED)
        assert "34" in reason
        assert hall.context.value is not None
        assert hall.context.value["units"]["34"]["panel"] == "silent"
        await hall.line.act("pull", {"address": 0x22, "out": False})
        await hall.context.wait_state(DeviceState.READY)
        await hall.context.wait_value(lambda v: v["units"]["34"]["panel"] == "answers")


async def test_collisions_are_counted_and_no_presses() -> None:
    async with panel_hall(
        simulated_answers_idle=True, collision_limit=3, debounce_ms=0
    ) as hall:
        await hall.press("start")
        await hall.line.act("collide", {"n": 6})
        reason = await hall.context.wait_state(DeviceState.DEGRADED)
        assert "collisions" in reason
        assert hall.context.info["collisions"] >= 3
        await hall.line.act("collide", {"n": 0})
        await hall.press("finish_or_no_show")
        await until(lambda: not hall.line.view()["units"]["33"]["keys_waiting"])
        await hall.polled()
        assert keys(hall)[-1] == ("w1", "finish_or_no_show", "")
        assert {key for _, key, _ in keys(hall)} <= {"start", "finish_or_no_show"}


@pytest.mark.parametrize("fault", ["split", "glue"])
async def test_answers_in_pieces_are_answers(fault: str) -> None:
    async with panel_hall(answer_ms=80, simulated_repeats=20) as hall:
        await hall.line.act(fault)
        await hall.press("start")
        await hall.context.wait_event(1)
        await until(lambda: not hall.line.view()["units"]["33"]["keys_waiting"])
        await hall.polled()
        assert [key for _, key, _ in keys(hall)] == ["start"]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"units": [{"address": 0x21}] * 2}, ("units", 1, "address")),
        ({"units": [{"address": 1}]}, ("units", 0, "address")),
        ({"keymap": "no-such"}, ("keymap",)),
        ({"url": None}, ("url",)),
    ],
)
def test_mistakes_of_an_entry_are_named(
    parameters: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    entry = panel_entry("tcp://127.0.0.1:1")
    wrong = type(entry).model_validate({**entry.model_dump(), **parameters})
    assert [mistake.path for mistake in check_device(wrong)] == [path]


def test_the_window_to_transfer_to_is_one_of_the_halls() -> None:
    site = panel_site(panel_entry("tcp://127.0.0.1:1"))
    assert mistakes_of(site) == []
    wrong = site.model_copy(update={"counters": site.counters[:1]})
    paths = [mistake.path for mistake in mistakes_of(wrong)]
    assert paths == [
        ("devices", 0, "units", 0, "transfer_to"),
        ("devices", 0, "units", 1, "counter"),
    ]
