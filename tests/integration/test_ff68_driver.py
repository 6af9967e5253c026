"""The driver of a caller line against devices that a test plays byte by byte."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.driving import RecordingContext, SettableClock, driving
from support.echoing import START
from support.ff68_lines import entry, on_a_line, site
from support.ff68_vectors import BAD, FRAMES, Vector

from devices.errors import CommandRejectedError, ConfigurationError, TransportError
from devices.events import EventType
from devices.ff68.frames import (
    Dialect,
    Digits,
    Frame,
    ShortAck,
    acknowledgement,
    beep,
    key_frame,
    rating_frame,
)
from devices.kinds import DeviceState
from devices.site import SiteError
from drivers.ff68.driver import CallerBusDriver, CallerBusParameters
from drivers.ff68.echo import BOUNCES_UNKNOWN
from drivers.registry import check_device

CALL = key_frame(1, b"\x0c")
RECALL = key_frame(1, b"\x0d")
DEVICE_FRAMES = [v for v in FRAMES if v.facts["way"] == "device"]


async def test_a_press_is_an_event_and_then_an_answer() -> None:
    async with on_a_line() as setup:
        setup.context.hold_emits()
        await setup.far.send(CALL.encode())
        await setup.context.wait(lambda: setup.context.emitting == 1)
        assert await setup.far.is_silent(0.05)
        setup.context.release_emits()
        assert await setup.far.hear() == CALL
        (event,) = setup.context.events
        assert event.type is EventType.CALLER_KEY
        assert event.identity is None
        assert event.data == {
            "counter": "w1",
            "key": "call",
            "digits": "",
            "address": 1,
            "raw": "ff68030368" + "01010c0e16",
        }


@pytest.mark.parametrize("vector", DEVICE_FRAMES, ids=lambda vector: vector.name)
@pytest.mark.parametrize("dialect", list(Dialect))
async def test_golden_frames(vector: Vector, dialect: Dialect) -> None:
    async with on_a_line(dialect=dialect) as setup:
        await setup.far.send(vector.raw)
        answer = await setup.far.hear()
        wanted = vector.facts.get(f"ack_{dialect}", vector.facts["hex"])
        assert answer.encode() == bytes.fromhex(wanted)
        (event,) = setup.context.events
        assert event.data["raw"] == vector.raw.hex()
        if "classic" in vector.facts:
            assert [event.data["key"], event.data["digits"]] == vector.facts["classic"]
        else:
            assert event.type is EventType.RATING_PRESS


@pytest.mark.parametrize(
    ("parameters", "wire", "answer"),
    [
        ({}, 5, Frame(5, 1, b"\x03")),
        ({"keymap": "function"}, 0x85, ShortAck(0x85)),
        ({"keymap": "function", "dialect": "a"}, 5, Frame(5, 1, b"\x03")),
        ({"dialect": "b"}, 0x85, ShortAck(0x85)),
    ],
)
async def test_a_rating_is_its_units(
    parameters: dict[str, Any], wire: int, answer: Frame | ShortAck
) -> None:
    async with on_a_line(**parameters) as setup:
        await setup.far.send(rating_frame(wire, 3).encode())
        assert await setup.far.hear() == answer
        (event,) = setup.context.events
        assert event.type is EventType.RATING_PRESS
        assert event.data == {
            "counter": "w5",
            "value": 5,
            "key": 3,
            "address": 5,
            "raw": rating_frame(wire, 3).encode().hex(),
        }


async def test_levels() -> None:
    async with on_a_line(evaluator_map={"4": 1, "3": None}) as setup:
        for value in range(6):
            await setup.far.send(rating_frame(1, value).encode())
            await setup.far.hear()
        levels = [event.data["value"] for event in setup.context.events]
        assert levels == [2, 3, 4, None, 1, None]


async def test_an_unknown_address_and_an_unknown_key_are_events_and_answered() -> None:
    frames = [key_frame(9, b"\x0c"), rating_frame(9, 0), key_frame(1, b"\x05\x20")]
    async with on_a_line() as setup:
        for frame in frames:
            await setup.far.send(frame.encode())
            assert await setup.far.hear() == acknowledgement(frame, Dialect.A)
        one, two, three = (event.data for event in setup.context.events)
        assert (one["counter"], one["key"], one["address"]) == (None, "call", 9)
        assert (two["counter"], two["value"], two["address"]) == (None, 2, 9)
        assert (three["counter"], three["key"], three["digits"]) == (
            "w1",
            "unknown",
            "5",
        )


async def test_glued_split_and_noisy_frames() -> None:
    other = key_frame(5, b"\x0c")
    async with on_a_line() as setup:
        await setup.far.send(CALL.encode() + other.encode())
        assert await setup.far.hear_all(2) == [CALL, other]
        await setup.far.send(*(bytes((byte,)) for byte in RECALL.encode()))
        assert await setup.far.hear() == RECALL
        for bad in BAD.values():
            frame = key_frame(40 + len(setup.context.events), b"\x0c")
            await setup.far.send(bad, frame.encode())
            assert await setup.far.hear() == frame
        assert len(setup.context.events) == 3 + len(BAD)


async def test_frames_that_no_device_sends_are_no_events() -> None:
    async with on_a_line() as setup:
        await setup.far.send(beep(1).encode() + ShortAck(0x81).encode())
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        assert len(setup.context.events) == 1


async def test_resends_before_the_answer_are_one_press_and_all_answered() -> None:
    async with on_a_line() as setup:
        setup.context.hold_emits()
        await setup.far.send(CALL.encode(), CALL.encode(), CALL.encode() * 2)
        await setup.context.wait(lambda: setup.context.emitting == 1)
        await setup.far.send(RECALL.encode())
        setup.context.release_emits()
        assert await setup.far.hear_all(5) == [CALL] * 4 + [RECALL]
        assert [e.data["key"] for e in setup.context.events] == ["call", "recall"]


async def test_a_genuine_second_press_counts() -> None:
    async with on_a_line(debounce_ms=20, echo="off") as setup:
        for count in (1, 2, 3):
            await setup.far.send(CALL.encode())
            assert await setup.far.hear() == CALL
            assert len(setup.context.events) == count
            await asyncio.sleep(0.1)


async def test_a_press_that_cannot_be_journalled_is_not_answered() -> None:
    async with on_a_line() as setup:
        setup.context.emit_error = TransportError("disk full")
        await setup.far.send(CALL.encode())
        assert await setup.context.wait_state(DeviceState.OFFLINE) == "disk full"
        setup.context.emit_error = None
        await setup.far.accept()
        assert await setup.far.is_silent(0.05)
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        assert len(setup.context.events) == 1


async def test_a_resend_after_a_kill_is_one_press() -> None:
    async with on_a_line() as setup:
        await setup.far.send(CALL.encode())
        await setup.context.wait_event()
        kept = dict(setup.context.emitted[0].remembered)
    async with on_a_line(remembered=kept) as setup:
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        await setup.far.send(RECALL.encode())
        assert await setup.far.hear() == RECALL
        assert [event.data["key"] for event in setup.context.events] == ["recall"]


async def test_after_a_kill_before_the_journal_the_resend_is_the_press() -> None:
    async with on_a_line() as setup:
        setup.context.hold_emits()
        await setup.far.send(CALL.encode())
        await setup.context.wait(lambda: setup.context.emitting == 1)
        kept = dict(setup.context.remembered)
    async with on_a_line(remembered=kept) as setup:
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        assert len(setup.context.events) == 1


async def test_an_answered_press_settles_and_swallows_nothing_later() -> None:
    async with on_a_line() as setup:
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        await setup.context.wait(lambda: setup.context.remembered["key-1"]["settled"])
        kept = dict(setup.context.remembered)
    async with on_a_line(remembered=kept) as setup:
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL
        assert len(setup.context.events) == 1


@pytest.mark.parametrize("echo", ["auto", "on"])
async def test_a_line_with_echo_does_not_answer_itself(echo: str) -> None:
    async with on_a_line(echoing=True, echo=echo, debounce_ms=20) as setup:
        setup.context.set_desired({"units": {"1": {"waiting": 3}}})
        assert await setup.far.hear() == Digits(waiting="003").frame(1)
        for count in (1, 2, 3):
            await setup.far.send(CALL.encode())
            assert await setup.far.hear() == CALL
            assert await setup.far.is_silent()
            assert len(setup.context.events) == count


async def test_a_line_with_echo_of_which_nothing_is_known_yet() -> None:
    async with on_a_line(echoing=True) as setup:
        for count in (1, 2):
            await setup.far.send(CALL.encode())
            # One answer; a busy machine may take a slow echo for the caller once.
            answers = await setup.far.hear_until_silent(0.4)
            assert 1 <= len(answers) <= BOUNCES_UNKNOWN
            assert len(setup.context.events) == count
        assert setup.context.info["echo"] is True


async def test_on_a_line_with_echo_a_resend_is_answered() -> None:
    async with on_a_line(echoing=True, echo="on", debounce_ms=10_000) as setup:
        for _ in range(3):
            await setup.far.send(CALL.encode())
            assert await setup.far.hear() == CALL
            assert await setup.far.is_silent(0.02)
        assert len(setup.context.events) == 1


async def test_on_a_line_without_echo_a_resend_is_answered() -> None:
    async with on_a_line(debounce_ms=10_000) as setup:
        for _ in range(3):
            await setup.far.send(CALL.encode())
            assert await setup.far.hear() == CALL
            await asyncio.sleep(0.1)
        assert len(setup.context.events) == 1


async def test_digits_converge_and_only_changes_are_sent() -> None:
    units = {"1": {"ticket": "A001", "waiting": 3}, "5": {"waiting": 0}}
    one = Digits(waiting="003", ticket="001").frame(1)
    five = Digits(waiting="000").frame(5)
    async with on_a_line() as setup:
        setup.context.set_desired({"units": units})
        assert await setup.far.hear_all(2) == [one, five]
        await setup.context.wait_value(
            lambda value: (
                value == {"units": {**units, "5": {"ticket": None, "waiting": 0}}}
            )
        )
        setup.context.set_desired({"units": {**units, "5": {"waiting": 1200}}})
        assert await setup.far.hear() == Digits(waiting="999").frame(5)
        setup.context.set_desired({"units": units})
        assert await setup.far.hear() == five
        # The same again is told to all again.
        setup.context.set_desired({"units": units})
        assert sorted((await setup.far.hear_all(2)), key=repr) == [one, five]
        # And so is everything after an outage of the line.
        await setup.far.cut()
        await setup.far.accept()
        assert await setup.far.hear_all(2) == [one, five]


async def test_callers_go_dark_when_desired_is_no_longer_valid() -> None:
    clock = SettableClock(START)
    async with on_a_line(clock=clock) as setup:
        setup.context.set_desired(
            {"units": {"1": {"ticket": "A7"}}},
            valid_until=START + timedelta(seconds=0.05),
        )
        assert await setup.far.hear() == Digits(ticket="007").frame(1)
        clock.advance(1)
        assert await setup.far.hear() == Digits().frame(1)


async def test_beeps() -> None:
    async with on_a_line() as setup:
        assert await setup.driving.execute("beep", address=5) == {"address": 5}
        assert await setup.far.hear() == beep(5)


async def test_a_beep_without_a_line_is_refused() -> None:
    device = entry("memory:nobody")
    context = RecordingContext(device, site(device))
    async with driving(CallerBusDriver, device, context) as under_way:
        await context.wait_state(DeviceState.OFFLINE)
        with pytest.raises(CommandRejectedError, match="not open") as caught:
            await under_way.execute("beep", address=1)
        assert caught.value.code == "offline"


async def test_noise_degrades_the_line_until_it_is_clean() -> None:
    async with on_a_line(noise_limit=3, noise_window_s=0.2) as setup:
        setup.context.set_desired({"units": {"1": {"waiting": 3}}})
        shown = await setup.far.hear()
        await setup.far.send(b"\x00" * 200)
        reason = await setup.context.wait_state(DeviceState.DEGRADED)
        assert "noise on the line" in reason
        await setup.far.send(CALL.encode())
        # Callers may have missed their digits in the noise.
        assert await setup.far.hear_all(2) == [CALL, shown]
        await setup.context.wait_state(DeviceState.READY)
        assert setup.context.info["noise"]["bytes"] == 200


async def test_a_lost_line_is_offline_and_comes_back() -> None:
    async with on_a_line() as setup:
        await setup.context.wait_state(DeviceState.READY)
        await setup.far.cut()
        await setup.context.wait_state(DeviceState.OFFLINE)
        await setup.far.accept()
        await setup.context.wait_state(DeviceState.READY)
        await setup.far.send(CALL.encode())
        assert await setup.far.hear() == CALL


@pytest.mark.parametrize(
    ("parameters", "path", "wanted"),
    [
        ({"keymap": "modern"}, ("keymap",), "there are: classic, function"),
        ({"units": [{"address": 1}] * 2}, ("units", 1, "address"), "twice"),
        ({"units": [{"address": 0}]}, ("units", 0, "address"), "greater"),
        ({"units": [{"address": 255}]}, ("units", 0, "address"), "less"),
        (
            {"keymap": "function", "units": [{"address": 200}]},
            ("units", 0, "address"),
            "dialect b",
        ),
        ({"debounce": 1}, ("debounce",), "no such key"),
        ({"evaluator_map": {"3": 6}}, ("evaluator_map", "3"), "less"),
        ({"echo": "maybe"}, ("echo",), "auto"),
    ],
)
def test_mistakes_in_the_hall_file(
    parameters: dict[str, Any], path: tuple[str | int, ...], wanted: str
) -> None:
    (mistake,) = check_device(entry("tcp://127.0.0.1:4001", **parameters))
    assert mistake.path[: len(path)] == path
    assert wanted in str(mistake)


def test_a_line_without_a_url_is_a_mistake() -> None:
    device = entry("tcp://127.0.0.1:4001").model_copy(update={"url": None})
    with pytest.raises(SiteError, match="wants a url"):
        CallerBusDriver.check(device, CallerBusParameters())
    assert check_device(entry("serial:/dev/ttyUSB7?baudrate=9600")) == []


async def test_a_key_map_that_went_away_locks_the_line(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("keys: [{byte: 12, key: call}]")
    device = entry("memory:nobody", keymap=str(path))
    context = RecordingContext(device, site(device))
    driver = CallerBusDriver(
        context, CallerBusParameters.model_validate(dict(device.parameters))
    )
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        await driver.run()
