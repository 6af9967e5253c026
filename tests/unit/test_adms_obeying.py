"""What the simulated push clock does with commands."""

from __future__ import annotations

import pytest
from support.push_clocks import (
    PushHall,
    booted,
    kinds,
    punch,
    told,
)

from devices.adms.http import HttpRequest, HttpResponse
from devices.adms.operlog import parse_operlog
from devices.adms.requests import PushKind


def test_commands_are_obeyed_and_answered_in_one_body() -> None:
    wire = booted()
    wire.hall.commands += [
        "DATA UPDATE USERINFO PIN=77\tName=证件样本\tPri=14\tCard=123",
        "DATA DELETE USERINFO PIN=1001",
        "SHELL reboot",
        "INFO",
    ]
    wire.run(10)
    codes = [(one.id, one.code, one.command) for one in wire.hall.results]
    assert codes == [
        ("c1", 0, "DATA"),
        ("c2", 0, "DATA"),
        ("c3", -1002, "SHELL"),
        ("c4", 0, "INFO"),
    ]
    assert wire.hall.results[3].fields["usercount"] == "5"
    users = {user["user_id"]: user["name"] for user in wire.clock.view()["users"]}
    assert "1001" not in users
    assert users["77"] == "证件样本"
    read = parse_operlog(b"\n".join(wire.hall.lines("OPERLOG")))
    assert [one.number for one in read.operations] == [0, 30, 9]
    assert wire.clock.view()["commands"][-1] == "INFO"


@pytest.mark.parametrize("dialect", ["seven", "old"])
def test_punches_are_counted_and_sent_again_on_command(dialect: str) -> None:
    wire = booted(dialect=dialect)
    for hour in (7, 8, 9):
        punch(wire, time=f"2026-03-01T{hour:02}:00:00")
    wire.run()
    wire.hall.uploads.clear()
    period = "StartTime=2026-03-01 07:30:00\tEndTime=2026-03-01 09:00:00"
    wire.hall.commands += [f"VERIFY SUM ATTLOG {period}", f"DATA QUERY ATTLOG {period}"]
    wire.run(10)
    count, query = wire.hall.results
    counted = count.code if dialect == "old" else int(count.fields["attlogsum"])
    assert (counted, query.code) == (2, 0)
    assert [line[16:18] for line in wire.hall.lines("ATTLOG")] == [b"08", b"09"]
    wire.hall.commands += ["VERIFY SUM ATTLOG StartTime=x\tEndTime="]
    wire.run(10)
    assert wire.hall.results[-1].code == -1003


def test_people_are_told_when_asked_for() -> None:
    wire = booted()
    wire.hall.uploads.clear()
    wire.hall.commands += ["DATA QUERY USERINFO PIN=1002", "CLEAR LOG"]
    punch(wire)
    wire.run(10)
    assert len(wire.hall.lines("OPERLOG")) == 1
    assert wire.clock.view()["records"] == 0


def test_a_reboot_command_is_answered_first() -> None:
    wire = booted()
    wire.hall.commands += ["REBOOT"]
    asked = wire.run(10)
    assert kinds(asked) == ["poll", "result", "handshake", "operlog", "poll"]
    assert wire.hall.results[0].code == 0


def test_some_commands_may_be_ignored_silently() -> None:
    wire = booted(ignores=["DATA QUERY"])
    wire.hall.commands += ["DATA QUERY USERINFO", "CHECK"]
    wire.run(10)
    assert [one.id for one in wire.hall.results] == ["c2"]


class RefusingHall(PushHall):
    """Takes the first results not."""

    refused = 0

    def answer(self, request: HttpRequest) -> HttpResponse:
        if told(request).kind is PushKind.RESULT and not self.refused:
            self.refused += 1
            return HttpResponse(status=500)
        return super().answer(request)


def test_results_are_kept_until_they_are_taken() -> None:
    hall = RefusingHall()
    wire = booted(hall)
    hall.commands += ["INFO"]
    wire.run(10)
    assert (hall.refused, hall.results) == (1, [])
    wire.run(1)
    assert [one.id for one in hall.results] == ["c1"]
