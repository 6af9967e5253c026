"""The simulated push clock, by itself: what it sends, and when."""

from __future__ import annotations

import pytest
from support.push_clocks import (
    SERIAL,
    START,
    PushHall,
    Wire,
    booted,
    kinds,
    punch,
    push_clock,
    request_line,
)

from devices.adms.attlog import parse_attlog
from devices.adms.operlog import parse_operlog
from devices.errors import ConfigurationError, MisuseError
from devices.operations import kind_of


def test_it_greets_tells_what_happened_and_polls() -> None:
    wire = Wire(push_clock())
    assert kinds(wire.run()) == ["handshake", "operlog", "poll"]
    reading = parse_operlog(b"\n".join(wire.hall.lines("OPERLOG")))
    assert [user.name for user in reading.users] == [f"测试0{n}" for n in range(1, 6)]
    assert [kind_of(one.number) for one in reading.operations] == ["boot"]
    assert reading.bad == []


def test_a_backlog_is_kept_while_the_hall_is_away_and_sent_in_batches() -> None:
    wire = booted(batch_rows=2)
    wire.cut()
    wire.up = False
    for user in range(1001, 1006):
        punch(wire, str(user))
    wire.run(300)
    assert wire.clock.view()["pending"]["attlog"] == 5
    assert "unreachable: refused" in wire.clock.view()["last_answer"]
    wire.up = True
    asked = [r for r in wire.run(30) if r.table == "ATTLOG"]
    assert [request.stamp for request in asked] == ["2", "4", "5"]
    assert [line[:4] for line in wire.hall.lines("ATTLOG")] == [
        b"1001", b"1002", b"1003", b"1004", b"1005"
    ]  # fmt: skip


@pytest.mark.parametrize("status", [403, 500, 503])
def test_what_is_not_answered_200_is_sent_again_at_growing_distances(
    status: int,
) -> None:
    wire = booted(PushHall(error_delay_s=5))
    wire.hall.status = status
    punch(wire)
    times = []
    for _ in range(20):
        if wire.run(1):
            times.append((wire.now - START).total_seconds())
    assert times == [1, 1 + 2, 3 + 4, 7 + 5, 12 + 5]
    assert wire.clock.view()["last_answer"] == f"attlog: {status} busy"
    wire.hall.status = 200
    wire.run(5)
    assert wire.clock.view()["pending"]["attlog"] == 0
    assert len(wire.hall.lines("ATTLOG")) == 1


@pytest.mark.parametrize("body", ["", "ERROR", "<html>"])
def test_an_answer_that_is_no_acknowledgement_is_none(body: str) -> None:
    wire = booted(PushHall(acknowledge="OK"))
    wire.hall.acknowledge = body
    punch(wire)
    wire.run(3)
    assert wire.clock.view()["pending"]["attlog"] == 1
    assert "is not understood" in wire.clock.view()["last_answer"]


@pytest.mark.parametrize("acknowledge", ["OK", "OK:9", "ok:1"])
def test_old_firmware_sends_for_ever_unless_it_is_counted(acknowledge: str) -> None:
    wire = booted(dialect="old", retry_s=1)
    wire.hall.acknowledge = acknowledge
    punch(wire)
    wire.run(10)
    assert len(wire.hall.lines("ATTLOG")) > 5
    wire.hall.acknowledge = "OK: {n}"
    wire.run(2)
    assert wire.clock.view()["pending"]["attlog"] == 0


def test_an_answer_that_does_not_come_is_given_up_with_its_line() -> None:
    wire = booted(answer_timeout_s=10)
    wire.mute = True
    punch(wire)
    assert len(wire.run(9)) == 1
    wire.run(1.5)
    assert "no answer in time" in wire.clock.view()["last_answer"]
    wire.mute = False
    wire.run(2)
    assert (wire.lines, wire.clock.view()["pending"]["attlog"]) == (2, 0)


def test_a_line_lost_before_the_answer_is_made_again() -> None:
    wire = booted()
    wire.mute = True
    punch(wire)
    wire.run()
    wire.cut()
    wire.mute = False
    wire.run()
    assert "the line was lost" in wire.clock.view()["last_answer"]
    wire.run(1)
    line = b"1001\t2026-03-02 08:30:00\t0\t1\t0\t0\t0"
    assert wire.hall.lines("ATTLOG") == [line]


def test_noise_instead_of_http_ends_the_line() -> None:
    clock = push_clock()
    clock.advance(START)
    clock.connected(1, START)
    clock.received(1, b"SSH-2.0-x\r\n\r\n", START)
    assert "no HTTP answer" in clock.view()["last_answer"]
    assert not clock.wants_line


def test_an_answer_in_pieces_is_one_answer() -> None:
    clock = push_clock()
    clock.advance(START)
    clock.connected(1, START)
    body = b"GET OPTION FROM: X\nDelay=30\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    for at in range(len(answer)):
        assert not clock.view()["greeted"]
        clock.received(1, answer[at : at + 1], START)
    assert clock.view()["greeted"]


def test_an_answer_without_length_ends_with_its_line() -> None:
    clock = push_clock()
    clock.advance(START)
    clock.connected(1, START)
    clock.received(1, b"HTTP/1.0 200 OK\r\n\r\nGET OPTION FROM: X\n", START)
    clock.disconnected(1)
    clock.advance(START)
    assert clock.view()["greeted"]


def test_each_batch_is_sent_n_times_over() -> None:
    wire = booted(resend=3, batch_rows=2)
    for user in ("1001", "1002", "1003"):
        punch(wire, user)
    wire.run()
    sent = [line[:4].decode() for line in wire.hall.lines("ATTLOG")]
    assert sent == ["1001", "1002"] * 3 + ["1003"] * 3


def test_polls_come_at_the_delay_that_was_told() -> None:
    wire = booted(PushHall(delay_s=7))
    asked = wire.run(21)
    assert kinds(asked) == ["poll"] * 3
    assert wire.hall.requests[2].target.endswith("15,0,11100")
    assert request_line(wire) == f"GET /iclock/getrequest?SN={SERIAL}"
    quick = booted(poll_s=1)
    assert len(quick.run(5)) == 5


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        ("TransFlag=1000000000", (1, 0)),
        ("TransFlag=0100100000", (0, 7)),
        ("TransFlag=TransData AttLog\tOpLog", (1, 2)),
        ("TransFlag=TransData EnrollUser", (0, 5)),
    ],
)
def test_only_what_is_wanted_is_sent(flags: str, sent: tuple[int, int]) -> None:
    wire = Wire(push_clock(), PushHall(options=flags.encode() + b"\n"))
    punch(wire)
    wire.act("operation", number=4)
    wire.run()
    assert (len(wire.hall.lines("ATTLOG")), len(wire.hall.lines("OPERLOG"))) == sent


def test_stamps_say_what_is_sent_again() -> None:
    wire = booted()
    for _ in range(3):
        punch(wire)
    wire.run()
    for stamp, count in (("None", 0), ("9999", 0), ("2", 1), ("0", 3)):
        wire.hall.uploads.clear()
        wire.hall.stamps = {"ATTLOG": stamp}
        wire.hall.commands += ["CHECK"]
        assert "handshake" in kinds(wire.run(10))
        assert len(wire.hall.lines("ATTLOG")) == count
    newest = booted(dialect="speedface")
    punch(newest)
    newest.run()
    newest.hall.stamps = {"ATTLOG": "0", "OPERLOG": "0"}
    newest.act("reboot")
    newest.run()
    assert len(newest.hall.lines("ATTLOG")) == 2
    assert len(newest.hall.lines("OPERLOG")) == 6 + 7


def test_without_realtime_rows_wait_for_their_time() -> None:
    options = b"Realtime=0\nTransInterval=5\nTransTimes=08:33;14:05\n"
    wire = booted(PushHall(options=options))
    punch(wire)
    wire.run(175)
    assert wire.hall.lines("ATTLOG") == []
    wire.run(10)
    assert len(wire.hall.lines("ATTLOG")) == 1
    punch(wire)
    wire.run(290)
    assert len(wire.hall.lines("ATTLOG")) == 1
    wire.run(10)
    assert len(wire.hall.lines("ATTLOG")) == 2


def test_the_clock_follows_the_halls_date_and_zone() -> None:
    wire = booted(drift_s=-3600)
    assert wire.clock.view()["offset_s"] == 0
    punch(wire)
    wire.run()
    assert b"08:30:00" in wire.hall.lines("ATTLOG")[0]
    wrong = booted(PushHall(zone="330"))
    assert wrong.clock.view()["offset_s"] == -2.5 * 3600


@pytest.mark.parametrize(
    ("sync", "booting", "polling"),
    [("handshake", 0, 500), ("always", 0, 0), ("never", 90, 500)],
)
def test_when_it_follows_can_be_chosen(sync: str, booting: int, polling: int) -> None:
    wire = booted(drift_s=90, sync=sync)
    assert wire.clock.view()["offset_s"] == booting
    wire.act("set_time", drift_s=500)
    wire.run(20)
    assert wire.clock.view()["offset_s"] == polling
    wire.act("reboot")
    wire.run()
    assert wire.clock.view()["offset_s"] == (500 if sync == "never" else 0)


def test_without_a_date_it_keeps_its_time() -> None:
    assert booted(PushHall(has_date=False), drift_s=90).clock.view()["offset_s"] == 90


def test_what_people_do_at_it_ends_in_the_operator_log() -> None:
    wire = booted()
    wire.hall.uploads.clear()
    wire.act("tamper")
    wire.act("operation", number=4, operator="1001", values=[7])
    wire.run()
    read = parse_operlog(b"\n".join(wire.hall.lines("OPERLOG")))
    assert [kind_of(one.number, one.numbers) for one in read.operations] == [
        "tamper",
        "menu",
    ]
    assert read.operations[1].operator == "1001"
    assert read.operations[1].values == ("7", "0", "0", "0")


def test_bad_lines_are_sent_as_they_are() -> None:
    wire = booted()
    wire.hall.uploads.clear()
    punch(wire)
    wire.act("bad_line", text="no punch at all")
    wire.act("bad_line", text="FOO x=1", table="operlog")
    wire.run()
    assert wire.hall.lines("ATTLOG")[1] == b"no punch at all"
    assert wire.hall.lines("OPERLOG") == [b"FOO x=1"]
    assert len(parse_attlog(b"\n".join(wire.hall.lines("ATTLOG"))).bad) == 1


def test_who_cannot_punch() -> None:
    wire = booted(capacity=1)
    for user_id in ("0", "a b", "名"):
        with pytest.raises(MisuseError):
            punch(wire, user_id)
    punch(wire)
    with pytest.raises(MisuseError, match="full"):
        punch(wire)


def test_without_power_the_request_is_lost_and_the_log_is_not() -> None:
    wire = booted()
    wire.mute = True
    punch(wire)
    wire.run()
    wire.cut()
    wire.clock.powercycle(wire.now)
    assert not wire.clock.view()["greeted"]
    wire.mute = False
    assert kinds(wire.run()) == ["handshake", "attlog", "operlog", "poll"]


def test_it_knows_its_hall_by_the_hall_file() -> None:
    assert push_clock(site={"web": {"port": 8099}}).server == "http://127.0.0.1:8099"
    everywhere = {"host": "0.0.0.0", "token": "12345678"}  # noqa: S104 - a hall's own
    own = {"adms": {"port": 8081}, "web": everywhere}
    assert push_clock(site=own).server == "http://127.0.0.1:8081"
    v6 = {"adms": {"host": "::", "port": 8082}}
    assert push_clock(site=v6).server == "http://[::1]:8082"
    named = {"web": {"host": "10.0.0.2", "token": "12345678"}}
    assert push_clock(site=named).server == "http://10.0.0.2:8080"
    other = push_clock(server="http://10.0.0.9:81")
    assert other.server == "http://10.0.0.9:81"
    with pytest.raises(ConfigurationError, match="set `simulation"):
        _ = push_clock(site={"web": {"port": 0}}).server


def test_its_serial_number_is_the_entrys_unless_another_is_simulated() -> None:
    assert push_clock().view()["serial"] == SERIAL
    assert push_clock(serial="OTHER1").view()["serial"] == "OTHER1"


def test_a_log_of_past_days_is_sent_at_first() -> None:
    wire = booted(history_days=7, batch_rows=50)
    rows = len(wire.hall.lines("ATTLOG"))
    assert rows == wire.clock.view()["records"] > 5 * 5 * 3
    assert parse_attlog(b"\n".join(wire.hall.lines("ATTLOG"))).bad == []
    wire.act("fill", rows=10)
    wire.run()
    assert len(wire.hall.lines("ATTLOG")) == rows + 10
    wire.act("drop_rows", n=4)
    wire.act("drop_rows", n=6, oldest=True)
    assert wire.clock.view()["records"] == rows
    wire.act("clear_log")
    assert wire.clock.view()["records"] == 0
    wire.run()
    read = parse_operlog(b"\n".join(wire.hall.lines("OPERLOG")))
    assert kind_of(read.operations[-1].number) == "log_deleted"


def test_a_large_log_is_there_when_asked_for() -> None:
    wire = booted(rows=1234, batch_rows=500)
    assert len(wire.hall.lines("ATTLOG")) == 1234
