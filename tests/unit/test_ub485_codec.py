from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from devices.errors import FrameError, MisuseError, ProtocolError
from devices.ub485.frames import (
    Light,
    Message,
    PanelFramer,
    Poll,
    SetAddress,
    Signal,
    Text,
    read_answers,
)

PATH = Path(__file__).parents[1] / "vectors" / "ub485.yaml"
BODY: dict[str, Any] = YAML(typ="safe", pure=True).load(PATH)


def message_of(item: dict[str, Any]) -> Message:
    address = item["address"]
    match item["kind"]:
        case "poll":
            return Poll(address)
        case "signal":
            return Signal(address, item["code"])
        case "text":
            return Text(address, item["text"], item["mode"])
        case _:
            return SetAddress(address, item["new"])


VECTORS = [(bytes.fromhex(item["hex"]), message_of(item)) for item in BODY["frames"]]
NAMES = [item["name"] for item in BODY["frames"]]
COLLISIONS = [bytes.fromhex(text) for text in BODY["collisions"]]
addresses = st.integers(0x20, 0xFF)
shown = st.text("0123456789ABCАБВ -", min_size=3, max_size=3)
messages = st.one_of(
    st.builds(Poll, addresses),
    st.builds(Signal, addresses, st.integers(0x30, 0x3D)),
    st.builds(Text, addresses, shown, st.integers(0x20, 0x7F)),
    st.builds(SetAddress, addresses, addresses),
)


@pytest.mark.parametrize(("raw", "message"), VECTORS, ids=NAMES)
def test_golden_frames_both_ways(raw: bytes, message: Message) -> None:
    assert message.encode() == raw
    framer = PanelFramer()
    assert framer.feed(raw) == [message]
    assert (framer.errors, framer.pending) == (0, 0)


def test_glued_split_and_with_noise_around() -> None:
    wire = b"".join(raw for raw, _ in VECTORS)
    expected = [message for _, message in VECTORS]
    assert PanelFramer().feed(wire) == expected
    framer = PanelFramer()
    assert [m for byte in wire for m in framer.feed(bytes((byte,)))] == expected
    noisy = PanelFramer()
    for raw, message in VECTORS:
        assert noisy.feed(b"\x00\xfe\x55" + raw) == [message]
    assert noisy.errors == len(VECTORS)


@given(st.lists(messages, max_size=12), st.data())
def test_round_trips_in_any_portions(said: list[Message], data: st.DataObject) -> None:
    wire = b"".join(message.encode() for message in said)
    framer, found, at = PanelFramer(), [], 0
    while at < len(wire):
        size = data.draw(st.integers(1, 9))
        found += framer.feed(wire[at : at + size])
        at += size
    assert found == said


@given(st.binary(max_size=64))
def test_noise_never_piles_up(noise: bytes) -> None:
    framer = PanelFramer()
    framer.feed(noise)
    assert framer.pending <= framer.max_frame


def test_answers_are_four_bytes_each() -> None:
    assert read_answers(b"") == []
    assert read_answers(bytes.fromhex("01 21 31 07")) == [Signal(0x21, 0x31)]
    glued = bytes.fromhex("01 21 31 07 01 22 34 07")
    assert read_answers(glued) == [Signal(0x21, 0x31), Signal(0x22, 0x34)]


@pytest.mark.parametrize("burst", COLLISIONS, ids=lambda burst: burst.hex())
def test_anything_else_is_a_collision(burst: bytes) -> None:
    with pytest.raises(FrameError):
        read_answers(burst)


@pytest.mark.parametrize("light", Light)
@pytest.mark.parametrize("beep", [False, True])
def test_lights_with_and_without_a_beep(light: Light, *, beep: bool) -> None:
    assert Signal.of(0x21, light, beep=beep).light == (light, beep)


@pytest.mark.parametrize("code", [0x2F, 0x3E, 0x00, 0xFF])
def test_other_codes_are_no_light(code: int) -> None:
    with pytest.raises(ProtocolError):
        _ = Signal(0x21, code).light


def test_what_a_display_lacks_is_a_blank() -> None:
    assert Text(0x21, "1号\x07").encode() == bytes.fromhex("01 21 20 31 20 20 07")


@pytest.mark.parametrize("address", [0, 0x1F, 0x100])
def test_addresses_begin_at_20h(address: int) -> None:
    with pytest.raises(MisuseError):
        Poll(address).encode()
