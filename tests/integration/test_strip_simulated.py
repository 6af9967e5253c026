"""Window strips on a simulated caller line, on TCP and PTYs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.driving import RecordingContext, driving
from support.strip_lines import device, strip_hall, strip_site, until

from devices.kinds import DeviceState
from devices.site import DeviceEntry, Site
from devices.site_mistakes import mistakes_of
from drivers.registry import check_device
from drivers.strip.driver import StripDriver

WIRES = ["tcp", "serial"]
TEXT = "请A001号到1号窗口"
CALL = {"text": TEXT, "state": "call", "blink": True, "call": "1"}
IDLE = "热情为您服务"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_strip_shows_what_is_desired(wire: str, tmp_path: Path) -> None:
    async with strip_hall(wire, tmp_path) as hall:
        await hall.shows(IDLE)
        hall.contexts["strip-1"].set_desired({**CALL, "color": "green"})
        await hall.shows(TEXT)
        assert hall.strips["strip-1"].view()["colours"] == ["green"]
        await hall.contexts["strip-1"].wait_value(lambda value: value == {"text": TEXT})


@pytest.mark.parametrize("card", ["both", "colour", "mono"])
async def test_each_card_takes_its_form(card: str) -> None:
    async with strip_hall(card=card) as hall:
        hall.contexts["strip-1"].set_desired(CALL)
        await hall.shows(TEXT)


async def test_strips_are_told_apart_by_address() -> None:
    async with strip_hall(strips=3) as hall:
        for n in (1, 2, 3):
            hall.contexts[f"strip-{n}"].set_desired({"text": f"窗口{n}"})
        for n in (1, 2, 3):
            await hall.shows(f"窗口{n}", f"strip-{n}")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_strip_follows_its_line(wire: str, tmp_path: Path) -> None:
    async with strip_hall(wire, tmp_path) as hall:
        strip = hall.contexts["strip-1"]
        strip.set_desired(CALL)
        await hall.shows(TEXT)
        await hall.line.act("unplug")
        reason = await strip.wait_state(DeviceState.OFFLINE)
        assert "bus-1" in reason
        await hall.strips["strip-1"].act("powercycle")
        assert hall.texts() == []
        await hall.line.act("replug")
        await strip.wait_state(DeviceState.READY)
        await hall.shows(TEXT)


async def test_a_strip_that_lost_power_unseen_is_told_again() -> None:
    async with strip_hall(rewrite_every_s=0.1) as hall:
        hall.contexts["strip-1"].set_desired(CALL)
        await hall.shows(TEXT)
        await hall.strips["strip-1"].act("powercycle")
        await hall.shows(TEXT)


async def test_presses_and_digits_go_on_beside_strips() -> None:
    async with strip_hall(strips=8) as hall:
        for n in range(1, 9):
            hall.contexts[f"strip-{n}"].set_desired(CALL)
        hall.bus.set_desired({"units": {"1": {"ticket": "A001", "waiting": 3}}})
        await hall.line.act("press", {"address": 1, "keys": ["call"]})
        await hall.bus.wait_event(1)
        await until(lambda: hall.line.view()["acks"] == {"1": 1})
        for n in range(1, 9):
            await hall.shows(TEXT, f"strip-{n}")
        unit = {"waiting": "003", "ticket": "001", "beeps": 0}
        await until(lambda: hall.line.view()["units"]["1"] == unit)
        assert len(hall.bus.events) == 1


async def test_an_echo_of_texts_is_no_noise() -> None:
    bus = {"simulated_echo": True, "noise_limit": 1}
    async with strip_hall(strips=4, bus=bus, rewrite_every_s=0.05) as hall:
        for n in range(1, 5):
            hall.contexts[f"strip-{n}"].set_desired(CALL)
        await until(lambda: hall.strips["strip-4"].view()["frames"] >= 5)
        await hall.line.act("press", {"address": 1, "keys": ["call"]})
        await hall.bus.wait_event(1)
        await until(lambda: hall.line.view()["acks"] == {"1": 1})
        assert DeviceState.DEGRADED not in {state for state, _ in hall.bus.states}
        assert "noise" not in hall.bus.info


async def test_an_answer_is_no_noise_and_told() -> None:
    async with strip_hall(simulated_answers=True, bus={"noise_limit": 1}) as hall:
        hall.contexts["strip-1"].set_desired(CALL)
        await hall.shows(TEXT)
        await hall.contexts["strip-1"].wait(
            lambda: hall.contexts["strip-1"].info.get("answers") is True
        )
        assert hall.bus.state is DeviceState.READY
        assert "noise" not in hall.bus.info


async def test_after_its_time_a_text_gives_way_to_the_idle_text() -> None:
    async with strip_hall() as hall:
        strip = hall.contexts["strip-1"]
        strip.set_desired(CALL)
        await hall.shows(TEXT)
        over = strip.now() - timedelta(seconds=1)
        strip.set_desired(CALL, idle="您好", valid_until=over)
        await hall.shows("您好")


async def test_commands() -> None:
    async with strip_hall() as hall:
        hall.contexts["strip-1"].set_desired(CALL)
        await hall.shows(TEXT)
        driver = hall.drivers["strip-1"]
        await driver.execute("test", text="测试", seconds=600)
        await hall.shows("测试")
        await driver.execute("test", text="又一次", seconds=0.05)
        await hall.shows(TEXT)
        assert await driver.execute("show_address") == {"address": 1}
        await hall.shows("1")


async def test_without_its_line_a_strip_is_offline_and_says_so() -> None:
    site = strip_site("tcp://127.0.0.1:1")
    entry = device(site, "strip-1")
    context = RecordingContext(entry, site)
    async with driving(StripDriver, entry, context) as under_way:
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "bus-1" in reason
        assert under_way.lives == 1


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"bus": "bus-9"}, "bus", "no device 'bus-9'; there are: bus-1"),
        ({"bus": "strip-2"}, "bus", "strip-2 is no line of callers"),
        ({"node": "other"}, "bus", "is on node main"),
        ({"address": 2}, "address", "another strip on bus-1 has address 2"),
    ],
)
def test_a_strip_wants_a_line_and_an_address_of_its_own(
    changes: dict[str, Any], path: str, message: str
) -> None:
    body = strip_site("tcp://127.0.0.1:1", strips=2).model_dump()
    assert mistakes_of(strip_site("tcp://127.0.0.1:1", strips=2)) == []
    body["devices"][1] |= changes
    mistakes = mistakes_of(Site.model_validate(body))
    assert [each.path[2] for each in mistakes] == [path]
    assert message in str(mistakes[0])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"url": "tcp://127.0.0.1:1"}, ("url",)),
        ({"address": 0}, ("address",)),
        ({"card": "mono", "address": 64}, ("address",)),
        ({"bus": None}, ("bus",)),
    ],
)
def test_mistakes_of_an_entry_are_named(
    changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    entry = device(strip_site("tcp://127.0.0.1:1"), "strip-1")
    wrong = DeviceEntry.model_validate({**entry.model_dump(), **changes})
    assert [mistake.path for mistake in check_device(wrong)] == [path]


async def test_a_hall_hosts_strips_on_their_line(tmp_path: Path) -> None:
    from bridge.cli.playing import host_all  # noqa: PLC0415 - the CLI's own

    site = strip_site(f"serial:{tmp_path}/bus", strips=2)
    async with host_all(site) as cast:
        assert sorted(cast.hosted) == ["bus-1", "strip-1", "strip-2"]
        assert cast.hosted["strip-1"].view()["texts"] == []
        assert cast.hosted["strip-1"].url == cast.hosted["bus-1"].url
    alone = [each for each in site.devices if each.id != "bus-1"]
    async with host_all(site, devices=alone) as cast:
        assert "bus-1 is not simulated" in cast.unbound["strip-1"]
