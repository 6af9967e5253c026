from __future__ import annotations

from datetime import timedelta

import pytest
from support.clock_wire import LIVE, NOW, Wire, act, codes, connected, packets
from support.clocks import DAY, UDP, clock_entry, fill, simulated_clock

from devices.errors import MisuseError
from devices.zk.packets import Code, scramble_key
from devices.zk.values import encode_buffer_request


def test_nothing_works_before_the_key() -> None:
    wire = Wire(simulated_clock(clock_entry(comm_key=99)))
    assert codes(wire.ask(Code.SIZES)) == [Code.UNAUTHORIZED]
    assert codes(wire.connect()) == [Code.UNAUTHORIZED]
    assert wire.id
    assert codes(wire.ask(Code.SIZES)) == [Code.UNAUTHORIZED]
    wrong = scramble_key(98, wire.id)
    assert codes(wire.ask(Code.AUTH, wrong)) == [Code.UNAUTHORIZED]
    assert codes(wire.ask(Code.AUTH, scramble_key(99, wire.id, 7))) == [Code.OK]
    assert codes(wire.ask(Code.SIZES)) == [Code.OK]


def test_a_reply_has_the_requests_number() -> None:
    wire = Wire(simulated_clock())
    wire.number = 0xFFFE
    assert wire.connect()[0].number == 0xFFFF


@pytest.mark.parametrize("strict", [True, False])
def test_a_bad_checksum_is_dropped_by_a_strict_clock(*, strict: bool) -> None:
    wire = Wire(simulated_clock(strict=strict))
    frame = bytearray(wire.packet(Code.CONNECT).encode_frame())
    frame[10] ^= 1
    assert len(wire.send(bytes(frame))) == (0 if strict else 1)


def test_glued_split_and_pipelined_requests() -> None:
    wire = Wire(simulated_clock())
    stream = b"".join(
        wire.packet(code).encode_frame()
        for code in (Code.CONNECT, Code.VERSION, Code.SIZES)
    )
    answers = [out for at in stream for out in wire.send(bytes([at]))]
    assert codes(packets(answers)) == [Code.OK] * 3
    assert codes(packets(wire.send(stream))) == [Code.OK] * 3


def test_an_acknowledgement_is_not_answered() -> None:
    wire = Wire(simulated_clock())
    wire.connect()
    assert wire.ask(Code.OK) == []


def test_pyzks_odd_commands_after_an_error_get_a_reply_each() -> None:
    wire = Wire(simulated_clock())
    wire.connect()
    assert codes(wire.ask(Code.OPTION_READ, b"~ExtendFmt\0")) == [Code.ERROR]
    for code in (Code.ERROR, Code.UNKNOWN, Code.UNKNOWN, Code.UNKNOWN):
        assert len(wire.ask(code)) == 1
    assert codes(wire.ask(777)) == [Code.UNKNOWN]


def test_options_are_written_and_read() -> None:
    wire = Wire(simulated_clock())
    wire.connect()
    assert codes(wire.ask(Code.OPTION_WRITE, b"SDKBuild=1")) == [Code.OK]
    (answer,) = wire.ask(Code.OPTION_READ, b"SDKBuild")
    assert answer.data == b"SDKBuild=1\0"


def test_a_large_table_comes_in_chunks_with_gaps() -> None:
    clock = simulated_clock(gap_ms=30)
    fill(clock, 100)
    wire = Wire(clock)
    wire.connect()
    (ready,) = wire.ask(Code.BUFFER_PREPARE, encode_buffer_request(Code.LOG_READ))
    assert (ready.code, len(ready.data)) == (Code.OK, 13)
    size = int.from_bytes(ready.data[1:5], "little")
    assert size == 4004
    request = bytes(4) + size.to_bytes(4, "little")
    two = wire.packet(Code.BUFFER_READ, request), wire.packet(Code.BUFFER_READ, request)
    outputs = wire.send(b"".join(packet.encode_frame() for packet in two))
    answers = packets(outputs)
    assert codes(answers) == [Code.PREPARE, Code.DATA, Code.OK] * 2
    assert [one.number for one in answers] == [two[0].number] * 3 + [two[1].number] * 3
    assert len(answers[0].data) == 8
    delays = [output.after_s for output in outputs]
    assert delays == pytest.approx([0, 0.03, 0.06, 0.06, 0.09, 0.12])
    too_far = (4000).to_bytes(4, "little") + (100).to_bytes(4, "little")
    assert codes(wire.ask(Code.BUFFER_READ, too_far)) == [Code.ERROR]
    assert codes(wire.ask(Code.FREE)) == [Code.OK]


def test_a_small_table_comes_at_once_and_a_direct_read_in_pieces() -> None:
    clock = simulated_clock()
    fill(clock, 2)
    wire = Wire(clock)
    wire.connect()
    (small,) = wire.ask(Code.BUFFER_PREPARE, encode_buffer_request(Code.LOG_READ))
    assert (small.code, len(small.data)) == (Code.DATA, 84)
    direct = wire.ask(Code.LOG_READ)
    assert codes(direct) == [Code.PREPARE, Code.DATA, Code.OK]
    assert direct[1].data == small.data
    empty = encode_buffer_request(Code.TEMPLATE_READ, 2)
    assert wire.ask(Code.BUFFER_PREPARE, empty)[0].data == bytes(4)


def test_datagrams_are_told_from_a_stream() -> None:
    wire = Wire(simulated_clock(clock_entry(UDP)))
    (answer,) = wire.send(wire.packet(Code.CONNECT).encode())
    assert answer.data[:2] == int(Code.OK).to_bytes(2, "little")
    assert wire.send(b"noise") == []


def test_a_punch_goes_to_every_registered_session() -> None:
    clock = simulated_clock()
    wires = [Wire(clock, session) for session in (1, 2, 3)]
    for wire in wires:
        wire.connect()
    assert act(clock, "punch", user_id="1001") == []
    for wire in wires[:2]:
        wire.ask(Code.REGISTER, LIVE)
    outputs = act(clock, "punch", user_id=1001, direction="out")
    assert [output.session for output in outputs] == [1, 2]
    (event,) = packets(outputs[:1])
    assert (event.code, event.session, event.number) == (Code.REGISTER, 1, 0)
    assert act(clock, "tamper") == []
    clock.powercycle(NOW)
    assert act(clock, "punch", user_id="1001") == []
    assert clock.view()["records"] == 3


def test_who_cannot_punch() -> None:
    for user_id in ("0", "", "a b", "名"):
        with pytest.raises((MisuseError, ValueError)):
            act(simulated_clock(), "punch", user_id=user_id)
    with pytest.raises(MisuseError, match="numbers only"):
        act(simulated_clock(record_size=16), "punch", user_id="A1")
    with pytest.raises(MisuseError, match="own list"):
        act(simulated_clock(record_size=8), "punch", user_id="4711")


def test_times_are_the_halls() -> None:
    clock = simulated_clock(drift_s=60)
    act(clock, "punch", user_id="1001")
    act(clock, "punch", user_id="1001", time="2026-03-02T00:30:00Z")
    act(clock, "punch", user_id="1001", time="2026-03-02T08:45:00")
    assert [punch["time"] for punch in clock.view()["punches"]] == [
        (DAY + timedelta(minutes=1)).isoformat(),
        DAY.isoformat(),
        (DAY + timedelta(minutes=15)).isoformat(),
    ]


@pytest.mark.parametrize("acks", [True, False])
def test_a_restart_ends_the_session(*, acks: bool) -> None:
    wire = Wire(simulated_clock(restart_acks=acks))
    wire.connect()
    assert codes(wire.ask(Code.RESTART)) == ([Code.OK] if acks else [])
    assert codes(wire.ask(Code.SIZES)) == [Code.UNAUTHORIZED]


def test_a_clock_may_refuse_a_second_session() -> None:
    clock = simulated_clock(max_sessions=1)
    one, two = Wire(clock, 1), Wire(clock, 2)
    assert codes(one.connect()) == [Code.OK]
    assert codes(two.connect()) == [Code.ERROR]
    one.ask(Code.EXIT)
    assert codes(two.connect()) == [Code.OK]


def test_the_view_shows_specimens() -> None:
    clock = simulated_clock(users=2)
    view = clock.view()
    assert view["users"] == [
        {"user_id": "1001", "name": "测试01"},
        {"user_id": "1002", "name": "测试02"},
    ]
    assert (view["serial"], view["sessions"], view["live"]) == ("SPECIMEN1", 0, 0)


def test_only_so_many_may_listen() -> None:
    clock = simulated_clock(max_live=1)
    one, two = connected(clock, 1), connected(clock, 2)
    assert one.says(Code.REGISTER, LIVE) == [Code.OK]
    assert two.says(Code.REGISTER, LIVE) == [Code.ERROR]
    assert two.says(Code.SIZES) == [Code.OK]
    assert one.says(Code.REGISTER, bytes(4)) == [Code.OK]
    assert two.says(Code.REGISTER, LIVE) == [Code.OK]
    assert two.says(Code.REGISTER, LIVE) == [Code.OK]


def test_live_and_commands_may_refuse_each_other() -> None:
    clock = simulated_clock(exclusive_live=True)
    live, commands = connected(clock, 1), Wire(clock, 2)
    assert live.says(Code.REGISTER, LIVE) == [Code.OK]
    assert codes(commands.connect()) == [Code.ERROR]
    clock.disconnected(1)
    assert codes(commands.connect()) == [Code.OK]
    again = connected(clock, 1)
    assert again.says(Code.REGISTER, LIVE) == [Code.ERROR]
    assert commands.says(Code.EXIT) == [Code.OK]
    assert again.says(Code.REGISTER, LIVE) == [Code.OK]


def test_a_chunk_that_lost_a_datagram_is_given_again() -> None:
    clock = simulated_clock(clock_entry(UDP))
    fill(clock, 100)
    wire = connected(clock, datagrams=True)
    request = encode_buffer_request(Code.LOG_READ)
    size = int.from_bytes(wire.ask(Code.BUFFER_PREPARE, request)[0].data[1:5], "little")
    chunk = wire.packet(Code.BUFFER_READ, bytes(4) + size.to_bytes(4, "little"))
    first, again = wire.pass_on(chunk), wire.pass_on(chunk)
    assert first == again
    assert codes(first) == [Code.PREPARE, *[Code.DATA] * 4, Code.OK]
    assert max(len(packet.data) for packet in first) == 1024
    assert b"".join(packet.data for packet in first[1:-1]) == clock.memory.table(
        Code.LOG_READ
    )


def test_a_flood_of_datagrams_takes_breath() -> None:
    clock = simulated_clock(clock_entry(UDP))
    fill(clock, 1000)
    wire = connected(clock, datagrams=True)
    outputs = wire.send(wire.packet(Code.LOG_READ).encode())
    waits = {round(output.after_s, 3) for output in outputs}
    assert len(outputs) == 42
    assert waits == {0.0, 0.005, 0.010}
