"""The SDT frames, in both directions and on bad lines."""

from __future__ import annotations

import json
from functools import reduce
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import MisuseError, ProtocolError
from devices.sdt.codes import Sw3
from devices.sdt.frames import (
    MAX_LENGTH,
    PREAMBLE,
    SET_BAUD,
    Answer,
    AnswerFramer,
    Command,
    Request,
    RequestFramer,
    SamId,
    answer,
    dump,
    find_answer,
    is_text,
    request,
    take_text,
    text_answer,
    wipe,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sdt.json").read_text(encoding="utf-8")
)
REQUESTS = [pytest.param(v, id=v["name"]) for v in VECTORS["requests"]]
ANSWERS = [pytest.param(v, id=v["name"]) for v in VECTORS["answers"]]
GLUED_ANSWERS = b"".join(bytes.fromhex(v["hex"]) for v in VECTORS["answers"])
TEXT = bytes(range(256))
PHOTO = bytes(1024)
DONE = answer(Sw3.OK).encode()


def _request(vector: dict[str, str]) -> Request:
    return request(Command[vector["command"]], bytes.fromhex(vector.get("data", "")))


def _answer(vector: dict[str, str]) -> Answer:
    data = bytearray.fromhex(vector.get("data", ""))
    return Answer(bytes.fromhex(vector["sw"]), data)


def test_the_table_of_commands_is_complete() -> None:
    named = {v["command"] for v in VECTORS["requests"]}
    speeds = {command.name for command in SET_BAUD.values()}
    assert named | speeds == {command.name for command in Command}
    assert [command.value[1] for command in SET_BAUD.values()] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("vector", REQUESTS)
def test_golden_requests_both_ways(vector: dict[str, str]) -> None:
    wire = bytes.fromhex(vector["hex"])
    assert _request(vector).encode() == wire
    assert RequestFramer().feed(wire) == [_request(vector)]
    assert RequestFramer().feed(wire)[0].command is Command[vector["command"]]


@pytest.mark.parametrize("vector", ANSWERS)
def test_golden_answers_both_ways(vector: dict[str, str]) -> None:
    wire = bytes.fromhex(vector["hex"])
    assert _answer(vector).encode() == wire
    assert AnswerFramer().feed(wire) == [_answer(vector)]


@pytest.mark.parametrize("vector", ANSWERS)
def test_an_answer_in_two_pieces_cut_anywhere(vector: dict[str, str]) -> None:
    wire = bytes.fromhex(vector["hex"])
    for cut in range(1, len(wire)):
        framer = AnswerFramer()
        assert framer.feed(wire[:cut]) == []
        assert framer.feed(wire[cut:]) == [_answer(vector)]
        assert framer.skipped_bytes == 0


def test_answers_glued_and_one_byte_at_a_time() -> None:
    wanted = [_answer(v) for v in VECTORS["answers"]]
    assert AnswerFramer().feed(GLUED_ANSWERS) == wanted
    framer = AnswerFramer()
    found = [a for byte in GLUED_ANSWERS for a in framer.feed(bytes((byte,)))]
    assert found == wanted
    assert framer.errors == 0


@pytest.mark.parametrize(
    ("noise", "what"),
    [
        (b"\xaa", "one AA more"),
        (b"\xaa\xaa\xaa\xaa", "four AA more"),
        (b"\x00\x00", "stray zeros"),
        (b"\xaa\xaa\xaa\x96\x68", "a wrong preamble"),
        (b"\xaa\xaa\x96\xaa\x00", "half a preamble"),
        (bytes.fromhex("AAAAAA9669FFFF"), "a length that cannot be"),
        (bytes.fromhex("AAAAAA96690003"), "a length too short for an answer"),
        (bytes.fromhex("AAAAAA9669000400008084")[:-1] + b"\x85", "a bad checksum"),
        (request(Command.FIND).encode(), "the echo of a request"),
    ],
)
def test_noise_before_and_between_answers_is_skipped(noise: bytes, what: str) -> None:
    for pieces in ([noise + DONE + noise + DONE], list(noise + DONE + noise + DONE)):
        framer = AnswerFramer()
        found = [
            a
            for piece in pieces
            for a in framer.feed(piece if isinstance(piece, bytes) else bytes((piece,)))
        ]
        assert found == [answer(Sw3.OK)] * 2, what
        assert framer.skipped_bytes == 2 * len(noise)


def test_a_line_may_eat_the_first_byte_of_a_preamble() -> None:
    assert AnswerFramer().feed(DONE[1:]) == [answer(Sw3.OK)]
    assert AnswerFramer().feed(DONE[2:] + DONE) == [answer(Sw3.OK)]


def test_a_bad_checksum_is_counted_and_no_frame() -> None:
    framer = RequestFramer()
    wire = bytearray(request(Command.FIND).encode())
    wire[-1] ^= 0xFF
    assert framer.feed(bytes(wire)) == []
    assert framer.bad_checksums == 1
    assert framer.errors == 1
    assert framer.feed(request(Command.FIND).encode()) == [request(Command.FIND)]


def test_every_single_changed_bit_is_noticed() -> None:
    wire = find_answer().encode()
    for place in range(len(PREAMBLE), len(wire)):
        for bit in range(8):
            spoiled = bytearray(wire)
            spoiled[place] ^= 1 << bit
            framer = AnswerFramer()
            assert framer.feed(bytes(spoiled)) == []


def test_the_longest_length_is_taken_and_one_more_is_not() -> None:
    longest = answer(Sw3.OK, bytes(MAX_LENGTH - 4)).encode()
    assert len(AnswerFramer().feed(longest)[0].data) == MAX_LENGTH - 4
    too_long = answer(Sw3.OK, bytes(MAX_LENGTH - 3)).encode()
    framer = AnswerFramer()
    assert framer.feed(too_long) == []
    assert framer.feed(DONE) == [answer(Sw3.OK)]
    assert framer.pending == 0


def test_an_unknown_command_is_a_request_all_the_same() -> None:
    found = RequestFramer().feed(Request(b"\x77\x01").encode())[0]
    assert found.command is None
    assert str(found) == "77 01"


def test_the_content_of_a_card_has_1295_bytes() -> None:
    wire = text_answer(TEXT, PHOTO).encode()
    assert len(wire) == VECTORS["text"]["size"]
    assert wire.startswith(bytes.fromhex(VECTORS["text"]["head"]))
    assert wire[14:270] == TEXT
    assert wire[-1] == reduce(lambda a, b: a ^ b, wire[5:-1])
    assert take_text(AnswerFramer().feed(wire)[0]) == TEXT


@pytest.mark.parametrize(
    ("size", "length", "total"),
    [(1024, "090A", 2321), (512, "070A", 1809), (0, "050A", 1297)],
)
def test_content_with_fingerprints_has_the_sizes_of_the_manual(
    size: int, length: str, total: int
) -> None:
    wire = text_answer(TEXT, PHOTO, bytes(size)).encode()
    assert wire[5:7].hex().upper() == length
    assert len(wire) == total


@pytest.mark.parametrize("cut", [4, 4 + 256, 4 + 256 + 1023])
def test_content_of_impossible_sizes_is_the_readers_fault(cut: int) -> None:
    short = answer(Sw3.OK, bytes(text_answer(TEXT, PHOTO).data[:cut]))
    assert not is_text(short)
    with pytest.raises(ProtocolError, match="parts that cannot be"):
        take_text(short)


def test_a_text_block_of_another_size_is_our_mistake() -> None:
    with pytest.raises(MisuseError):
        text_answer(TEXT[:-1], PHOTO)


def test_the_sam_id_as_vendors_print_it_and_masked() -> None:
    data = bytes.fromhex(VECTORS["sam_id"]["data"])
    found = SamId.decode(data)
    assert str(found) == VECTORS["sam_id"]["text"]
    assert found.encode() == data
    assert found.masked == "05.01-********-**********-******7890"
    with pytest.raises(ProtocolError, match="16 bytes"):
        SamId.decode(data[:-1])


def test_what_passed_through_leaves_no_trace_in_the_framer() -> None:
    framer = AnswerFramer()
    wire = text_answer(TEXT, PHOTO).encode()
    framer.feed(wire[:-1])
    kept = framer._buffer
    framer.reset()
    assert bytes(kept) == b""
    found = framer.feed(wire)[0]
    assert "bytearray" not in repr(found)
    found.wipe()
    assert not any(found.data)


def test_wiping_reaches_only_as_far_as_told() -> None:
    buffer = bytearray(b"abcd")
    wipe(buffer, 2)
    assert buffer == b"\0\0cd"
    wipe(buffer, 99)
    assert buffer == bytes(4)


def test_dumps_hide_all_data() -> None:
    shown = dump(text_answer(TEXT, PHOTO).encode())
    assert shown == "AA AA AA 96 69 05 08 00 00 90 <1285 bytes not shown>"
    assert dump(answer(Sw3.OK, b"ABCDEFGH").encode()).endswith("<9 bytes not shown>")
    assert dump(DONE) == "AA AA AA 96 69 00 04 00 00 90 94"
    assert str(text_answer(TEXT, PHOTO)) == "00 00 90 and 1284 bytes"


@given(
    sw=st.binary(min_size=3, max_size=3),
    data=st.binary(max_size=400),
    noise=st.binary(max_size=8).filter(lambda b: b"\xaa" not in b),
    cuts=st.lists(st.integers(0, 430), max_size=6),
)
def test_any_answer_survives_noise_and_cutting(
    sw: bytes, data: bytes, noise: bytes, cuts: list[int]
) -> None:
    sent = Answer(sw, bytearray(data))
    wire = noise + sent.encode()
    framer = AnswerFramer()
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    found = [a for start, end in pairwise(edges) for a in framer.feed(wire[start:end])]
    assert found == [sent]


@given(code=st.binary(min_size=2, max_size=2), data=st.binary(max_size=64))
def test_any_request_round_trips(code: bytes, data: bytes) -> None:
    sent = Request(code, data)
    assert RequestFramer().feed(sent.encode()) == [sent]


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_garbage_is_survived_and_bounded(pieces: list[bytes]) -> None:
    framer = AnswerFramer()
    for piece in pieces:
        framer.feed(piece)
        assert framer.pending <= framer.max_frame
    framer.reset()
    assert framer.feed(DONE) == [answer(Sw3.OK)]
