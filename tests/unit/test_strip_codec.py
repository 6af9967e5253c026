from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support.ff68_vectors import FRAMES

from devices.displays import Colour
from devices.errors import MisuseError
from devices.ff68.frames import Ff68Framer
from devices.strip.frames import (
    MOST_DATA,
    SAFE_LENGTH,
    SHOW,
    MonoFrame,
    StripColour,
    StripFrame,
    StripFramer,
    StripMessage,
    StripReply,
)
from devices.strip.text import COLOURS, read_colours, strip_text

PATH = Path(__file__).parents[1] / "vectors" / "strip.yaml"
BODY: dict[str, Any] = YAML(typ="safe", pure=True).load(PATH)


def message_of(item: dict[str, Any]) -> StripMessage:
    raw, data = bytes.fromhex(item["hex"]), bytes.fromhex(item.get("data", ""))
    match item["kind"]:
        case "colour":
            return StripFrame(item["address"], item["command"], data)
        case "mono":
            return MonoFrame(item["address"], data)
        case _:
            return StripReply(item["address"], raw)


VECTORS = [(bytes.fromhex(item["hex"]), message_of(item)) for item in BODY["frames"]]
NAMES = [item["name"] for item in BODY["frames"]]
BAD = {item["name"]: bytes.fromhex(item["hex"]) for item in BODY["bad"]}
WIRE = b"".join(raw for raw, _ in VECTORS)
EXPECTED = [message for _, message in VECTORS]
texts = st.text("A019 号窗口请到", max_size=60)


@pytest.mark.parametrize(("raw", "message"), VECTORS, ids=NAMES)
def test_golden_frames_both_ways(raw: bytes, message: StripMessage) -> None:
    assert message.encode() == raw
    framer = StripFramer()
    assert framer.feed(raw) == [message]
    assert (framer.errors, framer.pending) == (0, 0)


def test_glued_split_and_with_callers_around() -> None:
    assert StripFramer().feed(WIRE) == EXPECTED
    framer = StripFramer()
    assert [m for byte in WIRE for m in framer.feed(bytes((byte,)))] == EXPECTED
    framer = StripFramer()
    for raw, message in VECTORS:
        assert framer.feed(FRAMES[0].raw + raw + FRAMES[1].raw) == [message]


def test_the_callers_framer_knows_strips_where_there_are_some() -> None:
    framer = Ff68Framer(strips=True)
    found = [
        message
        for raw, _ in VECTORS
        for message in framer.feed(FRAMES[0].raw + raw + FRAMES[1].raw)
    ]
    expected = [
        each for m in EXPECTED for each in (FRAMES[0].frame, m, FRAMES[1].frame)
    ]
    assert (found, framer.errors, framer.pending) == (expected, 0, 0)
    plain = Ff68Framer()
    assert plain.feed(WIRE + FRAMES[0].raw) == [FRAMES[0].frame]
    assert plain.errors > 0


@pytest.mark.parametrize("torn", [b"\xa0", b"\xa0\x90\x01", WIRE[:12], b"\x81\xc0D12"])
def test_a_torn_text_does_not_swallow_a_press(torn: bytes) -> None:
    framer = Ff68Framer(strips=True)
    assert FRAMES[0].frame in framer.feed(torn + FRAMES[0].raw)


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_frames_are_skipped(name: str) -> None:
    framer = StripFramer()
    good = VECTORS[0][0]
    assert framer.feed(BAD[name] + good) == [VECTORS[0][1]]
    assert framer.errors >= 1


@given(st.integers(1, 254), st.sampled_from(StripColour), texts)
def test_texts_round_trip(address: int, colour: StripColour, text: str) -> None:
    given_text = strip_text(text)
    frame = given_text.colour_frame(address, colour)
    assert StripFramer().feed(frame.encode()) == [frame]
    shown = read_colours(frame.data)
    assert "".join(character for character, _ in shown) == given_text.shown
    assert {each for _, each in shown} <= {colour}
    assert len(frame.data) <= SAFE_LENGTH


def test_both_readings_of_the_length_agree_unless_asked() -> None:
    long = "请A001号到1号窗口" * 20
    cut = strip_text(long)
    assert cut.lost
    first, second = (
        cut.colour_frame(1, StripColour.RED, length_base=base).encode()
        for base in (255, 256)
    )
    assert first == second
    whole = strip_text("0" * 150, long_texts=True)
    frames = [
        whole.colour_frame(1, StripColour.RED, length_base=base) for base in (255, 256)
    ]
    assert [frame.encode()[4:6].hex() for frame in frames] == ["012d", "012c"]
    for frame in frames:
        assert StripFramer().feed(frame.encode()) == [frame]


def test_what_the_font_lacks_is_told() -> None:
    text = strip_text("龘1\n2")
    assert (text.shown, text.lost) == ("?1 2", "龘")


def test_white_is_yellow() -> None:
    assert COLOURS[Colour.WHITE] is StripColour.YELLOW
    assert set(COLOURS) == set(Colour)


def test_the_one_colour_form_has_small_addresses_only() -> None:
    text = strip_text("1")
    assert text.mono_frame(63) is not None
    assert text.mono_frame(64) is None
    with pytest.raises(MisuseError):
        MonoFrame(64, b"1").encode()
    with pytest.raises(MisuseError):
        MonoFrame(1, b"\x1a").encode()
    with pytest.raises(MisuseError):
        StripFrame(1, SHOW, bytes(MOST_DATA + 1)).encode()


@given(st.binary(max_size=80))
def test_noise_never_piles_up(noise: bytes) -> None:
    framer = StripFramer()
    framer.feed(noise)
    assert framer.pending <= framer.max_frame
