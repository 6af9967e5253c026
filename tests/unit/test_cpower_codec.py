"""C-Power packets, in both directions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cpower.messages import (
    PureText,
    StaticText,
    Window,
    ask_power,
    ask_version,
    call,
    explain,
    read_call,
    read_split,
    read_time,
    read_version,
    set_brightness,
    set_power,
    set_time,
    split,
)
from devices.cpower.packets import (
    NetworkFramer,
    Packet,
    SerialFramer,
    escape,
    unescape,
)
from devices.errors import FrameError, MisuseError, ProtocolError

_FILE = json.loads((Path(__file__).parents[1] / "vectors" / "cpower.json").read_text())
SERIAL = {item["name"]: bytes.fromhex(item["hex"]) for item in _FILE["frames"]}
NETWORK = {item["name"]: bytes.fromhex(item["hex"]) for item in _FILE["network"]}
WRONG = [bytes.fromhex(item["hex"]) for item in _FILE["wrong"]]
HELLO = PureText(text=b"abc\rcba", align=1)
MEANINGS = {
    "ask_power": ask_power(),
    "power_on": set_power(on=True),
    "power_off": set_power(on=False),
    "pure_text": call(HELLO.encode()),
    "escaped": ask_version(card=0xA5),
}
NOISE = [b"\x00\xff\x13", b"\xae", b"\xa5", b"\xa5\x68\x32", b"\xa5\x01\xae", b"\xaa"]
SPECIAL = st.sampled_from([0xA5, 0xAA, 0xAE, 0x05, 0x0A, 0x0E, 0x68, 0x32, 0xFF, 0])
DATA = st.lists(SPECIAL | st.integers(0, 255), max_size=80).map(bytes)


@pytest.mark.parametrize("name", sorted(SERIAL))
def test_a_golden_packet_is_made_byte_for_byte_and_understood(name: str) -> None:
    wire = SERIAL[name]
    assert MEANINGS[name].on_serial() == wire
    assert SerialFramer().feed(wire) == [MEANINGS[name]]
    for at in range(1, len(wire)):
        framer = SerialFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [MEANINGS[name]]


@pytest.mark.parametrize("name", sorted(NETWORK))
def test_a_golden_network_packet_is_made_and_understood(name: str) -> None:
    wire = NETWORK[name]
    assert MEANINGS[name].on_network() == wire
    for at in range(1, len(wire)):
        framer = NetworkFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [MEANINGS[name]]


def test_glued_packets_are_all_understood() -> None:
    names = sorted(SERIAL)
    framer = SerialFramer()
    assert framer.feed(b"".join(SERIAL[n] for n in names)) == [
        MEANINGS[n] for n in names
    ]
    assert (framer.errors, framer.pending) == (0, 0)
    network = NetworkFramer()
    wire = b"".join(MEANINGS[n].on_network() for n in names)
    assert network.feed(wire) == [MEANINGS[n] for n in names]


@pytest.mark.parametrize("noise", NOISE, ids=bytes.hex)
@pytest.mark.parametrize("name", sorted(SERIAL))
def test_noise_around_a_packet_costs_no_packet(name: str, noise: bytes) -> None:
    framer = SerialFramer()
    stream = (noise + SERIAL[name]) * 2
    found = [item for byte in stream for item in framer.feed(bytes((byte,)))]
    assert found == [MEANINGS[name]] * 2


def test_noise_before_a_network_packet_costs_no_packet() -> None:
    wire = MEANINGS["pure_text"].on_network()
    framer = NetworkFramer()
    assert (
        framer.feed(b"\x13\x00\x01garbage" + wire + wire) == [MEANINGS["pure_text"]] * 2
    )


@pytest.mark.parametrize("name", sorted(SERIAL))
def test_a_spoiled_byte_is_never_accepted(name: str) -> None:
    wire = SERIAL[name]
    for at in range(1, len(wire) - 1):
        for flip in (0x01, 0x10, 0x80):
            spoiled = bytearray(wire)
            spoiled[at] ^= flip
            assert MEANINGS[name] not in SerialFramer().feed(bytes(spoiled))


@pytest.mark.parametrize("wire", WRONG)
def test_a_printed_example_with_a_wrong_sum_is_not_accepted(wire: bytes) -> None:
    framer = SerialFramer()
    assert framer.feed(wire) == []
    assert framer.checksum_errors == 1


@given(
    data=DATA,
    code=st.integers(0, 255),
    is_reply=st.booleans(),
    cuts=st.lists(st.integers(0, 180)),
)
def test_any_packet_comes_back_however_it_is_cut(
    *, data: bytes, code: int, is_reply: bool, cuts: list[int]
) -> None:
    packet = Packet(code=code, data=data, is_reply=is_reply, mark=0)
    for framer, wire in (
        (SerialFramer(), packet.on_serial()),
        (NetworkFramer(), packet.on_network()),
    ):
        edges = [0, *sorted(cuts), len(wire)]
        found = [p for a, b in pairwise(edges) for p in framer.feed(wire[a:b])]
        assert found == [packet]


@given(DATA)
def test_escaped_bytes_come_back_and_hold_no_start_or_end(data: bytes) -> None:
    assert unescape(escape(data)) == data
    assert not {0xA5, 0xAE} & set(escape(data))


@given(st.lists(DATA, max_size=6))
def test_no_bytes_at_all_break_the_framers(chunks: list[bytes]) -> None:
    serial, network = SerialFramer(), NetworkFramer()
    for chunk in chunks:
        serial.feed(chunk)
        network.feed(chunk)
    serial.feed(b"\xae")
    assert serial.feed(SERIAL["ask_power"]) == [MEANINGS["ask_power"]]
    assert network.pending <= network.max_frame


def test_the_framers_stay_bounded() -> None:
    serial = SerialFramer()
    for _ in range(10):
        assert serial.feed(b"\xa5" + b"\0" * 2000) == []
    assert serial.pending <= serial.max_frame
    assert serial.feed(SERIAL["ask_power"]) == [MEANINGS["ask_power"]]


@pytest.mark.parametrize("data", [b"\xaa", b"\xaa\x01"])
def test_an_unknown_escape_is_an_error(data: bytes) -> None:
    with pytest.raises(FrameError, match="escape"):
        unescape(data)


@pytest.mark.parametrize("data", ["", "6832", "6932017601011401", "6833017601011401"])
def test_what_is_no_packet_is_an_error(data: str) -> None:
    with pytest.raises(FrameError):
        Packet.decode(bytes.fromhex(data))


def test_windows_and_texts_come_back() -> None:
    windows = [
        Window(x=0, y=0, width=128, height=16),
        Window(x=0, y=16, width=128, height=16),
    ]
    packet = split(windows, card=3)
    assert packet.card == 3
    assert read_split(read_call(packet)) == windows
    assert PureText.decode(read_call(call(HELLO.encode()))) == HELLO
    still = StaticText(text=b"abc", place=windows[1], window=1)
    assert StaticText.decode(still.encode()) == still


def test_times_brightness_and_versions() -> None:
    moment = datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)  # a Sunday: 0
    packet = set_time(moment)
    assert packet.data.hex() == "000f1e090001031a"
    assert read_time(packet.data, UTC) == moment
    assert set_brightness(31).data == b"\0" + b"\x1f" * 24
    version = read_version(bytes((0, 0x52, 0x21, 0x14, 0, 0, 0, 0x33)))
    assert version == {"card_type": "52", "bios": "1.4", "firmware": "3.3"}
    assert read_version(b"\0") == {}
    assert "noise" in explain(1)
    assert "(9)" in explain(9)


def test_what_cannot_be_is_our_own_mistake() -> None:
    for build in (
        lambda: set_brightness(32),
        lambda: split([]),
        lambda: PureText(text=b"a\0b").encode(),
        lambda: Packet(code=1, data=bytes(2000)).encode(),
    ):
        with pytest.raises(MisuseError):
            build()


def test_what_is_no_message_is_an_error() -> None:
    for read in (
        lambda: read_call(ask_power()),
        lambda: read_call(Packet(code=0x7B, data=b"\x09\0\0\0\x12")),
        lambda: read_split(b"\x01\x02"),
        lambda: PureText.decode(b"\x12"),
        lambda: StaticText.decode(b"\x04"),
        lambda: read_time(b"\x01", UTC),
        lambda: read_time(b"\0\x3d\0\0\0\x01\x01\x1a", UTC),
    ):
        with pytest.raises(ProtocolError):
            read()
