"""The driver of a caller line against the simulated one, on TCP and PTYs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.driving import Driving, RecordingContext, driving
from support.echoing import ZONE
from support.ff68_lines import entry, site

from devices.ff68.site import BusKeys
from devices.kinds import DeviceState
from drivers.ff68.driver import CallerBusDriver
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

WIRES = ["tcp", "serial"]
UNITS = {"1": {"ticket": "A001", "waiting": 3}, "5": {"ticket": None, "waiting": 0}}
SHOWN = {
    "1": {"waiting": "003", "ticket": "001", "beeps": 0},
    "5": {"waiting": "000", "ticket": "", "beeps": 0},
}
DARK = {"waiting": "", "ticket": "", "beeps": 0}


@dataclass(slots=True)
class Hall:
    """A simulated line with its driver."""

    line: Hosted
    context: RecordingContext
    driving: Driving

    async def press(self, *keys: str, address: int = 1) -> None:
        await self.line.act("press", {"address": address, "keys": list(keys)})

    def acks(self, address: int = 1) -> int:
        return int(self.line.view()["acks"].get(str(address), 0))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something of the simulated line."""
    while not holds():  # noqa: ASYNC110 - the line tells nobody what it shows
        await asyncio.sleep(0.005)


def clock() -> datetime:
    return datetime.fromtimestamp(time.time(), ZONE)


@asynccontextmanager
async def hall(wire: str, folder: Path, **parameters: Any) -> AsyncIterator[Hall]:
    parameters = {"simulated_resends": 1000, **parameters}
    place = f"serial:{folder}/bus" if wire == "serial" else "tcp://127.0.0.1:0"
    first = entry(place, **parameters)
    async with host(build_simulator(first, site(first)), place, clock=clock) as line:
        device = entry(line.url, **parameters)
        context = RecordingContext(device, site(device))
        async with driving(CallerBusDriver, device, context) as under_way:
            await context.wait_state(DeviceState.READY)
            await until(lambda: line.sessions > 0)
            yield Hall(line, context, under_way)
        assert line.failure == ""


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("keymap", ["classic", "function"])
async def test_presses_and_ratings(wire: str, keymap: str, tmp_path: Path) -> None:
    async with hall(wire, tmp_path, keymap=keymap) as here:
        await here.press("call")
        await here.press("1", "2", "transfer", address=5)
        await here.press("call", address=9)
        await here.line.act("rate", {"address": 5, "value": 0})
        events = await here.context.wait_event(4)
        told = {
            (e.type.value, e.data["counter"], e.data["key"], e.data.get("digits"))
            for e in events
        }
        assert told == {
            ("caller.key", "w1", "call", ""),
            ("caller.key", "w5", "transfer", "12"),
            ("caller.key", None, "call", ""),
            ("rating.press", "w5", 0, None),
        }
        await until(lambda: here.line.view()["acks"] == {"1": 1, "5": 2, "9": 1})
        assert len(here.context.events) == 4


@pytest.mark.parametrize("keymap", ["classic", "function"])
async def test_every_key_of_both_maps_is_an_event(keymap: str, tmp_path: Path) -> None:
    async with hall("tcp", tmp_path, keymap=keymap) as here:
        rules = BusKeys(keymap=keymap).load_keymap().keys
        for count, rule in enumerate(rules, start=1):
            typed = [*map(str, rule.selector), *"12"[: rule.min_digits]]
            await here.press(*typed, f"{rule.byte:#04x}")
            event = (await here.context.wait_event(count))[-1]
            assert (event.data["key"], event.data["digits"]) == (
                rule.key.value,
                "12"[: rule.min_digits],
            )
        await until(lambda: here.acks() == len(rules))


async def test_a_caller_that_is_nobodys_shows_000_and_beeps(tmp_path: Path) -> None:
    async with hall("tcp", tmp_path) as here:
        await here.press("call", address=9)
        nobody = {"waiting": "000", "ticket": "", "beeps": 1}
        await until(lambda: here.line.view()["units"].get("9") == nobody)
        assert here.acks(9) == 1
        await here.line.act("rate", {"address": 8, "value": 1})
        await here.context.wait_event(2)
        await until(lambda: here.acks(8) == 1)
        assert "8" not in here.line.view()["units"]


@pytest.mark.parametrize("wire", WIRES)
async def test_what_callers_are_shown(wire: str, tmp_path: Path) -> None:
    async with hall(wire, tmp_path) as here:
        here.context.set_desired({"units": UNITS})
        await until(lambda: here.line.view()["units"] == SHOWN)
        await here.context.wait_value(lambda value: value == {"units": UNITS})
        await here.driving.execute("beep", address=5)
        await until(lambda: here.line.view()["units"]["5"]["beeps"] == 1)


@pytest.mark.parametrize("wire", WIRES)
async def test_callers_that_lost_power_are_told_again(
    wire: str, tmp_path: Path
) -> None:
    async with hall(wire, tmp_path) as here:
        here.context.set_desired({"units": UNITS})
        await until(lambda: here.line.view()["units"] == SHOWN)
        await here.line.act("unplug")
        await here.context.wait_state(DeviceState.OFFLINE)
        await here.line.act("powercycle")
        assert here.line.view()["units"] == {"1": DARK, "5": DARK}
        await here.context.wait_state(DeviceState.READY)
        await until(lambda: here.line.view()["units"] == SHOWN)


async def test_callers_are_told_again_now_and_then(tmp_path: Path) -> None:
    async with hall("tcp", tmp_path, refresh_s=0.05) as here:
        here.context.set_desired({"units": UNITS})
        await until(lambda: here.line.view()["units"] == SHOWN)
        here.line.simulator.powercycle(clock())  # no driver sees one caller restart
        await until(lambda: here.line.view()["units"] == SHOWN)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", ["garble", "split", "glue"])
async def test_a_bad_line_neither_loses_nor_doubles(
    wire: str, fault: str, tmp_path: Path
) -> None:
    async with hall(wire, tmp_path) as here:
        await here.line.act(fault, {"n": 2} if fault == "garble" else {"on": True})
        for address in (1, 5):
            await here.press("call", "recall", address=address)
        await until(lambda: (here.acks(1), here.acks(5)) == (2, 2))
        told = sorted((e.data["counter"], e.data["key"]) for e in here.context.events)
        assert told == [
            ("w1", "call"),
            ("w1", "recall"),
            ("w5", "call"),
            ("w5", "recall"),
        ]


async def test_a_slow_disk_makes_one_press_of_all_resends(tmp_path: Path) -> None:
    async with hall("tcp", tmp_path, simulated_resend_ms=20, echo="off") as here:
        here.context.hold_emits()
        await here.press("call")
        await here.context.wait(lambda: here.context.emitting == 1)
        await asyncio.sleep(0.1)
        assert here.acks() == 0
        here.context.release_emits()
        await until(lambda: here.acks() == 1)
        assert len(here.context.events) == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_a_caller_asks_on_over_a_kill_and_presses_once(
    wire: str, tmp_path: Path
) -> None:
    place = f"serial:{tmp_path}/bus" if wire == "serial" else "tcp://127.0.0.1:0"
    parameters = {"simulated_resends": 1000, "simulated_resend_ms": 50}
    first = entry(place, **parameters)
    async with host(build_simulator(first, site(first)), place, clock=clock) as line:
        device = entry(line.url, **parameters)
        before = RecordingContext(device, site(device))
        async with driving(CallerBusDriver, device, before):
            await before.wait_state(DeviceState.READY)
            await until(lambda: line.sessions > 0)
            before.hold_emits()
            await line.act("press", {"address": 1, "keys": ["call"]})
            await before.wait(lambda: before.emitting == 1)
            # Killed between the journal and the answer.
            kept = await _journalled(before)
        assert line.view()["acks"] == {"1": 0}
        after = RecordingContext(device, site(device), remembered=kept)
        async with driving(CallerBusDriver, device, after):
            await until(lambda: line.view()["acks"] == {"1": 1})
            assert after.events == []
            await line.act("press", {"address": 1, "keys": ["recall"]})
            (event,) = await after.wait_event()
            assert event.data["key"] == "recall"


async def _journalled(context: RecordingContext) -> dict[str, Any]:
    """What is on disk when the journal is written and the driver was not told."""
    device = context.device
    twin = RecordingContext(device, site(device))
    async with hall("tcp", Path()) as here:
        await here.press("call")
        await here.context.wait_event()
        twin.remembered.update(here.context.emitted[0].remembered)
    return twin.remembered


@pytest.mark.parametrize("wire", WIRES)
async def test_a_line_with_echo(wire: str, tmp_path: Path) -> None:
    async with hall(wire, tmp_path, simulated_echo=True) as here:
        here.context.set_desired({"units": UNITS})
        await until(lambda: here.line.view()["units"] == SHOWN)
        await here.context.wait(lambda: here.context.info.get("echo") is True)
        await here.press("call", "recall")
        await here.line.act("rate", {"address": 1, "value": 3})
        await until(lambda: here.acks() == 3)
        assert await here.context.wait_event(3)
        await here.press("cancel")
        await until(lambda: here.acks() == 4)
        keys = [event.data["key"] for event in here.context.events]
        assert sorted(keys, key=str) == [3, "call", "cancel", "recall"]
