from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.onbon_vectors import MEANINGS, load_vectors, load_wrong_frame

from devices.errors import FrameError, MisuseError, ProtocolError
from devices.onbon.frames import (
    CheckMode,
    ChecksumError,
    FontCardFramer,
    Frame,
    escape,
    unescape,
)
from devices.onbon.messages import (
    ACK,
    CLEAR,
    PING,
    CommandCode,
    ErrorCode,
    Reply,
    Request,
    explain,
    nack,
    read_time,
    set_brightness,
    set_power,
    set_time,
)

VECTORS = load_vectors()
NAMES = sorted(VECTORS)
NOISE = [
    b"\x00\xff\x13",
    b"\x5a",
    b"\x5a\x5a\x00",
    b"\xa5",
    b"\xa5\xa5\x01\x00",
    b"\xa5\x01\x5a",
    b"\xa6\x5b",
]
SPECIAL = st.sampled_from([0xA5, 0xA6, 0x5A, 0x5B, 0x01, 0x02, 0x00, 0xFF])
DATA = st.lists(SPECIAL | st.integers(0, 255), max_size=80).map(bytes)


def feed_bytewise(framer: FontCardFramer, wire: bytes) -> list[Frame]:
    return [frame for byte in wire for frame in framer.feed(bytes((byte,)))]


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_frame_is_made_byte_for_byte(name: str) -> None:
    vector = VECTORS[name]
    assert MEANINGS[name].encode(starts=vector.starts) == vector.wire


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_frame_is_understood_whole_and_split_at_every_byte(name: str) -> None:
    wire = VECTORS[name].wire
    assert FontCardFramer().feed(wire) == [MEANINGS[name]]
    assert feed_bytewise(FontCardFramer(), wire) == [MEANINGS[name]]
    for at in range(1, len(wire)):
        framer = FontCardFramer()
        assert framer.feed(wire[:at]) + framer.feed(wire[at:]) == [MEANINGS[name]]


def test_glued_golden_frames_are_all_understood() -> None:
    framer = FontCardFramer()
    assert framer.feed(b"".join(VECTORS[name].wire for name in NAMES)) == [
        MEANINGS[name] for name in NAMES
    ]
    assert (framer.errors, framer.skipped_bytes, framer.pending) == (0, 0, 0)


@pytest.mark.parametrize("noise", NOISE, ids=bytes.hex)
@pytest.mark.parametrize("name", NAMES)
def test_noise_around_a_frame_costs_no_frame(name: str, noise: bytes) -> None:
    wire = VECTORS[name].wire
    framer = FontCardFramer()
    stream = noise + wire + noise + wire
    assert feed_bytewise(framer, stream) == [MEANINGS[name]] * 2


def test_one_start_byte_is_enough() -> None:
    assert FontCardFramer().feed(VECTORS["ping"].wire[7:]) == [MEANINGS["ping"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_spoiled_byte_is_never_accepted(name: str) -> None:
    vector = VECTORS[name]
    for at in range(vector.starts, len(vector.wire) - 1):
        for flip in (0x01, 0x10, 0x80, 0xFF):
            spoiled = bytearray(vector.wire)
            spoiled[at] ^= flip
            framer = FontCardFramer()
            assert framer.feed(bytes(spoiled)) == []
            assert framer.errors + bool(framer.pending) > 0


def test_a_widely_copied_frame_with_a_wrong_checksum_is_not_accepted() -> None:
    framer = FontCardFramer()
    assert framer.feed(load_wrong_frame()) == []
    assert framer.checksum_errors == 1


def test_a_wrong_checksum_is_counted_for_the_card_to_answer() -> None:
    wire = bytearray(VECTORS["ping"].wire)
    wire[-2] ^= 1
    framer = FontCardFramer()
    assert framer.feed(bytes(wire)) == []
    assert framer.checksum_errors == 1
    assert "checksum" in framer.last_error
    assert framer.feed(VECTORS["ping"].wire) == [MEANINGS["ping"]]


def test_a_frame_cut_off_by_the_next_costs_only_itself() -> None:
    wire = VECTORS["area"].wire
    framer = FontCardFramer()
    assert framer.feed(wire[:30] + VECTORS["ack"].wire) == [MEANINGS["ack"]]
    assert framer.errors == 1


def test_the_framer_stays_bounded_without_an_end() -> None:
    framer = FontCardFramer()
    for _ in range(10):
        assert framer.feed(b"\xa5" + b"\x00" * 5000) == []
    assert framer.pending <= framer.max_frame
    assert framer.feed(VECTORS["ping"].wire) == [MEANINGS["ping"]]


@pytest.mark.parametrize("check", [CheckMode.CRC, CheckMode.SUM])
def test_checked_frames_come_back_in_each_check_mode(check: CheckMode) -> None:
    frame = Frame(data=b"\xa5\x5a\xa6\x5b", check=check)
    assert FontCardFramer().feed(frame.encode()) == [frame]


def test_a_frame_without_check_is_taken_only_where_allowed() -> None:
    frame = Frame(data=b"\x00", check=CheckMode.NONE)
    refusing = FontCardFramer()
    assert refusing.feed(frame.encode()) == []
    assert refusing.last_error == "a frame without a checksum"
    assert FontCardFramer(unchecked=True).feed(frame.encode()) == [frame]


@given(
    data=DATA,
    destination=st.integers(0, 0xFFFF),
    check=st.sampled_from([CheckMode.CRC, CheckMode.SUM]),
    starts=st.integers(1, 12),
    cuts=st.lists(st.integers(0, 200), max_size=5),
)
def test_any_frame_comes_back_however_it_is_cut(
    data: bytes,
    destination: int,
    check: CheckMode,
    starts: int,
    cuts: list[int],
) -> None:
    frame = Frame(data=data, destination=destination, check=check)
    wire = frame.encode(starts=starts)
    framer = FontCardFramer()
    edges = [0, *sorted(cuts), len(wire)]
    found = [
        item for begin, end in pairwise(edges) for item in framer.feed(wire[begin:end])
    ]
    assert found == [frame]


@given(DATA)
def test_escaped_bytes_come_back_and_hold_no_start_or_end(data: bytes) -> None:
    escaped = escape(data)
    assert unescape(escaped) == data
    assert not {0xA5, 0x5A} & set(escaped)


@given(st.lists(DATA, max_size=6))
def test_no_bytes_at_all_break_the_framer(chunks: list[bytes]) -> None:
    framer = FontCardFramer()
    for chunk in chunks:
        framer.feed(chunk)
    framer.feed(b"\x5a")
    assert framer.feed(VECTORS["ack"].wire) == [MEANINGS["ack"]]


@pytest.mark.parametrize("body", [b"\xa6", b"\xa6\x03", b"\x5b\x00", b"\x01\x5b"])
def test_an_unknown_escape_is_an_error(body: bytes) -> None:
    with pytest.raises(FrameError, match="escape"):
        unescape(body)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [(8, 7, "check mode 7"), (7, 1, "bar code"), (12, 9, "9 data bytes")],
)
def test_a_header_that_cannot_be_is_an_error(at: int, value: int, message: str) -> None:
    body = bytearray(VECTORS["ping"].wire[8:-1])
    body[at] = value
    with pytest.raises(FrameError, match=message):
        Frame.decode(bytes(body))


def test_too_short_a_body_is_an_error_that_no_card_answers() -> None:
    with pytest.raises(FrameError, match="too few") as caught:
        Frame.decode(b"\x01\x00")
    assert not isinstance(caught.value, ChecksumError)


@pytest.mark.parametrize(
    ("request_", "data"),
    [
        (PING, "A200010000"),
        (CLEAR, "A310010000"),
        (set_power(on=True), "A30001000001"),
        (set_power(on=False), "A30001000002"),
        (set_brightness(15), "A302010000010F"),
        (
            set_time(datetime(2013, 1, 25, 11, 17, 26, tzinfo=UTC)),
            "A2030100001320012511172605",
        ),
        (Request(code=0xA200, wants_reply=False), "A200020000"),
    ],
)
def test_requests_are_made_and_read(request_: Request, data: str) -> None:
    assert request_.encode().hex().upper() == data
    assert Request.decode(bytes.fromhex(data)) == request_


@pytest.mark.parametrize("data", ["", "A2000100", "A200030000", "A200000000"])
def test_what_is_no_request_is_an_error(data: str) -> None:
    with pytest.raises(ProtocolError, match="not a request"):
        Request.decode(bytes.fromhex(data))


def test_replies_are_made_and_read() -> None:
    assert Reply.decode(ACK.encode()) == ACK
    assert ACK.is_ack
    assert ACK.is_answer
    busy = Reply.decode(bytes.fromhex("A001030000"))
    assert busy == nack(ErrorCode.BUSY)
    assert not busy.is_ack
    assert busy.is_answer
    assert busy.code == CommandCode.NACK
    assert not Reply.decode(bytes.fromhex("A202000000")).is_answer
    with pytest.raises(ProtocolError, match="not a reply"):
        Reply.decode(b"\xa0\x00\x00")


def test_every_error_has_plain_words() -> None:
    for error in ErrorCode:
        assert explain(error).endswith(f"({error.value})")
    assert "font" in explain(ErrorCode.NO_FONT)
    assert explain(99) == "refuses without a known reason (99)"


def test_brightness_has_sixteen_levels() -> None:
    with pytest.raises(MisuseError):
        set_brightness(16)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_times_come_back(moment: datetime) -> None:
    local = moment.replace(microsecond=0, tzinfo=UTC)
    assert read_time(set_time(local).payload, UTC) == local


@pytest.mark.parametrize(
    "payload",
    ["", "13200125111726", "1320132511172605", "132001251117260A", "1320012511172604"],
)
def test_what_is_no_time_is_an_error(payload: str) -> None:
    with pytest.raises(ProtocolError):
        read_time(bytes.fromhex(payload), UTC)
