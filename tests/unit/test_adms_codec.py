from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adms_vectors import (
    BAD_PUNCHES,
    OPERATIONS,
    PUNCHES,
    REQUESTS,
    RESULTS,
    RequestVector,
    ResultVector,
)

from devices.adms.attlog import (
    AttlogDialect,
    encode_attlog,
    encode_punch,
    named_table,
    parse_attlog,
)
from devices.adms.commands import (
    PushCommand,
    checked_command,
    count_of,
    delete_user,
    encode_commands,
    enroll_finger,
    parse_commands,
    parse_results,
    query_attlog,
    query_users,
    update_user,
    verify_sum,
)
from devices.adms.handshake import (
    HandshakeOptions,
    agreed_version,
    parse_handshake,
    parse_timezone,
    timezone_text,
)
from devices.adms.http import RequestReader
from devices.adms.operlog import PushUser, parse_operlog
from devices.adms.options import encode_options, parse_info, parse_options
from devices.adms.requests import (
    BadRequestError,
    PushKind,
    build_target,
    parse_request,
)
from devices.errors import MisuseError
from devices.events import Direction, PunchMethod
from devices.zk.punch import PunchRecord

LATEST = datetime.fromisoformat("2026-09-01T00:00:00")
FIRST = datetime.fromisoformat("2010-01-01T00:00:00")

user_ids = st.from_regex(r"[1-9A-Za-z][0-9A-Za-z._-]{0,23}", fullmatch=True)
moments = st.datetimes(FIRST, LATEST).map(lambda time: time.replace(microsecond=0))
punches = st.builds(
    PunchRecord,
    user_id=user_ids,
    time=moments,
    direction=st.sampled_from(Direction),
    method=st.sampled_from(PunchMethod),
    raw=st.just(b""),
)
dialects = st.builds(
    AttlogDialect,
    fields=st.sampled_from([4, 5, 7, 8, 10, 12]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    table_line=st.booleans(),
    final_newline=st.booleans(),
)
words = st.text(
    st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12
).filter(lambda text: "=" not in text)


def facts(punch: PunchRecord) -> tuple[Any, ...]:
    return punch.user_id, punch.time, punch.direction, punch.method


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda v: v.name)
def test_kinds_of_request(vector: RequestVector) -> None:
    (sent,) = RequestReader().feed(vector.wire)
    request = parse_request(sent.method, sent.target)
    assert request is not None
    assert (request.kind, request.serial, request.path) == (
        vector.kind,
        vector.serial,
        vector.path,
    )
    assert {name: request.get(name) for name in vector.query} == vector.query


@given(
    st.sampled_from([k for k in PushKind if k is not PushKind.UNKNOWN]),
    user_ids,
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=10),
    st.sampled_from(["", ".aspx", "/"]),
)
def test_targets_there_and_back(
    kind: PushKind, serial: str, value: str, suffix: str
) -> None:
    query = {"options": "all"} if kind is PushKind.HANDSHAKE else {"x": value}
    method = "POST" if kind is PushKind.UPLOAD else "GET"
    target = build_target(kind, serial, query, suffix=suffix, path="p")
    request = parse_request(method, target)
    assert request is not None
    assert (request.kind, request.serial, request.path) == (kind, serial, "p")
    assert request.get("X") == query.get("x", "")


@pytest.mark.parametrize(
    "target",
    [
        "/iclock/cdata?SN=A%0AStamp=0",
        "/iclock/cdata?SN=A%09B",
        "/iclock/cdata?SN=../../etc/passwd",
        "/iclock/cdata?SN=A%00",
        "/iclock/cdata?SN=A'--",
        "/iclock/cdata?SN=A&Stamp=1%0ADelay=1",
        "/iclock/cdata?SN=A&Stamp=1%0d",
        "/iclock/cdata?SN=A&SN=B",
        "/iclock/cd%0Aata?SN=A",
        "/iclock/cdata?SN=" + "A" * 65,
        "/iclock/cdata?" + "&".join(f"a{n}=1" for n in range(100)),
    ],
)
def test_what_would_inject_is_refused(target: str) -> None:
    with pytest.raises(BadRequestError):
        parse_request("GET", target)


@pytest.mark.parametrize("target", ["/", "/api/v1/devices", "/a/b/iclock/x", "*"])
def test_other_paths_are_not_ours(target: str) -> None:
    assert parse_request("GET", target) is None


def test_names_in_a_target_may_be_gb2312() -> None:
    raw = b"/iclock/cdata?SN=A&name=" + "测试".encode("gb2312")
    request = parse_request("GET", raw.decode("latin-1"))
    assert request is not None
    assert request.get("name") == "测试"


@pytest.mark.parametrize(("line", "fields", "punch"), PUNCHES)
def test_punches_both_ways(line: str, fields: int, punch: PunchRecord) -> None:
    reading = parse_attlog(line.encode(), latest=LATEST + timedelta(days=200))
    assert (list(reading.punches), list(reading.bad)) == ([punch], [])
    assert len(encode_punch(punch, fields).split("\t")) == fields
    again = parse_attlog(encode_punch(punch, fields).encode())
    assert [facts(p) for p in again.punches] == [facts(punch)]


@pytest.mark.parametrize(("line", "reason"), BAD_PUNCHES)
def test_a_bad_line_stands_aside_and_harms_no_other(line: bytes, reason: str) -> None:
    good = PUNCHES[0][0].encode()
    reading = parse_attlog(b"\n".join([good, line, good]), latest=LATEST)
    assert len(reading.punches) == 2
    assert [bad.raw for bad in reading.bad] == [line]
    assert reason in reading.bad[0].reason
    assert reading.lines == 3


def test_any_moment_is_believed_while_the_host_knows_none() -> None:
    assert parse_attlog(b"1\t2038-09-02 00:00:01\t0\t1").punches
    assert not parse_attlog(b"1\t2038-09-02 00:00:01\t0\t1", latest=LATEST).punches


def test_a_body_names_its_table() -> None:
    assert named_table(b"\xef\xbb\xbfTABLE=ATTLOG\r\n1\t...") == "ATTLOG"
    assert named_table(b"table=operlog \nOPLOG 4\t0") == "OPERLOG"
    assert named_table(b"OPLOG 4\t0") == ""


@given(st.lists(punches, max_size=6), dialects)
def test_punches_in_every_dialect(told: list[PunchRecord], how: AttlogDialect) -> None:
    reading = parse_attlog(encode_attlog(told, how), latest=LATEST)
    assert [facts(p) for p in reading.punches] == [facts(p) for p in told]
    assert reading.bad == []


@given(st.binary(max_size=200))
def test_any_body_is_read_line_by_line(body: bytes) -> None:
    for reading in (parse_attlog(body, latest=LATEST), parse_operlog(body)):
        assert reading.lines <= len(body)
    parse_options(body)
    parse_results(body)


def test_operations_both_ways() -> None:
    body = b"\r\n".join(operation.raw for operation in OPERATIONS)
    assert list(parse_operlog(body).operations) == OPERATIONS
    assert [operation.encode() for operation in OPERATIONS] == body.split(b"\r\n")


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312"])
def test_users_in_either_encoding(encoding: str) -> None:
    user = PushUser(user_id="9", name="证件样本", privilege=14, card="123")
    (back,) = parse_operlog(user.encode(encoding)).users
    assert back == user


def test_templates_are_counted_and_unknown_lines_stand_aside() -> None:
    body = b"FP PIN=1\tFID=0\tTMP=AAAA\nBIODATA Pin=1\nOPLOG x\t0\t\nWHAT a\nUSER PIN=0"
    reading = parse_operlog(body)
    assert list(reading.templates) == ["FP", "BIODATA"]
    assert len(reading.bad) == 3
    assert reading.lines == 5


def test_what_is_kept_of_a_bad_user_holds_no_name() -> None:
    body = "USER PIN=0\tName=测试\tPasswd=1234".encode()
    (bad,) = parse_operlog(body).bad
    assert bad.raw == b"USER"


def test_options_both_ways() -> None:
    options = {"FWVersion": "Ver 6.60", "FaceFunOn": "1"}
    assert parse_options(encode_options(options)) == options
    assert parse_options(b"~DeviceName=X1\r\nMAC=00:17\n=x\nA\x00B=1\nC=\x07") == {
        "DeviceName": "X1",
        "MAC": "00:17",
    }
    assert len(parse_options(b",".join(b"k%d=1" % n for n in range(999)))) == 300
    assert parse_info("Ver 1,2,3,40,10.0.0.1")["records"] == "40"


@pytest.mark.parametrize("vector", RESULTS)
def test_results(vector: ResultVector) -> None:
    assert parse_results(vector.wire) == vector.results
    told = [count_of(result) for result in vector.results]
    pairs = zip(told, vector.counts, strict=True)
    assert all(count == told for told, count in pairs if count is not None)
    for result in vector.results:
        assert parse_results(result.encode()) == [result]


def test_commands_both_ways() -> None:
    commands = [
        PushCommand(id="1", text="CHECK"),
        PushCommand(id="2", text=query_attlog(FIRST, LATEST)),
        PushCommand(id="3", text=verify_sum(FIRST, LATEST)),
        PushCommand(id="4", text=update_user(PushUser(user_id="7", name="测试"))),
        PushCommand(id="5", text=delete_user("A-1")),
        PushCommand(id="6", text=query_users()),
        PushCommand(id="7", text=query_users("7")),
        PushCommand(id="8", text=enroll_finger("7", 3)),
    ]
    for encoding in ("utf-8", "gb18030"):
        assert parse_commands(encode_commands(commands, encoding)) == commands
    assert encode_commands([]) == b"OK"
    assert parse_commands(b"OK") == []


@pytest.mark.parametrize(
    "text",
    [
        "SHELL reboot",
        "PutFile http://a/b\t/etc/passwd",
        "GetFile /etc/passwd",
        "UPGRADE checksum=1,url=x,size=1",
        "SET OPTION IPAddress=1.2.3.4",
        "CLEAR LOG",
        "CLEAR DATA",
        "CHECK\nC:2:SHELL reboot",
        "CHECK\r",
        "DATA UPDATE USERINFO PIN=1\tName=a\nC:2:REBOOT",
        "DATA DELETE USERINFO",
        "DATA DELETE ATTLOG StartTime=2026-01-01 00:00:00",
        "",
        "CHECK" + " " * 2000,
    ],
)
def test_commands_that_are_never_sent(text: str) -> None:
    with pytest.raises(MisuseError):
        checked_command(text)
    with pytest.raises(MisuseError):
        PushCommand(id="1", text=text).encode()


@pytest.mark.parametrize("bad", ["", "a b", "1\n", "x" * 17, "é"])
def test_an_id_is_ours(bad: str) -> None:
    with pytest.raises(MisuseError):
        PushCommand(id=bad, text="CHECK").encode()


@pytest.mark.parametrize("name", ["a\tPri=14", "a\nC:9:SHELL x", "\0", "a\x85b"])
def test_a_name_injects_nothing(name: str) -> None:
    with pytest.raises(MisuseError):
        update_user(PushUser(user_id="1", name=name))
    with pytest.raises(MisuseError):
        update_user(PushUser(user_id="1\tPri=14"))
    with pytest.raises(MisuseError):
        PushUser(user_id="1", name=name).encode()


@given(user_ids, words)
def test_user_commands_there_and_back(user_id: str, name: str) -> None:
    user = PushUser(user_id=user_id, name=name)
    (command,) = parse_commands(
        encode_commands([PushCommand(id="1", text=update_user(user))])
    )
    assert command.text.split("\t")[1] == f"Name={name}"


def test_the_handshake_both_ways() -> None:
    options = HandshakeOptions(serial="A1", timezone="8", stamps={"ATTLOG": "82983982"})
    serial, told = parse_handshake(options.encode())
    assert serial == "A1"
    assert told["ATTLOGStamp"] == "82983982"
    assert told["OPERLOGStamp"] == "0"
    assert told["TimeZone"] == "8"
    assert told["Realtime"] == "1"
    assert "Stamp" not in told
    assert b"\r" not in options.encode()
    old = HandshakeOptions(serial="A1", timezone="8", old_names=True)
    assert parse_handshake(old.encode())[1]["Stamp"] == "0"


@pytest.mark.parametrize("stamp", ["1\nDelay=1", "1\r", "1\0"])
def test_a_stamp_injects_nothing(stamp: str) -> None:
    with pytest.raises(MisuseError):
        HandshakeOptions(serial="A", timezone="8", stamps={"ATTLOG": stamp}).encode()
    with pytest.raises(MisuseError):
        HandshakeOptions(serial=stamp, timezone="8").encode()


def test_the_lower_version_is_agreed() -> None:
    assert agreed_version("2.2.14") == (2, 2, 14)
    assert agreed_version("3.1") == (2, 4, 1)
    assert agreed_version("") == (2, 2, 14)
    assert agreed_version("2.x; drop") == (2, 2, 14)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(480, "8"), (0, "0"), (-300, "-5"), (330, "330"), (345, "345"), (-210, "-210")],
)
def test_time_zones_both_ways(minutes: int, text: str) -> None:
    offset = timedelta(minutes=minutes)
    assert timezone_text(offset) == text
    assert parse_timezone(text) == offset
