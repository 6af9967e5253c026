"""The driver of digit tubes against simulated ones, over TCP and a PTY."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.driving import Driving, RecordingContext, SettableClock, driving
from support.screens import HALL, until, url_of

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState
from devices.modbus.rtu import Frame, Function, refusal
from devices.site import DeviceEntry, Site
from devices.site_mistakes import mistakes_of
from drivers.modbus.driver import TubeDriver
from drivers.registry import check_device
from simulators.hosting.host import Hosted, host
from simulators.modbus.simulator import TubeLine, TubeLineParameters
from simulators.simulator import Output

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=HALL.zone)
UNITS = [
    {"address": 1, "counter": "w1"},
    {"address": 2, "service": "reg", "show": "waiting"},
]
PROFILES = ["armfly", "ascii", "xunpeng", "kanban"]


def entry_of(url: str, **keys: Any) -> DeviceEntry:
    body = {"id": "tubes", "driver": "modbus", "url": url, "units": UNITS}
    quick = {"reply_timeout_s": 20, "frame_gap_ms": 0}
    return DeviceEntry.model_validate({**body, **quick, **keys})


@asynccontextmanager
async def tubes(
    url: str,
    *,
    clock: Callable[[], datetime] | None = None,
    kind: type[TubeLine] = TubeLine,
    **keys: Any,
) -> AsyncIterator[tuple[Hosted, RecordingContext, Driving]]:
    entry = entry_of(url, **keys)
    parameters = TubeLineParameters.model_validate(dict(entry.parameters))
    simulator = kind(entry, parameters, Site(hall=HALL, devices=[entry]))

    def wall() -> datetime:
        return datetime.fromtimestamp(time.time(), HALL.zone)

    async with host(simulator, url, clock=wall) as hosted:
        entry = entry_of(hosted.url, **keys)
        site = Site(hall=HALL, devices=[entry])
        context = RecordingContext(entry, site, clock=clock)
        async with driving(TubeDriver, entry, context) as under_way:
            yield hosted, context, under_way
        assert hosted.failure == ""


def texts(hosted: Hosted) -> list[str]:
    return [unit["text"] for unit in hosted.view()["units"].values()]


def content(ticket: str | None, waiting: int | None) -> dict[str, Any]:
    return {
        "units": {
            "1": {"ticket": ticket, "waiting": 99},
            "2": {"ticket": "B999", "waiting": waiting},
        }
    }


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_each_tube_shows_its_figure(
    profile: str, wire: str, tmp_path: Path
) -> None:
    url = url_of(wire, tmp_path)
    async with tubes(url, profile=profile) as (hosted, context, _):
        await context.wait_state(DeviceState.READY)
        context.set_desired(content("A012", 34))
        await until(lambda: texts(hosted) == ["12", "34"])
        value = await context.wait_value(lambda value: len(value["units"]) == 2)
        assert value["units"]["1"] == {"text": "12", "number": 12}
        context.set_desired(content(None, 0))
        dark = "" if profile in {"armfly", "ascii"} else "0"
        await until(lambda: texts(hosted) == [dark, "0"])


async def test_letters_are_shown_where_the_tube_has_them(tmp_path: Path) -> None:
    async with tubes(url_of("tcp", tmp_path), style="text") as (hosted, context, _):
        context.set_desired(content("A012", 12345))
        await until(lambda: texts(hosted) == ["A012", "9999"])


async def test_the_newest_figures_are_shown_after_an_outage(tmp_path: Path) -> None:
    async with tubes(url_of("tcp", tmp_path)) as (hosted, context, _):
        context.set_desired(content("A001", 1))
        await until(lambda: texts(hosted) == ["1", "1"])
        await hosted.act("unplug")
        await context.wait_state(DeviceState.OFFLINE)
        for number in range(2, 9):
            context.set_desired(content(f"A00{number}", number))
        await hosted.act("powercycle")
        await hosted.act("replug")
        await until(lambda: texts(hosted) == ["8", "8"])
        await context.wait_state(DeviceState.READY)


class Values(TubeLine):
    """Tubes that take values and refuse, or do not answer, texts."""

    refuses = True

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        if data[1] != Function.WRITE_MANY:
            return super().received(session, data, now)
        if not self.refuses:
            return ()
        answer = refusal(Frame.decode(data), 1)
        return [Output(answer.encode(), session)]


@pytest.mark.parametrize("refuses", [True, False])
async def test_tubes_without_texts_show_0_for_dark(
    *, refuses: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Values, "refuses", refuses)
    url = url_of("tcp", tmp_path)
    async with tubes(url, kind=Values, reply_timeout_s=0.4) as (hosted, context, _):
        context.set_desired(content(None, 5))
        await until(lambda: texts(hosted) == ["0", "5"])
        await context.wait_state(DeviceState.READY)
        context.set_desired(content("A007", 5))
        await until(lambda: texts(hosted) == ["7", "5"])
        context.set_desired(content(None, 5))
        await until(lambda: texts(hosted) == ["0", "5"])


async def test_tubes_go_dark_when_the_bridge_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.modbus.driver.LOOK_AGAIN_S", 0.01)
    clock = SettableClock(NOON)
    async with tubes(url_of("tcp", tmp_path), clock=clock) as (hosted, context, _):
        context.set_desired(content("A001", 1), valid_until=NOON.replace(minute=10))
        await until(lambda: texts(hosted) == ["1", "1"])
        clock.advance(600)
        await until(lambda: texts(hosted) == ["", ""])


async def test_a_tube_that_is_told_again_shows_it_after_its_power_came_back(
    tmp_path: Path,
) -> None:
    url = url_of("tcp", tmp_path)
    async with tubes(url, profile="ascii", rewrite_every_s=0.05) as (
        hosted,
        context,
        _,
    ):
        context.set_desired(content("A001", 1))
        await until(lambda: texts(hosted) == ["1", "1"])
        await hosted.act("powercycle")
        await until(lambda: texts(hosted) == ["1", "1"])


async def test_a_silent_tube_is_named_and_holds_up_no_other(tmp_path: Path) -> None:
    url = url_of("tcp", tmp_path)
    async with tubes(url, reply_timeout_s=0.3) as (hosted, context, run):
        await hosted.act("mute", {"address": 1})
        context.set_desired(content("A001", 1))
        await until(lambda: texts(hosted) == ["", "1"])
        reason = await context.wait_state(DeviceState.DEGRADED)
        assert "unit 1 does not answer" in reason
        assert "unit 2" not in reason
        await hosted.act("mute", {"address": 1, "on": False})
        context.set_desired(content("A002", 1))
        await until(lambda: texts(hosted) == ["2", "1"])
        await context.wait_state(DeviceState.READY)
        await run.execute("test", address=2, text="8888")
        assert texts(hosted) == ["2", "8888"]
        with pytest.raises(CommandRejectedError, match="no unit 9"):
            await run.execute("test", address=9, text="1")


async def test_a_line_on_which_none_answers_is_offline_with_a_reason(
    tmp_path: Path,
) -> None:
    url = url_of("tcp", tmp_path)
    async with tubes(url, reply_timeout_s=0.1) as (hosted, context, _):
        await hosted.act("mute", {"address": 1})
        await hosted.act("mute", {"address": 2})
        context.set_desired(content("A001", 1))
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "no unit answers" in reason
        await hosted.act("mute", {"address": 1, "on": False})
        await hosted.act("mute", {"address": 2, "on": False})
        await until(lambda: texts(hosted) == ["1", "1"])
        await context.wait_state(DeviceState.READY)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"url": None}, ("url",)),
        ({"url": "udp://h:502"}, ("url",)),
        ({"units": [*UNITS, UNITS[0]]}, ("units", 2, "address")),
        ({"units": [{"address": 1}]}, ("units", 0)),
        ({"units": [{"address": 1, "counter": "a", "area": "b"}]}, ("units", 0)),
        ({"units": [{"address": 0, "counter": "a"}]}, ("units", 0, "address")),
        ({"profile": "kanban", "style": "text"}, ("style",)),
    ],
)
def test_what_cannot_be_is_a_mistake(keys: dict[str, Any], path: tuple[Any]) -> None:
    body = {**entry_of("tcp://h:502").model_dump(), **keys}
    (mistake,) = check_device(DeviceEntry.model_validate(body))
    assert mistake.path == path


def test_services_and_areas_of_tubes_must_exist() -> None:
    units = [{"address": 1, "service": "x"}, {"address": 2, "area": "y"}]
    site = Site(hall=HALL, devices=[entry_of("tcp://h:502", units=units)])
    assert [mistake.path for mistake in mistakes_of(site)] == [
        ("devices", 0, "units", 0, "service"),
        ("devices", 0, "units", 1, "area"),
    ]
