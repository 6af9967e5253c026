"""USB keypads: the simulated pad on a PTY, and python-evdev at its seam (a fake)."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.driving import RecordingContext, driving
from support.fake_evdev import FakePads

import drivers.keypad.driver
from devices.errors import TransportError
from devices.keypad.typing import digit_codes
from devices.kinds import DeviceState
from devices.site import Counter, DeviceEntry, HallInfo, Site
from drivers.keypad.driver import KeypadDriver
from drivers.registry import advise_device, check_device
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

PATH = "/dev/input/by-id/usb-specimen-event-kbd"
ENTER = 96


def entry(path: str, **parameters: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {
            "id": "pad-1",
            "driver": "keypad",
            "path": path,
            "counter": "w1",
            **parameters,
        }
    )


def site(device: DeviceEntry) -> Site:
    return Site(
        hall=HallInfo(id="test"),
        counters=[Counter(id="w1", number=1)],
        devices=[device],
    )


def told(context: RecordingContext) -> list[tuple[Any, ...]]:
    names = ("counter", "key", "digits", "address")
    return [tuple(e.data[name] for name in names) for e in context.events]


@asynccontextmanager
async def simulated(folder: Path) -> AsyncIterator[tuple[Hosted, RecordingContext]]:
    device = entry(f"{folder}/pad")
    hall = site(device)

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), hall.hall.zone)

    simulator = build_simulator(device, hall)
    async with host(simulator, simulator.place or "", clock=clock) as pad:
        context = RecordingContext(device, hall)
        async with driving(KeypadDriver, device, context):
            await context.wait_state(DeviceState.READY)
            yield pad, context
        assert pad.failure == ""


async def test_presses_of_a_simulated_pad(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (pad, context):
        await pad.act("press", {"keys": ["call"], "repeats": 3})
        await pad.act("press", {"keys": ["numlock", "1", "2", "backspace", "call"]})
        await pad.act("press", {"keys": ["hold"]})
        await pad.act("press", {"keys": ["0x1e"]})
        events = await context.wait_event(4)
        assert told(context) == [
            ("w1", "call", "", None),
            ("w1", "call", "1", None),
            ("w1", "hold", "", None),
            ("w1", "unknown", "", None),
        ]
        assert events[1].data["raw"] == "0160"


async def test_a_pad_that_comes_back_works_again(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (pad, context):
        await pad.act("unplug")
        await context.wait_state(DeviceState.OFFLINE)
        await pad.act("replug")
        await context.wait_state(DeviceState.READY)
        await pad.act("press", {"keys": [5, "call"]})
        await context.wait_event(1)
        assert told(context) == [("w1", "call", "5", None)]


@pytest.fixture
def pads(monkeypatch: pytest.MonkeyPatch) -> FakePads:
    """Pads of the kernel's, by a fake of python-evdev."""
    found = FakePads()

    def is_input_device(path: str) -> bool:
        if path not in found.plugged:
            raise TransportError(f"{path}: no such device: is it plugged in?")
        return True

    monkeypatch.setitem(sys.modules, "evdev", found.module())
    monkeypatch.setattr(drivers.keypad.driver, "is_input_device", is_input_device)
    monkeypatch.setattr(drivers.keypad.driver, "RESCAN_S", 0.01)
    return found


async def test_a_pad_of_the_kernel_is_grabbed_read_and_given_back(
    pads: FakePads,
) -> None:
    pads.plugged[PATH] = None
    context = RecordingContext(entry(PATH), site(entry(PATH)))
    async with driving(KeypadDriver, entry(PATH), context):
        await context.wait_state(DeviceState.READY)
        pads.press(PATH, *digit_codes("12"), ENTER)
        await context.wait_event(1)
        assert told(context) == [("w1", "call", "12", None)]
        assert context.info["model"] == "Specimen Keypad"
        assert pads.log == ["grab"]
    assert pads.log == ["grab", "ungrab", "close"]


async def test_a_pad_is_found_again_by_its_name(pads: FakePads) -> None:
    context = RecordingContext(entry(PATH), site(entry(PATH)))
    async with driving(KeypadDriver, entry(PATH), context) as under_way:
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "plugged in" in reason
        pads.plugged[PATH] = None
        await context.wait_state(DeviceState.READY)
        pads.unplug(PATH)
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "no such device" in reason
        pads.plugged[PATH] = None
        await context.wait_state(DeviceState.READY)
        pads.press(PATH, ENTER)
        await context.wait_event(1)
        assert under_way.lives == 2
    assert pads.log == ["grab", "ungrab", "close"] * 2


async def test_a_pad_that_somebody_else_grabbed_is_offline(pads: FakePads) -> None:
    pads.plugged[PATH], pads.grabbed_elsewhere = None, True
    context = RecordingContext(entry(PATH), site(entry(PATH)))
    async with driving(KeypadDriver, entry(PATH), context):
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "another program has grabbed it" in reason
        pads.grabbed_elsewhere = False
        await context.wait_state(DeviceState.READY)


async def test_without_the_extra_the_reason_names_it(
    pads: FakePads, monkeypatch: pytest.MonkeyPatch
) -> None:
    pads.plugged[PATH] = None
    monkeypatch.setitem(sys.modules, "evdev", None)
    context = RecordingContext(entry(PATH), site(entry(PATH)))
    async with driving(KeypadDriver, entry(PATH), context):
        reason = await context.wait_state(DeviceState.LOCKED)
        assert "halld[keypad]" in reason


async def test_not_grabbed_when_told_so(pads: FakePads) -> None:
    pads.plugged[PATH] = None
    device = entry(PATH, grab=False)
    context = RecordingContext(device, site(device))
    async with driving(KeypadDriver, device, context):
        await context.wait_state(DeviceState.READY)
    assert pads.log == ["close"]


async def test_a_file_that_is_no_pad_says_so(tmp_path: Path) -> None:
    path = tmp_path / "pad"
    path.write_bytes(b"")
    context = RecordingContext(entry(str(path)), site(entry(str(path))))
    async with driving(KeypadDriver, entry(str(path)), context):
        assert str(path) in await context.wait_state(DeviceState.OFFLINE)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"url": "tcp://127.0.0.1:1"}, ("url",)),
        ({"keymap": "no-such"}, ("keymap",)),
        ({"path": "event0"}, ("path",)),
    ],
)
def test_mistakes_of_an_entry_are_named(
    changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    assert check_device(entry(PATH)) == []
    wrong = DeviceEntry.model_validate({**entry(PATH).model_dump(), **changes})
    assert [mistake.path for mistake in check_device(wrong)] == [path]


def test_a_name_that_may_change_is_a_warning() -> None:
    assert advise_device(entry(PATH), site(entry(PATH))) == []
    numbered = entry("/dev/input/event3")
    warnings = advise_device(numbered, site(numbered))
    assert [warning.path for warning in warnings] == [("path",)]


def test_a_pad_of_no_window_is_a_warning() -> None:
    device = DeviceEntry.model_validate({**entry(PATH).model_dump(), "counter": None})
    assert check_device(device) == []
    assert [warning.path for warning in advise_device(device, site(device))] == [()]
