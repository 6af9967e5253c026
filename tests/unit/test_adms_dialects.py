"""What the simulated push clock sends in each dialect, byte by byte."""

from __future__ import annotations

import pytest
from support.push_clocks import (
    SERIAL,
    PushHall,
    Wire,
    booted,
    kinds,
    punch,
    push_clock,
    request_line,
)

from devices.adms.attlog import parse_attlog
from simulators.adms.dialects import DIALECTS, DialectName

LINES = {
    "classic": "1001\t2026-03-02 08:30:00\t1\t15\t0\n",
    "seven": "1001\t2026-03-02 08:30:00\t1\t15\t0\t0\t0\n",
    "eight": "1001\t2026-03-02 08:30:00\t1\t15\t0\t0\t0\t255\n",
    "speedface": "1001\t2026-03-02 08:30:00\t1\t15\t0\t0\t0\t255\t0\t0\n",
    "essl": "1001\t2026-03-02 08:30:00\t1\t15\t0\t0\t0\r\n",
    "lan_agent": "TABLE=ATTLOG\n1001\t2026-03-02 08:30:00\t1\t15\t0\t0\t0\n",
    "old": "1001\t2026-03-02 08:30:00\t1\t15\t0\n",
}
TARGETS = {
    "essl": f"POST /iclock/cdata.aspx?SN={SERIAL}&table=ATTLOG&Stamp=1",
    "lan_agent": f"POST /iclock/cdata/?SN={SERIAL}&Stamp=1",
}
GREETINGS = {
    "classic": "options=all&pushver=2.2.14&language=83",
    "speedface": (
        "options=all&pushver=3.1.2&language=83&DeviceType=att&PushOptionsFlag=1"
    ),
    "old": "options=all",
}


@pytest.mark.parametrize("dialect", DialectName)
def test_each_dialect_has_its_own_bytes(dialect: DialectName) -> None:
    wire = booted(dialect=dialect)
    punch(wire, direction="out", method="face")
    wire.run()
    usual = f"POST /iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=1"
    assert request_line(wire) == TARGETS.get(dialect, usual)
    request = wire.hall.requests[-1]
    assert request.body.decode() == LINES[dialect]
    greeting = GREETINGS.get(dialect, "options=all&pushver=2.4.1&language=83")
    assert request_line(wire, 0).endswith(f"SN={SERIAL}&{greeting}")
    (record,) = parse_attlog(request.body).punches
    assert (record.user_id, record.direction, record.method) == ("1001", "out", "face")
    assert wire.clock.view()["pending"] == {"attlog": 0, "operlog": 0}


def test_every_dialect_has_a_specimen_here() -> None:
    assert set(LINES) == set(DIALECTS) == set(DialectName)


@pytest.mark.parametrize(
    ("dialect", "closes", "lines"),
    [("seven", False, 1), ("seven", True, 4), ("essl", False, 4), ("old", False, 4)],
)
def test_lines_are_kept_or_closed_as_firmware_and_hall_want(
    dialect: str, *, closes: bool, lines: int
) -> None:
    wire = booted(PushHall(closes=closes), dialect=dialect)
    punch(wire)
    wire.run()
    assert len(wire.hall.requests) == 4
    assert wire.lines == lines


def test_a_speedface_tells_its_options_and_says_privilege() -> None:
    wire = Wire(push_clock(dialect="speedface"))
    assert kinds(wire.run())[:3] == ["handshake", "options", "operlog"]
    assert b"~DeviceName=specimen," in wire.hall.lines("OPTIONS")[0]
    assert b"\tPrivilege=14\t" in wire.hall.lines("OPERLOG")[0]
    wire.hall.commands += ["DATA UPDATE USERINFO PIN=1002\tName=x\tPri=14"]
    wire.hall.commands += ["DATA UPDATE USERINFO PIN=1003\tName=y\tPrivilege=14"]
    wire.run(10)
    assert [wire.clock.memory.users[pin].privilege for pin in ("1002", "1003")] == [
        0,
        14,
    ]


@pytest.mark.parametrize(("language", "encoding"), [(83, "gb2312"), (69, "utf-8")])
def test_names_travel_in_the_clocks_language(language: int, encoding: str) -> None:
    wire = booted(language=language)
    assert "\tName=测试01\t".encode(encoding) in wire.hall.lines("OPERLOG")[0]
