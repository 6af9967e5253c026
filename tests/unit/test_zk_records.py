from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clocks import DAY, punch_record

from devices.errors import ProtocolError
from devices.events import Direction, PunchMethod
from devices.zk.events import EVENT_SIZES, UID_SIZES, decode_event, encode_event
from devices.zk.punch import PunchRecord, checked_user_id, decode_method
from devices.zk.records import (
    Layout,
    LogReading,
    decode_log,
    decode_row,
    encode_row,
    encode_table,
)
from devices.zk.users import (
    ClockUser,
    UserLayout,
    decode_user,
    decode_users,
    encode_user,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "zk.json").read_text()
)
TIME = datetime.fromisoformat("2018-06-25T17:50:35")
UIDS = {5: "1001", 6: "1002"}
LATEST = datetime.fromisoformat("2026-03-03")
FIRST = datetime.fromisoformat("2006-01-01")

user_ids = st.integers(1, 999_999_999).map(str)
times = st.datetimes(FIRST, LATEST).map(lambda t: t.replace(microsecond=0))


def record_of(vector: dict[str, Any], raw: bytes) -> PunchRecord:
    return PunchRecord(
        user_id=vector["user_id"],
        time=TIME,
        direction=Direction(vector["direction"]),
        method=PunchMethod(vector["method"]),
        raw=raw,
        uid=vector["uid"],
    )


def read(
    blob: bytes, expected: int | None = None, uids: dict[int, str] | None = None
) -> LogReading:
    known_ids = frozenset((uids or {}).values())
    return decode_log(
        blob, expected=expected, latest=LATEST, uids=uids or {}, known_ids=known_ids
    )


def names(reading: LogReading) -> Sequence[str]:
    return [row.user_id if row else "?" for row in reading.rows(0, len(reading))]


@pytest.mark.parametrize("vector", VECTORS["rows"], ids=lambda v: v["name"])
def test_rows_both_ways(vector: dict[str, Any]) -> None:
    raw, layout = bytes.fromhex(vector["hex"]), Layout(vector["layout"])
    assert len(raw) == layout.size
    record = record_of(vector, raw)
    assert decode_row(raw, layout, UIDS) == record
    assert encode_row(record, layout, uid=vector["uid"] or 0) == raw


@pytest.mark.parametrize("vector", VECTORS["events"], ids=lambda v: v["name"])
def test_events_both_ways(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    assert len(raw) == int(vector["name"].partition(":")[0])
    record = record_of(vector, raw)
    reading = decode_event(raw, UIDS)
    assert list(reading.records) == [record]
    assert not reading.doubtful
    assert encode_event(record, len(raw), uid=vector["uid"] or 0) == raw


@pytest.mark.parametrize("vector", VECTORS["users"], ids=lambda v: v["name"])
def test_users_both_ways(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    user = decode_user(raw)
    assert user is not None
    assert (user.uid, user.user_id, user.name, user.privilege) == (
        vector["uid"],
        vector["user_id"],
        vector["person"],
        vector["privilege"],
    )
    assert encode_user(user, UserLayout(len(raw))) == raw


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("count", [1, 2, 5, 10, 80, 1000])
def test_the_layout_is_found_out(layout: Layout, count: int) -> None:
    uids = {uid: str(1000 + uid) for uid in range(1, 8)}
    rows = []
    for index in range(count):
        uid = 1 + index % 7
        record = punch_record(uids[uid], DAY + timedelta(seconds=97 * index))
        rows.append(encode_row(record, layout, uid=uid))
    reading = read(encode_table(rows), count, uids)
    assert reading.layout is layout
    assert names(reading) == [uids[1 + index % 7] for index in range(count)]
    # A punch that came between the count and the log changes nothing.
    assert read(encode_table(rows), max(count - 1, 0), uids).layout is layout


@given(st.lists(st.tuples(user_ids, times), min_size=1, max_size=40))
def test_logs_survive_the_way(punches: list[tuple[str, datetime]]) -> None:
    for layout in (Layout.LONG, Layout.SHORT, Layout.FACE):
        rows = [encode_row(punch_record(*punch), layout) for punch in punches]
        reading = read(encode_table(rows), len(rows))
        rows_read = reading.rows(0, len(reading))
        found = [(row.user_id, row.time) for row in rows_read if row]
        assert (reading.layout, found) == (layout, punches)


@given(st.binary(max_size=600))
def test_any_log_is_read_or_refused(blob: bytes) -> None:
    try:
        reading = read(blob)
    except ProtocolError:
        return
    for row in reading.rows(0, len(reading)):
        assert row is None or checked_user_id(row.user_id)


@given(st.binary(max_size=200))
def test_any_event_is_read_or_doubtful(data: bytes) -> None:
    reading = decode_event(data, UIDS)
    assert reading.records or reading.doubtful or not data
    for record in reading.records:
        assert checked_user_id(record.user_id)


def test_a_doubtful_row_is_left_out() -> None:
    good = encode_row(punch_record(), Layout.LONG)
    no_id = encode_row(punch_record("0"), Layout.LONG)
    empty = encode_row(punch_record(""), Layout.LONG)
    no_day = good[:27] + b"\xff\xff\xff\xff" + good[31:]
    binary = good[:2] + b"\x01\x02" + good[4:]
    reading = read(encode_table([good, no_id, good, empty, no_day, binary, good]), 7)
    assert names(reading) == ["1001", "?", "1001", "?", "?", "?", "1001"]
    assert reading.doubtful == [1, 3, 4, 5]


def test_nobodys_row_at_no_sensible_time_is_left_out() -> None:
    old = datetime(2000, 1, 1)  # noqa: DTZ001 - as a clock says it
    given = [("1001", old), ("256", old), ("256", LATEST)]
    rows = [encode_row(punch_record(*each), Layout.SHORT) for each in given]
    blob = encode_table(rows)
    for known, doubtful in (({"1001"}, [1]), (set(), [])):
        reading = decode_log(
            blob, expected=3, latest=LATEST, uids={}, known_ids=frozenset(known)
        )
        assert reading.layout is Layout.SHORT
        assert reading.doubtful == doubtful
        assert [row is None for row in reading.rows(0, 3)].count(True) == len(doubtful)


def test_a_log_that_is_cut_complains() -> None:
    blob = encode_table([encode_row(punch_record(), Layout.LONG)] * 3)
    assert read(blob[:-40], 3).complaint
    assert len(read(blob[:-40], 3)) == 2
    assert read(blob + bytes(3), 3).complaint
    assert names(read(blob + bytes(3), 3)) == ["1001"] * 3
    with pytest.raises(ProtocolError, match="fits no known"):
        read(blob[:-39], 3)
    with pytest.raises(ProtocolError, match="make no sense"):
        read(encode_table([b"\xff" * 40] * 3), 3)


def test_an_empty_log_is_no_mistake() -> None:
    assert len(read(b"")) == 0
    assert len(read(bytes(4))) == 0
    assert read(b"\0").complaint


@pytest.mark.parametrize("size", [32, 36, 37, 40, 52])
@pytest.mark.parametrize("count", [2, 3])
def test_several_records_in_one_event(size: int, count: int) -> None:
    ids = [str(1001 + index) for index in range(count)]
    data = b"".join(encode_event(punch_record(one), size) for one in ids)
    reading = decode_event(data, {})
    assert [record.user_id for record in reading.records] == ids
    assert not reading.doubtful


@pytest.mark.parametrize("size", [10, 12, 14])
def test_several_short_records_in_one_event(size: int) -> None:
    data = b"".join(
        encode_event(punch_record(user_id), size, uid=uid)
        for uid, user_id in UIDS.items()
    )
    assert [one.user_id for one in decode_event(data, UIDS).records] == ["1001", "1002"]


def test_a_second_record_that_makes_no_sense_is_no_punch() -> None:
    good = encode_event(punch_record(), 32)
    for bad in (
        bytes(32),
        b"0".ljust(32, b"\0"),
        good[:26] + bytes((26, 2, 30, 0, 0, 0)),
    ):
        reading = decode_event(good + bad, {})
        assert [one.user_id for one in reading.records] == ["1001"]
        assert reading.doubtful


@pytest.mark.parametrize("size", EVENT_SIZES)
def test_an_event_without_a_user_is_doubtful(size: int) -> None:
    data = bytearray(encode_event(punch_record(), size, uid=5))
    data[: 24 if size >= 32 else 4 if size == 12 else 2] = bytes(
        24 if size >= 32 else 4 if size == 12 else 2
    )
    reading = decode_event(bytes(data), UIDS)
    assert not reading.records
    assert reading.doubtful


@pytest.mark.parametrize("size", UID_SIZES)
def test_a_slot_that_is_not_known_is_doubtful(size: int) -> None:
    reading = decode_event(encode_event(punch_record(), size, uid=9), UIDS)
    assert not reading.records
    assert reading.doubtful


@pytest.mark.parametrize("extra", [1, 7, 24, 30, 100])
def test_an_unknown_tail_keeps_the_punch(extra: int) -> None:
    data = encode_event(punch_record(), 32) + b"\x07" * extra
    assert [one.user_id for one in decode_event(data, {}).records] == ["1001"]


@pytest.mark.parametrize("length", [1, 9, 11, 13, 31])
def test_an_unknown_short_length_is_doubtful(length: int) -> None:
    assert decode_event(b"\x01" * length, UIDS).doubtful


def test_codes_of_old_and_new_firmware() -> None:
    assert decode_method(0) is decode_method(3) is PunchMethod.PASSWORD
    assert decode_method(2) is decode_method(4) is PunchMethod.CARD
    assert decode_method(77) is PunchMethod.UNKNOWN
    for direction in Direction:
        for layout in (Layout.LONG, Layout.SHORT, Layout.TINY):
            row = encode_row(punch_record(direction=direction), layout, uid=5)
            back = decode_row(row, layout, UIDS)
            assert back is not None
            assert back.direction is direction


@pytest.mark.parametrize("layout", UserLayout)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_user_tables_survive_the_way(layout: UserLayout, encoding: str) -> None:
    users = [
        ClockUser(uid=uid, user_id=str(1000 + uid), name=f"测{uid:02}", privilege=1)
        for uid in range(1, 19)
    ]
    rows = [encode_user(user, layout, encoding=encoding) for user in users]
    for expected in (18, None):
        found = decode_users(encode_table(rows), expected=expected)
        assert [(one.user_id, one.name) for one in found] == [
            (user.user_id, user.name) for user in users
        ]
    assert found[0].is_disabled
    assert found[0].role == "user"
    assert found[0].raw_name == "测01".encode(encoding)


def test_user_tables_that_make_no_sense() -> None:
    assert decode_users(b"") == ()
    with pytest.raises(ProtocolError, match="no row size"):
        decode_users(encode_table([bytes(29)]))
    with pytest.raises(ProtocolError, match="announced"):
        decode_users(b"\x48\0\0\0abc")
    assert decode_users(encode_table([bytes(72)])) == []
