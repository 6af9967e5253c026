from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.cli.hallfile import read_hall_file
from bridge.cli.schemas import hall_schema, schema_text
from devices.shipped import config_folder
from drivers.registry import driver_names

CONTRACT_HALL = """\
hall: {id: qiaojia, name: 便民投资服务中心, timezone: Asia/Shanghai}
mqtt: {url: embedded, port: 1883}
store: {url: sqlite}
web: {host: 127.0.0.1, port: 8080}
adms: {port: 8081}
services: [{id: reg, prefix: A, name: 企业登记}, {id: idcard, prefix: B, name: 身份证}]
counters: [{id: w1, number: 1, name: 1号窗口, services: [reg], area: hall}]
areas: [{id: hall, name: 一楼大厅}]
devices:
  - {id: clock-east, driver: zk, url: "tcp://192.168.1.201:4370", comm_key: !secret clock}
  - {id: clock-push, driver: adms, serial: "OGT1234567"}
  - id: bus-1
    driver: ff68
    url: "serial:/dev/serial/by-path/pci-0000?baudrate=9600"
    keymap: classic
    units: [{address: 1, counter: w1, evaluator: true}]
  - {id: led-main, driver: onbon, url: "tcp://10.0.0.9:5005", area: hall, width: 192, height: 32, model: 6k}
  - {id: strip-1, driver: strip, bus: bus-1, address: 1, counter: w1}
  - {id: led-2, driver: cpower, url: "tcp://10.0.0.10:5200", area: hall}
  - {id: id-1, driver: sdt, url: "serial:/dev/serial/by-id/x?baudrate=115200", counter: w1}
  - {id: nfc-1, driver: pcsc, reader: "ACS ACR122U*", counter: w1}
  - {id: printer-1, driver: escpos, url: "tcp://10.0.0.20:9100"}
  - {id: pad-1, driver: keypad, path: "/dev/input/by-id/x", counter: w1}
"""  # noqa: E501 - as the contract writes it


def test_the_contracts_hall_file_runs(tmp_path: Path) -> None:
    path = tmp_path / "hall.yaml"
    path.write_text(CONTRACT_HALL)
    hall = read_hall_file(path, {"HALLD_SECRET_CLOCK": "123456"})
    assert [str(mistake) for mistake in hall.mistakes] == []
    assert hall.site is not None
    later = {entry.driver for entry in hall.site.devices} - set(driver_names())
    assert len(hall.warnings) == len(later)


def test_the_example_hall_has_no_mistake() -> None:
    hall = read_hall_file(config_folder() / "hall.example.yaml", {})
    assert [str(m) for m in [*hall.mistakes, *hall.warnings]] == []
    assert hall.site is not None
    assert hall.site.hall.simulated
    assert hall.site.area("hall")
    assert hall.site.counter("w1")
    assert hall.site.service("reg")


def test_the_schema_file_is_current() -> None:
    path = config_folder() / "hall.schema.json"
    assert path.read_text() == schema_text(), f"halld schema > {path}"


def test_the_schema_knows_every_driver() -> None:
    variants = hall_schema()["$defs"]["DeviceEntry"]["oneOf"]
    named = {variant["properties"]["driver"].get("const") for variant in variants}
    assert named >= set(driver_names())


@pytest.mark.parametrize("driver", ["zk", "ff68"])
def test_a_misspelt_key_of_a_driver_is_told_with_the_right_one(
    tmp_path: Path, driver: str
) -> None:
    wrong, right = {"zk": ("com_key", "comm_key"), "ff68": ("kymap", "keymap")}[driver]
    body = {
        "hall": {"id": "x"},
        "devices": [
            {"id": "d", "driver": driver, "url": "tcp://127.0.0.1:1", wrong: "classic"}
        ],
    }
    path = tmp_path / "hall.yaml"
    path.write_text(json.dumps(body))
    told = [f"{m.key}: {m.message}" for m in read_hall_file(path, {}).mistakes]
    assert told == [f"devices[0].{wrong}: no such key; did you mean {right}?"]


def test_a_misspelt_key_within_a_unit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hall.yaml"
    path.write_text(
        "hall: {id: x}\n"
        "counters: [{id: w1, number: 1}]\n"
        "devices:\n"
        "  - id: bus\n"
        "    driver: ff68\n"
        "    url: tcp://127.0.0.1:1\n"
        "    units:\n"
        "      - {address: 1, counter: w1}\n"
        "      - {adress: 2, counter: w1}\n"
    )
    told = [f"{m.line} {m.key}: {m.message}" for m in read_hall_file(path, {}).mistakes]
    assert "9 devices[0].units[1].adress: no such key; did you mean address?" in told
    assert "9 devices[0].units[1].address: is missing" in told
