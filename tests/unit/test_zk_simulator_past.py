"""What a simulated clock did before: days past, the operator log, lost rows."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from support.clock_wire import NOW, act, codes, connected
from support.clocks import DAY, HALL, clock_entry, fill, simulated_clock

from devices.errors import MisuseError
from devices.operations import kind_of
from devices.zk.operations_log import OPERATIONS_REQUEST, decode_operations
from devices.zk.packets import Code
from devices.zk.punch import PunchRecord
from devices.zk.records import decode_log
from devices.zk.values import encode_buffer_request, encode_time
from simulators.zk.history import past_days, past_rows
from simulators.zk.people import specimen_users
from simulators.zk.simulator import ZkClock

PEOPLE = list(specimen_users(30).values())
TODAY = DAY.date()


def log(clock: ZkClock) -> list[PunchRecord]:
    uids = {uid: user.user_id for uid, user in clock.memory.users.items()}
    blob = clock.memory.table(Code.LOG_READ)
    assert blob is not None
    reading = decode_log(
        blob,
        expected=len(clock.memory.rows),
        latest=DAY,
        uids=uids,
        known_ids=frozenset(uids.values()),
    )
    found = [row for row in reading.rows(0, len(reading)) if row is not None]
    assert len(found) == len(clock.memory.rows)
    return found


def month(serial: str = "SPECIMEN1", days: int = 28) -> list[PunchRecord]:
    return list(past_days(serial, PEOPLE, TODAY, days))


def test_the_past_is_workdays_in_order_and_never_today() -> None:
    records = month()
    days = {record.time.date() for record in records}
    spring_festival = {date(2026, 2, day) for day in range(15, 24)}
    assert not days & spring_festival
    saturdays = [day for day in sorted(days) if day.weekday() >= 5]
    assert saturdays == [date(2026, 2, 14), date(2026, 2, 28)]  # 调休
    assert len(days) == 16
    assert (min(days), max(days)) == (date(2026, 2, 2), date(2026, 2, 28))
    assert records == sorted(records, key=lambda record: record.time)


def test_most_people_are_in_time_and_some_are_not() -> None:
    by_hour = Counter(record.time.hour for record in month())
    assert set(by_hour) == {8, 9, 12, 13, 17}
    person_days = 30 * 16
    assert 0 < by_hour[9] < person_days * 0.2
    assert person_days * 0.9 < by_hour[8] + by_hour[9] < person_days
    early = [r for r in month() if r.time.hour == 17 and r.time.minute < 30]
    assert 0 < len(early) < person_days * 0.2
    mornings = [record.time for record in month() if record.time.hour == 8]
    assert min(mornings).minute >= 20


def test_a_year_that_no_calendar_knows_has_its_weekdays() -> None:
    records = past_days("SPECIMEN1", PEOPLE[:1], date(2040, 1, 9), 7)
    days = {record.time.date().weekday() for record in records}
    assert days
    assert days <= {0, 1, 2, 3, 4}


def test_the_past_follows_from_serial_person_and_date() -> None:
    assert month() == month()
    assert month("SPECIMEN2") != month()
    tomorrow = list(past_days("SPECIMEN1", PEOPLE, TODAY + timedelta(days=1), 29))
    assert tomorrow[: len(month())] == month()


@pytest.mark.parametrize("rows", [1, 7, 1000, 20_000])
def test_exactly_so_many_rows_of_no_more_than_two_years(rows: int) -> None:
    records = past_rows("SPECIMEN1", PEOPLE[:2], TODAY, rows)
    assert len(records) == rows
    assert records[-1].time.date() < TODAY
    assert TODAY - records[0].time.date() < timedelta(days=800)


def test_nobody_has_no_past() -> None:
    assert past_rows("SPECIMEN1", [], TODAY, 5) == []
    with pytest.raises(MisuseError, match="without users"):
        act(simulated_clock(users=0), "fill", rows=5)


@pytest.mark.parametrize("size", [40, 49, 16, 8])
def test_a_clock_has_its_past_in_every_layout(size: int) -> None:
    clock = simulated_clock(record_size=size, history_days=28)
    assert clock.view()["records"] == 0
    clock.advance(NOW)
    wire = connected(clock)
    assert wire.sizes().records == clock.view()["records"] > 150
    expected = list(past_days("SPECIMEN1", list(specimen_users(5).values()), TODAY, 28))
    assert [(r.user_id, r.time, r.direction) for r in log(clock)] == [
        (r.user_id, r.time, r.direction) for r in expected
    ]


def test_the_past_is_the_halls_and_comes_once() -> None:
    entry = clock_entry(rows=50)
    clock = simulated_clock(entry)
    late = NOW.astimezone(HALL.zone).replace(hour=0, minute=30)
    clock.advance(late)
    clock.advance(late + timedelta(days=1))
    connected(clock)
    assert len(clock.memory.rows) == 50
    assert log(clock)[-1].time.date() == date(2026, 2, 28)


def test_rows_are_filled_in_and_lost() -> None:
    clock = simulated_clock()
    fill(clock, 3)
    act(clock, "fill", rows=100)
    kept = list(clock.memory.rows)
    assert len(kept) == 103
    act(clock, "drop_rows", n=3, oldest=True)
    assert clock.memory.rows == kept[3:]
    act(clock, "drop_rows", n=10)
    assert clock.memory.rows == kept[3:-10]
    for oldest in (True, False):
        act(clock, "drop_rows", n=999, oldest=oldest)
        assert clock.memory.rows == []
        clock.memory.rows[:] = kept


def test_the_operator_log_tells_what_was_done() -> None:
    clock = simulated_clock()
    wire = connected(clock)
    wire.ask(Code.SET_TIME, encode_time(DAY).to_bytes(4, "little"))
    wire.ask(Code.OPTION_WRITE, b"WorkCode=1")
    wire.ask(Code.ADMINS_CLEAR)
    wire.ask(Code.CLEAR_LOG)
    act(clock, "tamper")
    act(clock, "operation", number=76, operator=2, values=[1, 2])
    request = encode_buffer_request(*OPERATIONS_REQUEST)
    (answer,) = wire.ask(Code.BUFFER_PREPARE, request)
    told = decode_operations(answer.data)
    assert [kind_of(each.number, each.values) for each in told] == [
        "time_set",
        "settings",
        "admin_cleared",
        "log_deleted",
        "tamper",
        "network_changed",
    ]
    assert (told[-1].operator, told[-1].values, told[0].time) == (2, (1, 2, 0, 0), DAY)
    assert wire.sizes().operations == 6
    assert wire.ask(Code.OPERATIONS_READ)[1].data == answer.data
    assert wire.ask(Code.TEMPLATE_READ, b"\x04")[1].data == answer.data
    assert wire.sizes().admins == 0
    assert codes(wire.ask(Code.OPERATIONS_CLEAR)) == [Code.OK]
    assert wire.sizes().operations == 0


def test_somebody_at_the_menu() -> None:
    clock = simulated_clock()
    fill(clock, 5)
    act(clock, "set_time", drift_s=-90)
    act(clock, "clear_log")
    view = clock.view()
    assert (view["records"], view["drift_s"], view["admins"]) == (0, -90, 1)
    assert [(op["number"], op["operator"]) for op in view["operations"]] == [
        (21, 1),
        (23, 1),
    ]
    assert clock.memory.time(NOW) == DAY - timedelta(seconds=90)


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (b"", (0, 0, 0)),
        (b"\x01", (5, 10, 0)),
        (b"\x02", (5, 0, 3)),
        (b"\x05", (0, 0, 3)),
    ],
)
def test_clearing_takes_all_or_one_table(
    data: bytes, left: tuple[int, int, int]
) -> None:
    clock = simulated_clock(fingers=2, faces=1)
    fill(clock, 3)
    wire = connected(clock)
    assert wire.sizes().faces == 1
    assert codes(wire.ask(Code.CLEAR_DATA, data)) == [Code.OK]
    sizes = wire.sizes()
    assert (sizes.users, sizes.fingers, sizes.records) == left
    assert sizes.operations == 1
    assert sizes.faces == (1 if left[0] else 0)


def test_a_power_cut_is_in_the_operator_log() -> None:
    clock = simulated_clock()
    wire = connected(clock)
    assert codes(wire.ask(Code.RESTART)) == [Code.OK]
    connected(clock, 2).ask(Code.POWER_OFF)
    assert [each.number for each in clock.memory.operations] == [0, 1]
