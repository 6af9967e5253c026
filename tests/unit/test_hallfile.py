from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.cli.hallfile import HallFile, read_hall_file

GOOD = """\
hall: {id: demo, name: 测试大厅}
services:
  - {id: reg, prefix: A, name: 企业登记}
counters:
  - id: w1
    number: 1
    services: [reg]
    area: hall
areas: [{id: hall}]
"""


def read(tmp_path: Path, text: str | bytes, **environment: str) -> HallFile:
    path = tmp_path / "hall.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_hall_file(path, environment)


def told(hall: HallFile) -> list[str]:
    return [f"{Path(m.file).name}:{m.line}:{m.key}: {m.message}" for m in hall.mistakes]


def test_a_good_file_becomes_a_site(tmp_path: Path) -> None:
    hall = read(tmp_path, GOOD)
    assert (told(hall), hall.warnings) == ([], [])
    assert hall.site is not None
    assert hall.site.counters[0].services == ["reg"]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_a_hall_file_too(tmp_path: Path, indent: int | str | None) -> None:
    body = {
        "hall": {"id": "demo", "name": "大厅 \U0001f600 a/b"},
        "web": {"port": 0},
        "services": [{"id": "reg", "prefix": "A"}],
    }
    hall = read(tmp_path, json.dumps(body, indent=indent).replace("/", "\\/"))
    assert told(hall) == []
    assert hall.site is not None
    assert hall.site.hall.name == "大厅 \U0001f600 a/b"


def test_json_mistakes_have_lines(tmp_path: Path) -> None:
    body = {"hall": {"id": "demo"}, "web": {"prot": 1}}
    hall = read(tmp_path, json.dumps(body, indent="\t"))
    assert told(hall) == ["hall.yaml:6:web.prot: no such key; did you mean port?"]


def test_yaml_1_2_has_no_norway_and_no_dates(tmp_path: Path) -> None:
    hall = read(tmp_path, "hall: {id: no, name: 2026-01-01}")
    assert hall.site is not None
    assert (hall.site.hall.id, hall.site.hall.name) == ("no", "2026-01-01")


BAD: list[tuple[str | bytes, list[str]]] = [
    ("", ["hall.yaml:1:: the hall file is empty"]),
    ("# only a comment\n", ["hall.yaml:1:: the hall file is empty"]),
    ("- a\n- b\n", ["hall.yaml:1:: the hall file is no mapping"]),
    ("just text", ["hall.yaml:1:: the hall file is no mapping"]),
    ("services: []\n", ["hall.yaml:1:hall: is missing"]),
    ("hall:\n  name: x\n", ["hall.yaml:1:hall.id: is missing"]),
    ("hall: {id: demo}\nhal: 1\n", ["hall.yaml:2:hal: no such key; did you mean hall"]),
    (
        "hall:\n  id: demo\n  timezone: Asia/Shangai\n",
        ["hall.yaml:3:hall.timezone: unknown time zone 'Asia/Shangai'"],
    ),
    (
        "hall:\n  id: 大厅\n",
        ["hall.yaml:2:hall.id: want 1-64 of A-Z a-z 0-9 _ -, not '大厅'"],
    ),
    (
        "hall: {id: demo}\nweb:\n  port: many\n",
        ["hall.yaml:3:web.port: input should be a valid integer"],
    ),
    (
        "hall: {id: demo}\nweb:\n  port: 99999\n",
        ["hall.yaml:3:web.port: input should be less than or equal to 65535"],
    ),
    (
        "hall: {id: demo}\nweb: {host: 0.0.0.0}\n",
        ["hall.yaml:2:web: host 0.0.0.0 lets other machines in, so web.token"],
    ),
    (
        "hall: {id: demo}\nhall: {id: two}\n",
        ["hall.yaml:2:hall: the key stands twice (first in line 1)"],
    ),
    (
        "hall:\n  id: demo\n  name: a\n  name: b\n",
        ["hall.yaml:4:hall.name: the key stands twice (first in line 3)"],
    ),
    ("hall:\n\tid: demo\n", ["hall.yaml:2:: a tab; YAML indents with spaces only"]),
    ("hall: {id: demo\nweb: {}\n", ["hall.yaml:2:: not YAML"]),
    ("hall: {id: demo}\n---\nx: 1\n", ["hall.yaml:2:: not YAML"]),
    (b"hall:\n  id: demo\n  name: \xb4\xf3\xcc\xfc\n", ["hall.yaml:3:: not UTF-8"]),
    (b"hall: {id: demo}\nweb: \x00\n", ["hall.yaml:2:: not YAML"]),
    ("hall: &a\n  id: *a\n", ["hall.yaml:1:hall.id: an alias (*) leads back"]),
    ("hall: {id: !odd demo}\n", ["hall.yaml:1:hall.id: unknown tag !odd"]),
    ("hall: {id: demo}\nservices: 5\n", ["hall.yaml:2:services: input should be a"]),
    (
        "hall: {id: demo}\nweb:\n  token: !secret web\n",
        ["hall.yaml:3:web.token: no secret 'web': write `web: ...` into "],
    ),
    (
        GOOD + "devices:\n  - id: x\n    driver: tv\n",
        ["hall.yaml:12:devices[0].driver: no driver 'tv'; there are: "],
    ),
    (
        GOOD + "devices:\n  - {id: x}\n  - {driver: zk}\n",
        [
            "hall.yaml:11:devices[0].driver: is missing",
            "hall.yaml:12:devices[1].id: is missing",
        ],
    ),
    (
        (
            "hall: {id: demo}\ncounters:\n"
            "  - {id: w1, number: 1, services: [reg], area: hal}\n"
            "  - {id: w1, number: 1}\n"
            "  - {id: w3, number: 0}\n"
            "devices:\n"
            "  - {id: p, driver: pcsc, counter: w9}\n"
        ),
        [
            "hall.yaml:3:counters[0].area: no area 'hal'; none is defined",
            "hall.yaml:3:counters[0].services[0]: no service 'reg'; none",
            "hall.yaml:4:counters[1].id: id 'w1' stands twice",
            "hall.yaml:4:counters[1].number: number 1 stands twice",
            "hall.yaml:5:counters[2].number: input should be greater than",
            "hall.yaml:7:devices[0].counter: no counter 'w9'; there are: w1",
        ],
    ),
    (
        (
            "hall: {id: demo}\nservices:\n  - {id: reg, prefix: abc}\n"
            "counters:\n  - {id: w1, number: 1, services: [reg]}\n"
        ),
        ["hall.yaml:3:services[0].prefix: string should match pattern"],
    ),
    (
        (
            "hall: {id: demo}\nservices:\n"
            "  - {id: reg, quotas: [{from: '9:00', to: '08:00', limit: 1}]}\n"
            "counters:\n  - id: w1\n    number: 1\n"
            "    services: [reg, {id: reg, weigth: 2}]\n"
            "    roster:\n"
            "      - {services: [reg], form: 03-02}\n"
            "      - {services: [reg], weekdays: [8]}\n"
        ),
        [
            "hall.yaml:3:services[0].quotas[0].from: ",
            "hall.yaml:7:counters[0].services[1].weigth: no such key; did you ",
            "hall.yaml:9:counters[0].roster[0].form: no such key; did you mean from?",
            "hall.yaml:10:counters[0].roster[1].weekdays[0]: input should be less than",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_every_mistake_is_told_with_file_line_and_key(
    tmp_path: Path, text: str | bytes, expected: list[str]
) -> None:
    hall = read(tmp_path, text)
    found = told(hall)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)
    assert hall.site is None


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    hall = read_hall_file(tmp_path / "none.yaml", {})
    assert told(hall) == ["none.yaml:1:: cannot be read: No such file or directory"]


HIDDEN = "hall: {id: demo}\nweb: {host: 0.0.0.0, token: !secret web-token}\n"


def test_secrets_come_from_the_file_beside(tmp_path: Path) -> None:
    beside = tmp_path / "secrets.yaml"
    beside.write_text("web-token: 12345678\n")
    beside.chmod(0o600)
    hall = read(tmp_path, HIDDEN)
    assert (told(hall), hall.warnings) == ([], [])
    assert hall.site is not None
    assert hall.site.web.token == "12345678"  # noqa: S105 - a specimen


def test_secrets_come_from_the_environment_first(tmp_path: Path) -> None:
    hall = read(tmp_path, HIDDEN, HALLD_SECRET_WEB_TOKEN="from-outside")  # noqa: S106
    assert hall.site is not None
    assert hall.site.web.token == "from-outside"  # noqa: S105 - a specimen


def test_a_missing_secret_names_both_ways(tmp_path: Path) -> None:
    (mistake,) = read(tmp_path, HIDDEN).mistakes
    assert str(tmp_path / "secrets.yaml") in mistake.message
    assert "HALLD_SECRET_WEB_TOKEN" in mistake.message


def test_a_secrets_file_that_others_read_is_a_warning(tmp_path: Path) -> None:
    beside = tmp_path / "secrets.yaml"
    beside.write_text("web-token: 12345678\n")
    beside.chmod(0o644)
    hall = read(tmp_path, HIDDEN)
    assert hall.site is not None
    assert "others can read it: chmod 600" in hall.warnings[0].message


def test_mistakes_of_the_secrets_file_have_its_name_and_line(tmp_path: Path) -> None:
    beside = tmp_path / "secrets.yaml"
    beside.write_text("a: 1\nweb-token: [x]\n")
    found = told(read(tmp_path, HIDDEN))
    assert "secrets.yaml:2:: web-token: want text or a number" in found


def test_a_secret_never_stands_in_a_message(tmp_path: Path) -> None:
    hall = read(tmp_path, HIDDEN, HALLD_SECRET_WEB_TOKEN="short")  # noqa: S106
    assert len(hall.mistakes) == 1
    assert "short" not in str(hall.mistakes[0]).replace("shorter", "")


def test_push_clocks(tmp_path: Path) -> None:
    clocks = """\
devices:
  - {id: a, driver: adms, serial: "S1", source: 10.0.0.0/24, path: s3cret}
  - {id: b, driver: adms, serial: "S2", source: everywhere}
  - {id: c, driver: adms, serial: "S2", url: "tcp://1.2.3.4:4370"}
  - {id: d, driver: adms, serial: "S 3", path: iclock}
  - {id: e, driver: adms}
"""
    found = told(read(tmp_path, GOOD + clocks))
    places = [line.rpartition(": ")[0].split(":")[2].strip() for line in found]
    assert sorted(places) == [
        "devices[1].source",
        "devices[2].serial",
        "devices[2].url",
        "devices[3].path",
        "devices[3].serial",
        "devices[4].serial",
    ]


def test_later_drivers_are_warnings(tmp_path: Path) -> None:
    hall = read(tmp_path, GOOD + "devices:\n  - {id: p, driver: pcsc, reader: 'x'}\n")
    assert told(hall) == []
    assert [w.key for w in hall.warnings] == ["devices[0].driver"]
    assert "not part of this version" in hall.warnings[0].message


def test_kiosks_name_what_there_is(tmp_path: Path) -> None:
    devices = "devices:\n  - {id: p, driver: escpos, url: 'tcp://127.0.0.1:9100'}\n"
    good = "kiosks:\n  - {id: k, printer: p, services: [reg], area: hall}\n"
    assert told(read(tmp_path, GOOD + devices + good)) == []
    bad = (
        "kiosks:\n  - {id: k, printer: q, services: [none], area: moon, print: maybe}\n"
        "  - {id: k2, printer: q, services: [reg, none], area: moon}\n"
    )
    found = told(read(tmp_path, GOOD + devices + bad))
    keys = sorted(line.split(":")[2] for line in found)
    assert keys == [
        "kiosks[0].print",
        "kiosks[1].area",
        "kiosks[1].printer",
        "kiosks[1].services[1]",
    ]
    assert any("no printer 'q'; there are: p" in line for line in found)
