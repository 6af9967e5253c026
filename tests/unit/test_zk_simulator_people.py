"""Users, fingers and their enrolment at a simulated clock."""

from __future__ import annotations

import struct

import pytest
from support.clock_wire import Wire, act, codes, connected, packets
from support.clocks import UDP, clock_entry, simulated_clock

from devices.zk.packets import Code, EventMask
from devices.zk.templates import (
    FingerTemplate,
    UserUpload,
    decode_one,
    decode_templates,
    encode_place,
    encode_upload,
    encode_write_request,
)
from devices.zk.users import ClockUser, UserLayout, decode_users, encode_user
from devices.zk.values import TEMPLATES_REQUEST, encode_buffer_request
from simulators.zk.people import USERS_MAX
from simulators.zk.simulator import ZkClock

NEW = ClockUser(uid=9, user_id="1009", name="证件样本", privilege=14)


def operations(clock: ZkClock) -> list[tuple[int, int]]:
    return [(each.number, each.values[0]) for each in clock.memory.operations]


def users(wire: Wire) -> dict[int, ClockUser]:
    data = wire.ask(Code.USERS_READ, b"\x05")[1].data
    return {user.uid: user for user in decode_users(data)}


def templates(wire: Wire) -> list[FingerTemplate]:
    request = encode_buffer_request(*TEMPLATES_REQUEST)
    return list(decode_templates(wire.ask(Code.BUFFER_PREPARE, request)[0].data))


@pytest.mark.parametrize("size", [40, 16])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_user_is_written_changed_and_deleted(size: int, encoding: str) -> None:
    clock = simulated_clock(record_size=size, users=1)
    wire = connected(clock)
    layout = clock.memory.people.layout
    row = encode_user(NEW, layout, encoding=encoding)
    assert wire.says(Code.USER_WRITE, row) == [Code.OK]
    found = users(wire)[9]
    assert found.name == ("证件样本" if layout is UserLayout.NEW else found.name)
    assert found.raw_name == row[8 if size == 16 else 11 :][: len(found.raw_name)]
    assert (wire.sizes().users, wire.sizes().admins) == (2, 2)
    assert wire.says(Code.USER_WRITE, row) == [Code.OK]
    assert wire.says(Code.USER_DELETE, b"\x09\x00") == [Code.OK]
    assert wire.says(Code.USER_DELETE, b"\x09\x00") == [Code.ERROR]
    assert wire.says(Code.REFRESH_DATA) == [Code.OK]
    assert (wire.sizes().users, wire.sizes().operations) == (1, 3)
    assert operations(clock) == [(30, 9), (36, 9), (9, 9)]


def test_users_that_a_clock_refuses() -> None:
    clock = simulated_clock(users=2)
    wire = connected(clock)
    taken = ClockUser(uid=9, user_id="1002")
    nobody = ClockUser(uid=0, user_id="1009")
    for user in (taken, nobody):
        row = encode_user(user, UserLayout.NEW)
        assert wire.says(Code.USER_WRITE, row) == [Code.ERROR]
    short = encode_user(NEW, UserLayout.OLD)
    assert wire.says(Code.USER_WRITE, short) == [Code.ERROR]
    full = connected(simulated_clock(users=USERS_MAX))
    last = ClockUser(uid=USERS_MAX + 1, user_id="9")
    row = encode_user(last, UserLayout.NEW)
    assert full.says(Code.USER_WRITE, row) == [Code.ERROR]
    assert operations(clock) == []


def test_a_user_leaves_with_their_fingers() -> None:
    clock = simulated_clock(users=2, fingers=2)
    wire = connected(clock)
    assert wire.sizes().fingers == 4
    assert wire.says(Code.USER_DELETE, b"\x01\x00") == [Code.OK]
    assert {place[0] for place in clock.memory.people.templates} == {2}
    assert wire.sizes().fingers == 2


@pytest.mark.parametrize("command", [Code.TEMPLATE_ONE, Code.USERS_READ])
@pytest.mark.parametrize("small", [0, 1016])
def test_one_finger_is_read(command: int, small: int) -> None:
    clock = simulated_clock(users=1, small_bytes=small)
    wire = connected(clock)
    kept = FingerTemplate(uid=1, finger=3, data=b"specimen", flag=3)
    clock.memory.people.enroll(kept)
    answers = wire.ask(command, encode_place(1, 3))
    bulk = [Code.PREPARE, Code.DATA, Code.OK]
    assert codes(answers) == ([Code.DATA] if small else bulk)
    data = answers[0].data if small else answers[1].data
    assert decode_one(data, uid=1, finger=3) == kept
    assert wire.says(command, encode_place(1, 4)) == [Code.ERROR]
    assert wire.says(Code.TEMPLATE_ONE) == [Code.ERROR]


def test_fingers_are_deleted_one_by_one_or_all() -> None:
    clock = simulated_clock(users=2, fingers=3)
    wire = connected(clock)
    assert wire.says(Code.TEMPLATE_DELETE, encode_place(1, 0)) == [Code.OK]
    assert wire.says(Code.TEMPLATE_DELETE, encode_place(1, 0)) == [Code.ERROR]
    assert wire.sizes().fingers == 5
    by_id = b"1002".ljust(24, b"\0")
    assert wire.says(Code.TEMPLATE_DELETE_BY_ID, by_id + b"\x01") == [Code.OK]
    assert wire.says(Code.TEMPLATE_DELETE_BY_ID, by_id + b"\x0d") == [Code.OK]
    assert wire.says(Code.TEMPLATE_DELETE_BY_ID, by_id + b"\x0d") == [Code.ERROR]
    assert [one.uid for one in clock.memory.people.table()] == [1, 1]
    assert [number for number, _ in operations(clock)] == [10, 10, 10]


@pytest.mark.parametrize("layout", list(UserLayout))
def test_people_are_uploaded_with_fingers(layout: UserLayout) -> None:
    clock = simulated_clock(record_size=40 if layout is UserLayout.NEW else 16)
    wire = connected(clock)
    finger = FingerTemplate(uid=9, finger=6, data=b"specimen" * 200)
    wire.upload(encode_upload([UserUpload(user=NEW, fingers=[finger])], layout))
    assert wire.says(Code.TEMPLATES_WRITE) == [Code.OK]
    assert clock.memory.users[9].user_id == "1009"
    assert clock.memory.people.table() == [finger]
    assert operations(clock) == [(30, 9), (6, 9)]
    clock.memory.people.templates.clear()
    wire.upload(finger.data)
    assert len(wire.ask(Code.UPLOAD_CHECKSUM)[0].data) == 4
    assert wire.says(Code.TEMPLATE_WRITE, encode_write_request(finger)) == [Code.OK]
    assert clock.memory.people.table() == [finger]
    clock.memory.people.delete_fingers(9, None)
    assert templates(wire) == []


def test_a_datagram_sent_again_is_not_uploaded_twice() -> None:
    clock = simulated_clock(clock_entry(UDP))
    wire = connected(clock, datagrams=True)
    data = encode_upload([UserUpload(user=NEW)], UserLayout.NEW)
    wire.ask(Code.PREPARE, len(data).to_bytes(4, "little"))
    piece = wire.packet(Code.DATA, data)
    assert codes(wire.pass_on(piece) + wire.pass_on(piece)) == [Code.OK] * 2
    assert wire.says(Code.TEMPLATES_WRITE) == [Code.OK]
    assert 9 in clock.memory.users


def test_uploads_that_do_not_fit_change_nothing() -> None:
    clock = simulated_clock(users=1)
    wire = connected(clock)
    stranger = FingerTemplate(uid=7, finger=1, data=b"x")
    assert wire.says(Code.PREPARE, bytes(4)) == [Code.ERROR]
    assert wire.says(Code.PREPARE, b"\xff" * 4) == [Code.ERROR]
    wire.upload(b"abc")
    assert wire.says(Code.DATA, b"d") == [Code.ERROR]
    assert wire.says(Code.TEMPLATES_WRITE) == [Code.ERROR]
    request = encode_write_request(stranger)
    assert wire.says(Code.TEMPLATE_WRITE, request) == [Code.ERROR]
    assert wire.ask(Code.PREPARE, b"\x64\0\0\0")[0].code == Code.OK
    assert wire.says(Code.TEMPLATES_WRITE) == [Code.ERROR]
    taken = UserUpload(user=ClockUser(uid=5, user_id="1001"))
    wire.upload(encode_upload([taken], UserLayout.NEW))
    assert wire.says(Code.TEMPLATES_WRITE) == [Code.ERROR]
    assert (list(clock.memory.users), clock.memory.operations) == ([1], [])


BY_TEXT = struct.pack("<24sBB", b"1002", 4, 1)
BY_NUMBER = struct.pack("<IB", 1002, 4)
BY_SLOT = struct.pack("<HB", 2, 4)


@pytest.mark.parametrize("request_data", [BY_TEXT, BY_NUMBER, BY_SLOT])
def test_three_presses_enroll_a_finger(request_data: bytes) -> None:
    clock = simulated_clock()
    wire, other = connected(clock), connected(clock, 2)
    assert wire.says(Code.CANCEL_CAPTURE) == [Code.OK]
    assert wire.says(Code.ENROLL, request_data) == [Code.OK]
    assert other.says(Code.ENROLL, request_data) == [Code.ERROR]
    assert clock.view()["enrolling"]
    told = [packets(act(clock, "press")) for _ in range(3)]
    sample = [EventMask.FINGER, EventMask.SCORE]
    assert [[each.session for each in events] for events in told] == [
        sample,
        sample,
        [*sample, EventMask.ENROLL_FINGER],
    ]
    (finger,) = clock.memory.people.table()
    result, size, user_id, place = struct.unpack("<HH9sB", told[2][2].data)
    assert (result, size, place) == (0, len(finger.data), 4)
    assert (user_id.rstrip(b"\0"), finger.uid, finger.finger) == (b"1002", 2, 4)
    assert not clock.view()["enrolling"]
    assert operations(clock) == [(6, 2)]
    assert wire.says(Code.ENROLL, request_data) == [Code.ERROR]


def test_an_enrolment_ends_by_a_bad_press_a_cancel_or_a_cable() -> None:
    clock = simulated_clock()
    wire = connected(clock)
    wire.ask(Code.ENROLL, BY_SLOT)
    events = packets(act(clock, "press", good=False))
    assert (events[1].data, events[2].data) == (b"\0\0", b"\x04\0")
    wire.ask(Code.ENROLL, BY_SLOT)
    wire.ask(Code.CANCEL_CAPTURE)
    assert act(clock, "press") == []
    wire.ask(Code.ENROLL, BY_SLOT)
    clock.disconnected(1)
    assert not clock.view()["enrolling"]
    assert clock.memory.people.table() == []


@pytest.mark.parametrize(
    "request_data",
    [b"", b"\x01", struct.pack("<HB", 99, 1), struct.pack("<HB", 1, 10)],
)
def test_nobodys_finger_is_not_enrolled(request_data: bytes) -> None:
    assert connected(simulated_clock()).says(Code.ENROLL, request_data) == [Code.ERROR]
