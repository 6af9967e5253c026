"""Templates, uploads, operator log and written users of the clocks' protocol."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zk.finger import Finger
from zk.user import User

from devices.errors import ProtocolError
from devices.zk.operations_log import (
    ClockOperation,
    decode_operation,
    decode_operations,
    encode_operation,
    encode_operations,
)
from devices.zk.templates import (
    DURESS,
    FingerTemplate,
    UserUpload,
    decode_one,
    decode_place,
    decode_templates,
    decode_upload,
    decode_write_request,
    encode_one,
    encode_place,
    encode_templates,
    encode_upload,
    encode_write_request,
    moved,
)
from devices.zk.users import (
    ClockUser,
    UserLayout,
    decode_user,
    encode_user,
    kept_name,
    privilege_of,
    refusal,
)
from devices.zk.values import decode_time

LAYOUTS = list(UserLayout)
OPERATION = bytes.fromhex("0100 1500 6bb36823 0000 e207 0600 1900")
"""Slot 1 set the time: 2018-06-25 17:50:35, by the public row format."""

slots = st.integers(1, 0xFFFE)
templates = st.builds(
    FingerTemplate,
    uid=slots,
    finger=st.integers(0, 9),
    flag=st.sampled_from([1, DURESS]),
    data=st.binary(max_size=40),
)
operations = st.builds(
    ClockOperation,
    number=st.integers(0, 255),
    operator=st.integers(0, 0xFFFF),
    time=st.integers(0, 10**9).map(decode_time),
    values=st.tuples(*[st.integers(0, 0xFFFF)] * 4),
)


def person(uid: int = 7, user_id: str = "1007", **more: Any) -> ClockUser:
    return ClockUser(uid=uid, user_id=user_id, name="测试", **more)


def test_an_operation_of_the_public_format() -> None:
    row = decode_operation(OPERATION)
    assert (row.operator, row.number, row.values) == (1, 21, (0, 2018, 6, 25))
    assert row.time is not None
    assert row.time.isoformat() == "2018-06-25T17:50:35"
    assert (row.raw, encode_operation(row)) == (OPERATION, OPERATION)


@given(st.lists(operations, max_size=6))
def test_operator_logs_survive(rows: list[ClockOperation]) -> None:
    read = decode_operations(encode_operations(rows))
    assert [(r.number, r.operator, r.time, r.values) for r in read] == [
        (r.number, r.operator, r.time, r.values) for r in rows
    ]


def test_an_operation_without_a_possible_time_keeps_its_bytes() -> None:
    raw = OPERATION[:4] + b"\xff" * 4 + OPERATION[8:]
    (row,) = decode_operations(pack("<I", 16) + raw)
    assert (row.time, row.raw, encode_operation(row)) == (None, raw, raw)


@pytest.mark.parametrize("body", [b"\0" * 15, b"\0" * 17, b"\0" * 40])
def test_rows_of_another_size_are_no_operator_log(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="rows of 16"):
        decode_operations(pack("<I", len(body)) + body)
    with pytest.raises(ProtocolError, match="announced"):
        decode_operations(pack("<I", 999) + body)
    with pytest.raises(ProtocolError, match="16 bytes, not 3"):
        decode_operation(b"abc")


@given(st.lists(templates, max_size=6))
def test_template_tables_survive(table: list[FingerTemplate]) -> None:
    assert decode_templates(encode_templates(table)) == table


def test_a_template_is_what_pyzk_packs() -> None:
    finger = Finger(7, 3, 1, b"specimen")
    mine = FingerTemplate(uid=7, finger=3, data=b"specimen")
    assert encode_templates([mine])[4:] == finger.repack()


def test_every_cut_of_a_template_table_is_refused() -> None:
    body = encode_templates([FingerTemplate(uid=1, finger=2, data=b"abcdef")])[4:]
    for size in range(1, len(body)):
        with pytest.raises(ProtocolError):
            decode_templates(pack("<I", size) + body[:size])
    for wrong in (0, 5, 99):
        spoiled = pack("<H", wrong) + body[2:]
        with pytest.raises(ProtocolError, match="entry of"):
            decode_templates(pack("<I", len(spoiled)) + spoiled)


def test_one_template_and_whose() -> None:
    one = FingerTemplate(uid=300, finger=9, flag=DURESS, data=b"abc")
    assert decode_one(encode_one(one), uid=300, finger=9) == one
    padded = b"abc" + bytes(6) + b"\x03"
    assert decode_one(padded, uid=300, finger=9) == one
    assert decode_place(encode_place(300, 9)) == (300, 9)
    assert decode_place(b"\x01\x00") == (1, None)
    with pytest.raises(ProtocolError):
        decode_place(b"\x01")
    with pytest.raises(ProtocolError):
        decode_one(b"", uid=1, finger=1)
    request = encode_write_request(one)
    assert decode_write_request(request, b"abcdef") == one
    for bad, uploaded in ((request, b"ab"), (request[:5], b"abc")):
        with pytest.raises(ProtocolError):
            decode_write_request(bad, uploaded)
    assert moved(one, 4).uid == 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_upload_is_what_pyzk_packs(layout: UserLayout) -> None:
    user = User(7, "测试", 14, "1234", "1", "1007", card=5)
    fingers = [Finger(7, 0, 1, b"first"), Finger(7, 6, 1, b"other one")]
    row = user.repack29() if layout is UserLayout.OLD else user.repack73()
    table = pack("<bHbI", 2, 7, 0x10, 0) + pack("<bHbI", 2, 7, 0x16, 7)
    packed = b"".join(finger.repack_only() for finger in fingers)
    raw = pack("<III", len(row), len(table), len(packed)) + row + table + packed
    other = next(each for each in LAYOUTS if each is not layout)
    for known in (layout, other):
        (upload,) = decode_upload(raw, known)
        assert (upload.user.user_id, upload.user.name) == ("1007", "测试")
        assert (upload.user.privilege, upload.user.card) == (14, 5)
        assert [(f.finger, f.flag, f.data) for f in upload.fingers] == [
            (0, 1, b"first"),
            (6, 1, b"other one"),
        ]
    mine = encode_upload([upload], layout)
    assert (len(mine), decode_upload(mine, layout)) == (len(raw), [upload])


def test_an_upload_of_several_people() -> None:
    people = [
        UserUpload(user=person(uid, str(1000 + uid)), fingers=[finger])
        for uid in (1, 2)
        for finger in [FingerTemplate(uid=uid, finger=uid, flag=DURESS, data=b"x")]
    ]
    read = decode_upload(encode_upload(people, UserLayout.NEW), UserLayout.NEW)
    assert [each.fingers for each in read] == [each.fingers for each in people]
    assert [each.user.user_id for each in read] == ["1001", "1002"]


def test_every_cut_of_an_upload_is_refused() -> None:
    finger = FingerTemplate(uid=7, finger=1, data=b"abc")
    whole = encode_upload([UserUpload(user=person(), fingers=[finger])], UserLayout.OLD)
    for size in range(len(whole)):
        with pytest.raises(ProtocolError):
            decode_upload(whole[:size], UserLayout.OLD)
    lengths = [(0, 8, 0), (29, 7, 0), (29, 8, 0), (29, 8, 3), (28, 0, 0)]
    for users, index, fingers in lengths:
        spoiled = pack("<III", users, index, fingers) + whole[12 : 12 + users]
        spoiled += whole[41 : 41 + index] + whole[49 : 49 + fingers]
        with pytest.raises(ProtocolError):
            decode_upload(spoiled, UserLayout.OLD)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("layout", LAYOUTS)
@given(name=st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)))
def test_names_are_cut_between_characters(
    name: str, layout: UserLayout, encoding: str
) -> None:
    kept = kept_name(name, layout, encoding=encoding)
    assert name.startswith(kept)
    row = encode_user(
        ClockUser(uid=1, user_id="1001", name=name), layout, encoding=encoding
    )
    read = decode_user(row, encoding=encoding)
    assert read is not None
    assert read.name == kept
    if kept != name:
        assert len(name[: len(kept) + 1].encode(encoding)) > layout.name_bytes


def test_a_raw_name_that_is_too_long_is_not_cut_inside_a_character() -> None:
    user = ClockUser(uid=1, user_id="1001", name="测试员", raw_name="测试员".encode())
    read = decode_user(encode_user(user, UserLayout.OLD))
    assert read is not None
    assert read.name == "测试"


@pytest.mark.parametrize(
    ("user", "layout", "reason"),
    [
        (person(), UserLayout.NEW, ""),
        (person(user_id="A-7"), UserLayout.NEW, ""),
        (person(user_id="A-7"), UserLayout.OLD, "numbers only"),
        (person(user_id="007"), UserLayout.OLD, "begins with 0"),
        (person(user_id="0"), UserLayout.NEW, "no user id"),
        (person(user_id="1234567890"), UserLayout.NEW, "longer than 9"),
        (person(uid=0), UserLayout.NEW, "no slot"),
        (person(uid=0xFFFF), UserLayout.NEW, "no slot"),
        (person(password="1" * 6), UserLayout.OLD, "password"),
        (person(password="1" * 6), UserLayout.NEW, ""),
        (person(card=1 << 32), UserLayout.NEW, "no card"),
        (person(privilege=256), UserLayout.NEW, "no privilege"),
        (person(group="x"), UserLayout.OLD, "no group"),
        (person(group="x"), UserLayout.NEW, ""),
    ],
)
def test_what_a_clock_cannot_keep(
    user: ClockUser, layout: UserLayout, reason: str
) -> None:
    told = refusal(user, layout, id_width=9)
    assert reason in told
    assert bool(told) == bool(reason)


def test_roles_by_word() -> None:
    assert (privilege_of("super"), privilege_of("user")) == (14, 0)
    assert privilege_of("king") is None
