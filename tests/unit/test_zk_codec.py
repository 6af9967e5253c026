from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.checksums import ones_complement16
from devices.errors import FrameError, ProtocolError
from devices.zk.packets import (
    MAX_PACKET,
    TCP_MAGIC,
    Code,
    DatagramFramer,
    Packet,
    PacketFramer,
    ReplyFilter,
    checksum,
    decode_packet,
    proves_key,
    scramble_key,
)
from devices.zk.values import (
    LOG_REQUEST,
    TEMPLATES_REQUEST,
    USERS_REQUEST,
    Sizes,
    decode_buffer_request,
    decode_chunk_request,
    decode_event_time,
    decode_option,
    decode_text,
    decode_time,
    encode_buffer_request,
    encode_event_time,
    encode_option,
    encode_prepared,
    encode_text,
    encode_time,
    read_time,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "zk.json").read_text()
)
FRAMES = [bytes.fromhex(vector["hex"]) for vector in VECTORS["frames"]]
PACKETS = [
    Packet(
        code=vector["code"],
        session=vector["session"],
        number=vector["number"],
        data=vector["text"].encode(),
    )
    for vector in VECTORS["frames"]
]
NOISE = b"\x50\x50\x82\x00junk\x50"

words = st.integers(0, 0xFFFF)
packets = st.builds(
    Packet, code=words, session=words, number=words, data=st.binary(max_size=200)
)
FIRST = datetime.fromisoformat("2000-01-01")
LAST = datetime.fromisoformat("2099-12-31")
moments = st.datetimes(FIRST, LAST).map(lambda time: time.replace(microsecond=0))


@pytest.mark.parametrize(("frame", "packet"), list(zip(FRAMES, PACKETS, strict=True)))
def test_real_frames_both_ways(frame: bytes, packet: Packet) -> None:
    assert packet.encode_frame() == frame
    assert PacketFramer().feed(frame) == [packet]
    assert packet.encode() == frame[8:]
    assert DatagramFramer().feed(frame[8:]) == [packet]


def test_frames_glued_and_split_anywhere() -> None:
    stream = b"".join(FRAMES)
    assert PacketFramer().feed(stream) == PACKETS
    for at in range(len(stream)):
        framer = PacketFramer()
        assert framer.feed(stream[:at]) + framer.feed(stream[at:]) == PACKETS
    framer = PacketFramer()
    found = [packet for at in stream for packet in framer.feed(bytes([at]))]
    assert found == PACKETS
    assert framer.skipped_bytes == 0


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_noise_around_frames_is_skipped(step: int) -> None:
    framer = PacketFramer()
    stream = NOISE + NOISE.join(FRAMES) + NOISE + FRAMES[0]
    found = []
    for at in range(0, len(stream), step):
        found += framer.feed(stream[at : at + step])
    assert found == [*PACKETS, PACKETS[0]]
    assert framer.skipped_bytes == 4 * len(NOISE)


def test_a_spoiled_frame_costs_itself_only() -> None:
    for at in range(8, len(FRAMES[0])):
        spoiled = bytearray(FRAMES[0])
        spoiled[at] ^= 0x55
        framer = PacketFramer()
        assert framer.feed(bytes(spoiled) + FRAMES[1]) == [PACKETS[1]]
        assert "checksum" in framer.last_error or framer.errors


def test_without_strictness_a_wrong_checksum_passes() -> None:
    spoiled = bytearray(FRAMES[0])
    spoiled[10] ^= 0x55
    assert PacketFramer(strict=False).feed(bytes(spoiled)) == [PACKETS[0]]
    assert DatagramFramer(strict=False).feed(bytes(spoiled[8:])) == [PACKETS[0]]
    assert DatagramFramer().feed(bytes(spoiled[8:])) == []


def test_a_frame_of_impossible_length_is_skipped() -> None:
    for length in (0, 7, MAX_PACKET + 1, 0xFFFFFFFF):
        framer = PacketFramer()
        head = TCP_MAGIC + length.to_bytes(4, "little")
        assert framer.feed(head + FRAMES[2]) == [PACKETS[2]]


def test_a_datagram_is_a_packet_or_nothing() -> None:
    framer = DatagramFramer()
    assert framer.feed(b"short") == []
    assert framer.feed(b"") == []
    assert framer.feed(FRAMES[2][8:]) == [PACKETS[2]]
    with pytest.raises(FrameError, match="8 or more"):
        decode_packet(b"1234567")


@given(packets)
def test_packets_survive_the_way(packet: Packet) -> None:
    assert decode_packet(packet.encode()) == packet
    assert PacketFramer().feed(packet.encode_frame()) == [packet]


@given(st.binary(max_size=300))
def test_the_checksum_is_the_ones_complement(data: bytes) -> None:
    assert checksum(data) == ones_complement16(data)


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    framer = PacketFramer()
    framer.feed(data)
    DatagramFramer().feed(data)


def test_both_zeros_of_the_checksum_are_right() -> None:
    # code 2000 and session 63535 add up to 0xFFFF: the checksum is zero.
    payload = Packet(code=2000, session=63535).encode()
    assert payload[2:4] == b"\0\0"
    decode_packet(payload[:2] + b"\xff\xff" + payload[4:])


@pytest.mark.parametrize("vector", VECTORS["keys"])
def test_key_vectors(vector: dict[str, Any]) -> None:
    key, session = vector["key"], vector["session"]
    proof = bytes.fromhex(vector["proof"])
    assert scramble_key(key, session, vector["ticks"]) == proof
    assert proves_key(proof, key, session)
    assert not proves_key(proof, key + 1, session)
    assert not proves_key(b"", key, session)


@given(st.integers(0, 0xFFFFFFFF), words, st.integers(0, 255))
def test_a_proof_holds_for_its_key_and_session(
    key: int, session: int, ticks: int
) -> None:
    proof = scramble_key(key, session, ticks)
    assert proves_key(proof, key, session)


@pytest.mark.parametrize("vector", VECTORS["times"])
def test_time_vectors_both_ways(vector: dict[str, Any]) -> None:
    time = datetime.fromisoformat(vector["time"])
    number = bytes.fromhex(vector["hex"])
    assert encode_time(time).to_bytes(4, "little") == number
    assert read_time(number) == time
    event = bytes.fromhex(vector["event_hex"])
    assert encode_event_time(time) == event
    assert decode_event_time(event) == time


@given(moments)
def test_times_survive_the_way(time: datetime) -> None:
    assert decode_time(encode_time(time)) == time
    assert decode_event_time(encode_event_time(time)) == time


@given(st.integers(0, 0xFFFFFFFF))
def test_any_number_is_a_time_or_none(number: int) -> None:
    time = decode_time(number)
    assert time is None or encode_time(time) == number


def test_days_that_no_calendar_has() -> None:
    february_30 = (1 * 31 + 29) * 86_400
    assert decode_time(february_30) is None
    assert decode_time(0xFFFFFFFF) is None
    assert decode_event_time(bytes((26, 2, 30, 0, 0, 0))) is None
    assert decode_event_time(bytes((26, 0, 1, 0, 0, 0))) is None
    assert decode_event_time(bytes((200, 1, 1, 0, 0, 0))) is None
    assert read_time(b"\0\0") is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_in_either_encoding(encoding: str) -> None:
    assert decode_text("测试01".encode(encoding) + b"\0rubbish\xff") == "测试01"


def test_texts_are_cut_between_characters() -> None:
    assert encode_text("测试测", 8) == "测试".encode() + b"\0\0"
    assert encode_text("测试测", 5, "gb18030") == "测试".encode("gb18030") + b"\0"
    assert decode_text(b"\xff\xff\x00") != ""
    assert decode_text("測".encode("big5"), "big5") == "測"


@pytest.mark.parametrize("tail", [b"\0", b"", b"\0rest"])
def test_options(tail: bytes) -> None:
    assert decode_option(b"~Platform=ZEM760_TFT" + tail) == ("~Platform", "ZEM760_TFT")
    assert encode_option("a", "b") == b"a=b\0"


@given(st.builds(Sizes, users=words, records=words, records_max=words, faces=words))
def test_sizes_survive_the_way(sizes: Sizes) -> None:
    data = sizes.encode()
    assert len(data) == 92
    assert Sizes.decode(data) == sizes
    assert Sizes.decode(data[:80]).records == sizes.records


def test_sizes_stand_where_clocks_put_them() -> None:
    data = bytearray(92)
    for at, value in ((16, 5), (24, 6), (32, 7), (48, 1), (60, 300), (64, 900)):
        data[at : at + 4] = value.to_bytes(4, "little")
    assert Sizes.decode(bytes(data)) == Sizes(
        users=5, fingers=6, records=7, admins=1, users_max=300, records_max=900
    )
    with pytest.raises(ProtocolError):
        Sizes.decode(bytes(79))


def test_bulk_requests() -> None:
    log = bytes.fromhex("010d000000000000000000")
    users = bytes.fromhex("0109000500000000000000")
    templates = bytes.fromhex("0107000200000000000000")
    for request, data in (
        (LOG_REQUEST, log),
        (USERS_REQUEST, users),
        (TEMPLATES_REQUEST, templates),
    ):
        assert encode_buffer_request(*request) == data
        assert decode_buffer_request(data) == request
    assert len(encode_prepared(100_000)) == 13
    assert encode_prepared(258)[:9] == bytes.fromhex("000201000002010000")
    assert decode_chunk_request(bytes.fromhex("0a00000014000000")) == (10, 20)
    for short in (b"", bytes(7), b"\xff" * 8):
        with pytest.raises(ProtocolError):
            decode_chunk_request(short)
    with pytest.raises(ProtocolError):
        decode_buffer_request(b"")


def reply(number: int, code: int = Code.OK) -> Packet:
    return Packet(code=code, number=number)


def test_events_and_stale_replies_are_no_answer() -> None:
    replies = ReplyFilter()
    assert not replies.fits(reply(1))
    replies.sent(1)
    assert not replies.fits(reply(1, Code.REGISTER))
    assert replies.fits(reply(1))
    replies.sent(2)
    assert not replies.fits(reply(1))
    assert replies.fits(reply(2))


def test_a_clock_that_does_not_echo_numbers_is_believed() -> None:
    replies = ReplyFilter()
    replies.sent(5)
    assert replies.fits(reply(9))
    replies.sent(6)
    assert replies.fits(reply(5))
    zeros = ReplyFilter()
    zeros.sent(1)
    assert zeros.fits(reply(1))
    zeros.sent(2)
    assert zeros.fits(reply(0))
