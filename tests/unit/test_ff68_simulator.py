from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.errors import ConfigurationError, MisuseError
from devices.ff68.frames import Dialect, Digits, ShortAck, acknowledgement, beep
from devices.ff68.frames import key_frame as key
from devices.ff68.frames import rating_frame as rating
from devices.site import DeviceEntry, HallInfo, Site
from simulators.ff68.simulator import CallerBus, Press, Rate
from simulators.registry import build_simulator

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CALL = key(1, b"\x0c").encode()


def bus(**parameters: Any) -> CallerBus:
    device = DeviceEntry.model_validate(
        {
            "id": "bus-1",
            "driver": "ff68",
            "units": [{"address": 1, "counter": "w1", "evaluator": True}],
            "debounce_ms": 300,
            **parameters,
        }
    )
    site = Site(hall=HallInfo(id="test"), devices=[device])
    simulator = build_simulator(device, site)
    assert isinstance(simulator, CallerBus)
    simulator.connected(1, NOW)
    return simulator


def press(simulator: CallerBus, *keys: str | int, address: int = 1) -> list[bytes]:
    arguments = Press(address=address, keys=list(keys))
    return [output.data for output in simulator.act("press", arguments, NOW)]


def at(simulator: CallerBus, ms: float) -> list[bytes]:
    outputs, _ = simulator.advance(NOW + timedelta(milliseconds=ms))
    return [output.data for output in outputs]


@pytest.mark.parametrize(
    ("keys", "data"),
    [
        (["call"], "0c"),
        (["no_show"], "060f"),
        (["1", "2", "call"], "01020c"),
        (["12", "call"], "01020c"),
        ([1, 2, "Call"], "01020c"),
        (["0x0c"], "0c"),
        (["0x06", "0x0f"], "060f"),
        (["0x0c0c"], "0c0c"),
        (["5"], "05"),
        ([12], "0c"),
        ([6, 15], "060f"),
        (["0C"], "0c"),
        (["06", "0F"], "060f"),
        (["6", "0F"], "060f"),
    ],
)
def test_keys_make_one_frame(keys: list[str | int], data: str) -> None:
    assert press(bus(), *keys) == [key(1, bytes.fromhex(data)).encode()]


def test_several_keys_are_several_frames_one_after_the_other() -> None:
    simulator = bus()
    assert press(simulator, "call", "recall") == [CALL]
    simulator.received(1, CALL, NOW)
    assert at(simulator, 0) == [key(1, b"\x0d").encode()]


@pytest.mark.parametrize("keys", [["ring"], ["login"], ["0x"], ["0xzz"], ["1" * 40]])
def test_keys_that_there_are_not(keys: list[str | int]) -> None:
    with pytest.raises(MisuseError):
        press(bus(), *keys)


def test_a_frame_is_sent_again_until_it_is_acknowledged() -> None:
    simulator = bus(simulated_resend_ms=100)
    assert press(simulator, "call") == [CALL]
    assert at(simulator, 99) == []
    assert at(simulator, 100) == [CALL]
    assert simulator.advance(NOW)[1] == NOW + timedelta(milliseconds=200)
    simulator.received(1, key(2, b"\x0c").encode(), NOW)  # not its own
    assert at(simulator, 200) == [CALL]
    simulator.received(1, CALL, NOW)
    assert at(simulator, 300) == []
    assert simulator.advance(NOW)[1] is None
    assert simulator.view()["acks"] == {"1": 1}


def test_it_gives_up_and_goes_on_with_the_next_frame() -> None:
    simulator = bus(simulated_resend_ms=100, simulated_resends=2)
    press(simulator, "call", "recall")
    assert [at(simulator, ms) for ms in (100, 200)] == [[CALL], [CALL]]
    assert at(simulator, 300) == [key(1, b"\x0d").encode()]
    assert simulator.view()["gave_up"] == {"1": 1}


@pytest.mark.parametrize(
    ("keymap", "wire", "wrong"),
    [("classic", 1, Dialect.B), ("function", 0x81, Dialect.A)],
)
def test_evaluators(keymap: str, wire: int, wrong: Dialect) -> None:
    simulator = bus(keymap=keymap)
    frame = rating(wire, 3)
    sent = simulator.act("rate", Rate(address=1, value=3), NOW)
    assert [output.data for output in sent] == [frame.encode()]
    simulator.received(1, acknowledgement(frame, wrong).encode(), NOW)
    assert simulator.view()["acks"] == {"1": 0}
    simulator.received(1, acknowledgement(frame, simulator.dialect).encode(), NOW)
    assert simulator.view()["acks"] == {"1": 1}


def test_a_short_ack_behind_an_ff_of_noise() -> None:
    simulator = bus(dialect="b")
    simulator.act("rate", Rate(address=1, value=0), NOW)
    simulator.received(1, b"\xff" + ShortAck(0x81).encode(), NOW)
    assert simulator.view()["acks"] == {"1": 1}


def test_what_callers_show() -> None:
    simulator = bus()
    dark = {"waiting": "", "ticket": "", "beeps": 0}
    assert simulator.view()["units"] == {"1": dark}
    shown = Digits(waiting="003", ticket="001")
    line = shown.frame(1).encode() + beep(1).encode() + beep(7).encode()
    for byte in line:
        simulator.received(1, bytes((byte,)), NOW)
    assert simulator.view()["units"] == {
        "1": {"waiting": "003", "ticket": "001", "beeps": 1},
        "7": {**dark, "beeps": 1},
    }
    simulator.powercycle(NOW)
    assert simulator.view()["units"]["1"] == {**dark, "beeps": 1}


def test_unknown_addresses_may_be_pressed() -> None:
    assert press(bus(), "call", address=9) == [key(9, b"\x0c").encode()]


def test_a_line_with_echo_gives_every_byte_back() -> None:
    simulator = bus(simulated_echo=True)
    outputs = simulator.received(1, b"\xff\x68", NOW)
    assert [(output.data, output.session) for output in outputs] == [(b"\xff\x68", 1)]
    assert bus().received(1, b"\xff\x68", NOW) == []


def test_an_unknown_key_map_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="there are: classic, function"):
        bus(keymap="modern")
