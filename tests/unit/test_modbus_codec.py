"""Digit tubes' frames, in both directions."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import MisuseError
from devices.modbus.rtu import (
    Frame,
    ReplyFramer,
    RequestFramer,
    confirmation,
    explain,
    refusal,
    write_register,
    write_registers,
)
from devices.modbus.tubes import (
    TONGUES,
    Armfly,
    Profile,
    Telling,
    TellingFramer,
    read_armfly,
)

_FILE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "modbus.json").read_text()
)
RTU = {item["name"]: bytes.fromhex(item["hex"]) for item in _FILE["rtu"]}
REPLIES = {item["name"]: bytes.fromhex(item["hex"]) for item in _FILE["replies"]}
PLAIN = [
    (
        Profile(item["profile"]),
        Telling(unit=item["unit"], text=item["text"]),
        bytes.fromhex(item["hex"]),
    )
    for item in _FILE["plain"]
]
VALUE = write_register(1, 0, 100)
TEXT = write_registers(1, 0x70, b"A001")
MEANINGS = {
    "value 100": VALUE,
    "value 9999 of unit 247": write_register(247, 0, 9999),
    "text A001": TEXT,
}
ANSWERS = {
    "value 100": confirmation(VALUE),
    "text A001": confirmation(TEXT),
    "no such register": refusal(VALUE, 2),
}
NOISE = [b"\x00\xff\x13", b"\x01\x06", b"\x01\x10\x00\x70\x00", b"\x00"]


@pytest.mark.parametrize("name", sorted(RTU))
def test_a_golden_request_is_made_byte_for_byte_and_understood(name: str) -> None:
    wire = RTU[name]
    assert MEANINGS[name].encode() == wire
    for at in range(len(wire)):
        framer = RequestFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [MEANINGS[name]]


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_a_golden_reply_is_made_byte_for_byte_and_understood(name: str) -> None:
    wire = REPLIES[name]
    assert ANSWERS[name].encode() == wire
    for at in range(len(wire)):
        framer = ReplyFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [ANSWERS[name]]


@pytest.mark.parametrize(("profile", "telling", "wire"), PLAIN)
def test_a_golden_plain_message_is_made_and_understood(
    profile: Profile, telling: Telling, wire: bytes
) -> None:
    assert TONGUES[profile].tell(telling, 4) == wire
    for at in range(len(wire)):
        framer = TellingFramer(profile)
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [telling]
    glued = TellingFramer(profile)
    assert glued.feed(wire * 3) == [telling] * 3
    spoiled = bytearray(wire)
    spoiled[-1] ^= 1
    assert TellingFramer(profile).feed(bytes(spoiled)) == []


@pytest.mark.parametrize("noise", NOISE, ids=bytes.hex)
def test_noise_between_requests_costs_none_behind_it(noise: bytes) -> None:
    framer = RequestFramer()
    stream = RTU["value 100"] + noise + RTU["text A001"] * 3
    found = [item for byte in stream for item in framer.feed(bytes((byte,)))]
    assert found[0] == VALUE
    assert found[-1] == TEXT


@pytest.mark.parametrize("name", sorted(RTU))
def test_a_spoiled_byte_is_never_accepted(name: str) -> None:
    for at in range(len(RTU[name])):
        spoiled = bytearray(RTU[name])
        spoiled[at] ^= 0x10
        assert RequestFramer().feed(bytes(spoiled)) == []


@given(
    st.integers(1, 247),
    st.binary(min_size=1, max_size=40),
    st.lists(st.integers(0, 90), max_size=4),
)
def test_any_request_comes_back_however_it_is_cut(
    unit: int, values: bytes, cuts: list[int]
) -> None:
    request = write_registers(unit, 0x70, values * 2)
    wire = request.encode()
    edges = [0, *sorted(cuts), len(wire)]
    framer = RequestFramer()
    assert [f for a, b in pairwise(edges) for f in framer.feed(wire[a:b])] == [request]


@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(Profile))
def test_no_bytes_at_all_break_the_framers(
    chunks: list[bytes], profile: Profile
) -> None:
    framers: list[Any] = [RequestFramer(), ReplyFramer()]
    if profile is not Profile.ARMFLY:
        framers.append(TellingFramer(profile))
    for framer in framers:
        for chunk in chunks:
            framer.feed(chunk)
        assert framer.pending <= framer.max_frame


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("0", write_register(3, 0, 0)),
        ("9999", write_register(3, 0, 9999)),
        ("A012", write_registers(3, 0x70, b"A012")),
        ("", write_registers(3, 0x70, b"    ")),
        ("号7", write_registers(3, 0x70, b"   7")),
    ],
)
def test_an_armfly_tube_gets_numbers_as_values_and_all_else_as_text(
    text: str, request_: Frame
) -> None:
    telling = Telling(unit=3, text=text)
    assert Armfly().frame(telling, 4) == request_
    shown = read_armfly(request_)
    assert shown is not None
    assert shown.text == text.replace("号", "")


@given(st.text(st.sampled_from("$#,0129A. 号\n"), max_size=12))
def test_no_text_ends_an_ascii_message(text: str) -> None:
    wire = TONGUES[Profile.ASCII].tell(Telling(unit=7, text=text), 4)
    framer = TellingFramer(Profile.ASCII)
    (shown,) = framer.feed(wire)
    assert shown.unit == 7
    assert framer.errors == 0
    assert len(wire) == 10


def test_negative_values_and_refusals() -> None:
    shown = read_armfly(write_register(1, 0, -5))
    assert shown is not None
    assert shown.text == "-5"
    assert read_armfly(write_register(1, 4, 2)) is None
    assert "register" in explain(2)
    assert refusal(VALUE, 3).refusal == 3
    assert confirmation(VALUE).refusal is None


def test_what_cannot_be_is_our_own_mistake() -> None:
    for build in (
        lambda: write_register(1, 0, 70_000),
        lambda: write_registers(1, 0, b"abc"),
        lambda: TellingFramer(Profile.ARMFLY),
    ):
        with pytest.raises(MisuseError):
            build()
