from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ff68_vectors import BAD, CALL, FRAMES, MESSAGES, Vector

from devices.errors import MisuseError, ProtocolError
from devices.ff68.frames import (
    FUNC_SHOW,
    MAX_LENGTH,
    OVERHEAD,
    Dialect,
    Digits,
    Ff68Framer,
    Frame,
    Message,
    ShortAck,
    acknowledgement,
    beep,
    evaluator_address,
    is_rating,
    key_frame,
    rating_frame,
    unit_address,
)

IDS = [raw.hex() for raw, _ in MESSAGES]
NOISE = (b"", b"\x00", b"\xff", b"\x68", b"\xff\x68", b"\x16\x16", b"\xff\xff\x68\x68")

bytes_ = st.integers(0, 255)
frames = st.builds(
    Frame, bytes_, bytes_, st.binary(min_size=0, max_size=MAX_LENGTH - 2)
)
messages = st.one_of(frames, st.builds(ShortAck, bytes_))


def cut(data: bytes, *sizes: int) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def read(*chunks: bytes) -> list[Message]:
    framer = Ff68Framer()
    found = [message for chunk in chunks for message in framer.feed(chunk)]
    assert framer.pending == 0
    return found


@pytest.mark.parametrize(("raw", "message"), MESSAGES, ids=IDS)
def test_golden_frames_both_ways(raw: bytes, message: Message) -> None:
    assert message.encode() == raw
    framer = Ff68Framer()
    assert framer.feed(raw) == [message]
    assert (framer.errors, framer.skipped_bytes, framer.pending) == (0, 0, 0)


@pytest.mark.parametrize(("raw", "message"), MESSAGES, ids=IDS)
def test_split_at_every_byte(raw: bytes, message: Message) -> None:
    for at in range(1, len(raw)):
        assert read(raw[:at], raw[at:]) == [message]
    assert read(*(raw[i : i + 1] for i in range(len(raw)))) == [message]


def test_all_glued_and_byte_by_byte() -> None:
    line = b"".join(raw for raw, _ in MESSAGES)
    wanted = [message for _, message in MESSAGES]
    assert read(line) == wanted
    assert read(*(line[i : i + 1] for i in range(len(line)))) == wanted
    for size in range(2, 40):
        assert read(*cut(line, *[size] * (len(line) // size))) == wanted


@pytest.mark.parametrize("noise", NOISE, ids=lambda noise: noise.hex() or "none")
@pytest.mark.parametrize("vector", FRAMES, ids=lambda vector: vector.name)
def test_noise_around(vector: Vector, noise: bytes) -> None:
    framer = Ff68Framer()
    found = framer.feed(noise + vector.raw + noise + CALL.raw)
    assert found == [vector.frame, CALL.frame]
    assert framer.skipped_bytes == 2 * len(noise)
    assert framer.errors == (2 if noise else 0)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_frame_never_costs_the_next_one(bad: bytes) -> None:
    for good in FRAMES:
        framer = Ff68Framer()
        found = [m for i in bad for m in framer.feed(bytes((i,)))]
        assert found == []
        assert framer.feed(good.raw) == [good.frame]
        assert framer.errors == 1
        assert framer.skipped_bytes == len(bad)
        assert framer.last_error


def test_a_frame_that_does_not_go_on_is_given_up() -> None:
    framer = Ff68Framer()
    assert framer.feed(BAD["a head that promises much"]) == []
    assert framer.give_up() == []
    assert (framer.pending, framer.errors) == (0, 1)
    # A short acknowledgement within it is not lost.
    short = ShortAck(5)
    assert framer.feed(b"\xff\x68\x20\x20\x68" + short.encode()) == []
    assert framer.give_up() == [short]


@given(st.lists(messages, max_size=6), st.data())
def test_round_trip_in_any_portions(sent: list[Message], data: st.DataObject) -> None:
    line = b"".join(message.encode() for message in sent)
    sizes = data.draw(st.lists(st.integers(1, 12), max_size=20))
    assert read(*cut(line, *sizes)) == sent


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=10))
def test_any_bytes_keep_the_buffer_bounded(noise: bytes, sizes: list[int]) -> None:
    framer = Ff68Framer()
    for chunk in cut(noise, *sizes):
        framer.feed(chunk)
        assert framer.pending <= MAX_LENGTH + OVERHEAD
    framer.give_up()
    assert framer.feed(CALL.raw) == [CALL.frame]


def test_the_largest_frame() -> None:
    largest = Frame(1, 1, bytes(MAX_LENGTH - 2))
    assert read(largest.encode()) == [largest]
    with pytest.raises(MisuseError):
        Frame(1, 1, bytes(MAX_LENGTH - 1)).encode()
    with pytest.raises(MisuseError):
        Frame(256, 1).encode()


@pytest.mark.parametrize(
    "vector", [v for v in FRAMES if v.facts["way"] == "device"], ids=lambda v: v.name
)
def test_acknowledgements(vector: Vector) -> None:
    for dialect in Dialect:
        wanted = vector.facts.get(f"ack_{dialect}", vector.facts["hex"])
        ack = acknowledgement(vector.frame, dialect)
        assert ack.encode() == bytes.fromhex(wanted)


def test_an_ack_in_dialect_a_is_the_frame_with_func_01_and_a_sum_less_10h() -> None:
    frame = rating_frame(5, 3).encode()
    ack = acknowledgement(rating_frame(5, 3), Dialect.A).encode()
    assert ack[8] == frame[8] - 0x10
    assert ack[:6] + ack[7:8] == frame[:6] + frame[7:8]


def test_addresses_of_evaluators() -> None:
    assert evaluator_address(5, Dialect.A) == 5
    assert evaluator_address(5, Dialect.B) == 0x85
    for dialect in Dialect:
        rating = rating_frame(evaluator_address(5, dialect), 3)
        assert is_rating(rating)
        assert unit_address(rating, dialect) == 5
    # The bit belongs to evaluators alone.
    assert unit_address(key_frame(0x85, b"\x0c"), Dialect.B) == 0x85
    assert not is_rating(key_frame(5, b"\x0c"))
    assert not is_rating(ShortAck(5))


@pytest.mark.parametrize(
    "vector", [v for v in FRAMES if "waiting" in v.facts], ids=lambda v: v.name
)
def test_digits_both_ways(vector: Vector) -> None:
    digits = Digits(waiting=vector.facts["waiting"], ticket=vector.facts["ticket"])
    assert digits.frame(vector.frame.address) == vector.frame
    assert Digits.read(vector.frame) == digits


@pytest.mark.parametrize(
    ("waiting", "ticket", "shown"),
    [
        (3, "A001", ("003", "001")),
        (0, None, ("000", "")),
        (None, None, ("", "")),
        (None, "A1000", ("", "000")),
        (999, "7", ("999", "007")),
        (1000, "B12", ("999", "012")),
        (20, "无号", ("020", "")),
        (1, "A٣4", ("001", "004")),
    ],
)
def test_what_digits_show(
    waiting: int | None, ticket: str | None, shown: tuple[str, str]
) -> None:
    digits = Digits.of(waiting=waiting, ticket=ticket)
    assert (digits.waiting, digits.ticket) == shown
    assert Digits.read(digits.frame(1)) == digits


def test_what_shows_no_digits() -> None:
    for frame in (beep(1), Frame(1, FUNC_SHOW, b"\x01"), Frame(1, FUNC_SHOW, b"B" * 6)):
        with pytest.raises(ProtocolError):
            Digits.read(frame)
    with pytest.raises(MisuseError):
        Digits(waiting="12").frame(1)
