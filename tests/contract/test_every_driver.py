"""What holds for every driver, against its own simulator on a real wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from support.driving import Driving, RecordingContext, driving

from devices.kinds import DeviceState
from devices.site import DeviceEntry, Site
from devices.site_mistakes import mistakes_of
from drivers.adms.server import PushServer
from drivers.driver import Driver
from drivers.registry import check_device, driver_names, find_driver
from simulators.hosting.host import Hosted, host, ride
from simulators.registry import build_simulator, find_simulator, simulator_names

UP: Final = {DeviceState.READY, DeviceState.DEGRADED}
NEEDED: Final[dict[str, dict[str, Any]]] = {
    "adms": {
        "serial": "SPECIMEN1",
        "silent_s": 0.5,
        "simulation": {"poll_s": 0.05, "retry_s": 0.05},
    },
    "cpower": {"area": "hall", "reply_timeout_s": 0.5},
    "eq2013": {"counter": "w1"},
    "escpos": {"timeout_s": 0.3, "poll_s": 0.1, "settle_s": 0},
    "ff68": {
        "keymap": "classic",
        "units": [{"address": 1, "counter": "w1", "evaluator": True}],
    },
    "keypad": {"counter": "w1"},
    "modbus": {"units": [{"address": 1, "counter": "w1"}], "reply_timeout_s": 0.3},
    "onbon": {"area": "hall"},
    "sdt": {"counter": "w1", "find_timeout_s": 0.3},
    "strip": {"bus": "line", "address": 1, "counter": "w1"},
    "ub485": {"units": [{"address": 0x21, "counter": "w1"}], "poll_ms": 20},
    "zk": {"timeout_s": 0.5},
}
"""Keys without which an entry makes no sense, or takes its time to notice."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A driver at work and the device that it drives."""

    hosted: Hosted
    context: RecordingContext
    driver: Driving


def calls_us(name: str) -> bool:
    """Whether the device calls its driver, and has no url therefore."""
    return find_simulator(name).dials


def is_carried(name: str) -> bool:
    """Whether the device is on the line of another, and has no url therefore."""
    return name == "strip"


def is_local(name: str) -> bool:
    """Whether the device is on this machine at a path, and has no url therefore."""
    return name == "keypad"


def make_site(name: str, url: str) -> tuple[Site, DeviceEntry]:
    place = {} if calls_us(name) or is_carried(name) else {"url": url}
    if is_local(name):
        place = {"path": "/" + url.partition("/")[2]}
    device = {"id": "d-1", "driver": name, **place, **NEEDED.get(name, {})}
    line = {"id": "line", "driver": "ff68", "url": url}
    site = Site.model_validate(
        {
            "hall": {"id": "t"},
            "adms": {"host": "127.0.0.1", "port": 0},
            "services": [{"id": "reg", "prefix": "A"}],
            "counters": [
                {"id": "w1", "number": 1, "services": ["reg"], "area": "hall"}
            ],
            "areas": [{"id": "hall"}],
            "devices": [device, line] if is_carried(name) else [device],
        }
    )
    assert mistakes_of(site) == []
    return site, site.devices[0]


@asynccontextmanager
async def paired(name: str) -> AsyncIterator[Pair]:
    with TemporaryDirectory() as folder:
        place = f"serial:{folder}/pad" if is_local(name) else "tcp://127.0.0.1:0"
        async with paired_at(name, place) as pair:
            yield pair


@asynccontextmanager
async def paired_at(name: str, url: str) -> AsyncIterator[Pair]:
    site, entry = make_site(name, url)

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), site.hall.zone)

    if is_carried(name):
        async with carried(name) as pair:
            yield pair
        return
    device = build_simulator(entry, site)
    if calls_us(name):
        context = RecordingContext(entry, site)
        async with driving(find_driver(name), entry, context) as under_way:
            await context.wait(lambda: "server" in context.info)
            url = f"http://127.0.0.1:{context.shared[PushServer].port}"
            async with host(device, url, clock=clock) as far:
                yield Pair(far, context, under_way)
        return
    async with host(device, url, clock=clock) as far:
        site, entry = make_site(name, far.url)
        context = RecordingContext(entry, site)
        async with driving(find_driver(name), entry, context) as under_way:
            yield Pair(far, context, under_way)


@asynccontextmanager
async def carried(name: str) -> AsyncIterator[Pair]:
    """A device on another one's line; `hosted` is the line."""
    url = "tcp://127.0.0.1:0"
    site, entry = make_site(name, url)

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), site.hall.zone)

    line = build_simulator(site.devices[1], site)
    async with (
        host(line, url, clock=clock) as far,
        ride(build_simulator(entry, site), far, clock=clock),
    ):
        site, entry = make_site(name, far.url)
        bus = site.devices[1]
        carrier = RecordingContext(bus, site)
        context = RecordingContext(entry, site, shared=carrier.shared)
        async with (
            driving(find_driver(bus.driver), bus, carrier),
            driving(find_driver(name), entry, context) as under_way,
        ):
            yield Pair(far, context, under_way)


@pytest.fixture(params=driver_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_are_drivers() -> None:
    assert {"adms", "escpos", "ff68", "onbon", "sdt", "zk"} <= set(driver_names())


def test_it_has_a_simulator(name: str) -> None:
    assert name in simulator_names()


def test_it_says_what_it_is(name: str) -> None:
    driver: type[Driver[Any]] = find_driver(name)
    assert driver.kind
    assert driver.capabilities
    assert driver.parameters_model.model_config.get("extra") == "forbid"
    assert all(model.model_json_schema() for model in driver.commands.values())
    assert driver.__doc__


def test_a_good_entry_passes_and_a_misspelt_key_is_named(name: str) -> None:
    _, entry = make_site(name, "tcp://127.0.0.1:4000")
    assert check_device(entry) == []
    wrong = DeviceEntry.model_validate({**entry.model_dump(), "baudrat": 1})
    assert [mistake.path for mistake in check_device(wrong)] == [("baudrat",)]


def test_an_entry_needs_a_url_unless_the_device_calls_us(name: str) -> None:
    _, entry = make_site(name, "tcp://127.0.0.1:4000")
    has_none = calls_us(name) or is_carried(name) or is_local(name)
    url = "tcp://127.0.0.1:4000" if has_none else None
    wrong = DeviceEntry.model_validate({**entry.model_dump(), "url": url})
    assert check_device(wrong)


async def test_it_becomes_ready(name: str) -> None:
    async with paired(name) as pair:
        await pair.context.wait_state(DeviceState.READY)
        assert pair.hosted.failure == ""


async def test_it_is_offline_with_a_reason_when_unplugged_and_comes_back(
    name: str,
) -> None:
    async with paired(name) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("unplug")
        reason = await pair.context.wait_state(DeviceState.OFFLINE)
        assert reason
        await pair.hosted.act("replug")
        await pair.context.wait_state(DeviceState.READY)
        assert pair.hosted.failure == ""


async def test_a_device_that_is_absent_at_first_is_a_normal_state(name: str) -> None:
    async with paired(name) as pair:
        await pair.hosted.act("unplug")
        await pair.context.wait_state(DeviceState.OFFLINE)
        assert pair.context.reason
        await pair.hosted.act("replug")
        await pair.context.wait_state(DeviceState.READY)


async def test_it_ends_when_cancelled_and_frees_its_device(name: str) -> None:
    async with paired(name) as pair:
        await pair.context.wait_state(DeviceState.READY)
        before = asyncio.all_tasks()
    assert not [
        task
        for task in asyncio.all_tasks() & before
        if task is not asyncio.current_task() and not task.done()
    ]


async def test_it_ends_when_cancelled_while_the_device_is_away(name: str) -> None:
    async with paired(name) as pair:
        await pair.hosted.act("unplug")
        await pair.context.wait_state(DeviceState.OFFLINE)


async def test_it_survives_garbled_split_and_glued_bytes(name: str) -> None:
    async with paired(name) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("split")
        await pair.hosted.act("garble", {"n": 1})
        await pair.hosted.act("unplug")
        await pair.context.wait(lambda: pair.context.state not in UP)
        await pair.hosted.act("replug")
        await pair.context.wait_state(DeviceState.READY)
        assert pair.hosted.failure == ""
