"""EQ2013 messages, in both directions."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.eq2013.messages import (
    Area,
    Message,
    MessageFramer,
    decode_text,
    encode_text,
)
from devices.errors import FrameError, MisuseError

_FILE = json.loads((Path(__file__).parents[1] / "vectors" / "eq2013.json").read_text())
VECTORS = {item["name"]: item["text"].encode("gbk") for item in _FILE["messages"]}
MEANINGS = {
    "sample": Message(
        areas=(
            Area(
                text="请AH001号到13号窗口办理!".encode("gbk"),
                font_size=24,
                colour=1,
                across=1,
                down=1,
            ),
        )
    ),
    "panel": Message(
        clears=True,
        areas=(
            Area(
                text=b"DL48",
                id=1,
                box=(0, 0, 48, 16),
                effect=1,
                speed=3,
                stay=6000,
                font_size=16,
                colour=1,
                across=2,
                down=2,
            ),
        ),
    ),
    "clear": Message(clears=True),
}
NAMES = sorted(VECTORS)
NASTY = st.text(st.sampled_from([*"$%#!号AZ1D\n", "\0", "𠮷", "\x7f"]), max_size=60)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_message_is_made_byte_for_byte_and_understood(name: str) -> None:
    wire = VECTORS[name]
    assert MEANINGS[name].encode() == wire
    for at in range(len(wire)):
        framer = MessageFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [MEANINGS[name]]


def test_glued_messages_are_all_understood() -> None:
    framer = MessageFramer()
    found = framer.feed(b"".join(VECTORS[name] for name in NAMES))
    assert found == [MEANINGS[name] for name in NAMES]
    assert framer.errors == 0


@pytest.mark.parametrize("noise", [b"\0\xff", b"!", b"$$", b"!#", b"!#001%ZI0", b"#"])
@pytest.mark.parametrize("name", NAMES)
def test_noise_around_a_message_costs_no_message(name: str, noise: bytes) -> None:
    framer = MessageFramer()
    stream = (noise + VECTORS[name]) * 2
    found = [item for byte in stream for item in framer.feed(bytes((byte,)))]
    assert found == [MEANINGS[name]] * 2


@given(NASTY | st.text(max_size=60), st.lists(st.integers(0, 200), max_size=4))
def test_no_text_gives_an_order_or_ends_a_message(text: str, cuts: list[int]) -> None:
    encoded = encode_text(text)
    message = Message(areas=(Area(text=encoded.data, id=1, effect=1),))
    wire = message.encode()
    edges = [0, *sorted(cuts), len(wire)]
    framer = MessageFramer()
    found = [item for a, b in pairwise(edges) for item in framer.feed(wire[a:b])]
    assert found == [message]
    assert framer.errors == 0
    assert decode_text(encoded.data) == encoded.shown


def test_orders_in_a_text_become_signs_that_look_the_same() -> None:
    encoded = encode_text("!#001%ZD00$$")
    assert encoded.shown == "!＃001％ZD00＄＄"
    assert encode_text("一\r\n二").data == "一\r\n二".encode("gbk")
    assert encode_text("囍𠮷").lost == "𠮷"


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_at_all_break_the_framer(chunks: list[bytes]) -> None:
    framer = MessageFramer()
    for chunk in chunks:
        framer.feed(chunk)
    framer.feed(b"$$")
    assert framer.feed(VECTORS["clear"]) == [MEANINGS["clear"]]


def test_the_framer_stays_bounded() -> None:
    framer = MessageFramer()
    for _ in range(10):
        assert framer.feed(b"!#001" + b"a" * 3000) == []
    assert framer.pending <= framer.max_frame


@pytest.mark.parametrize("body", [b"", b"12", b"abc", b"001%Q1", b"001%ZI1x"])
def test_what_is_no_message_is_an_error(body: bytes) -> None:
    with pytest.raises(FrameError):
        Message.decode(body)


def test_what_cannot_be_is_our_own_mistake() -> None:
    with pytest.raises(MisuseError):
        Message(address=1000).encode()
    with pytest.raises(MisuseError):
        Area(text=b"50%").encode()
