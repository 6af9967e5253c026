from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.commands.tail import line, wanted
from bridge.cli.main import main
from bridge.cli.notify import Notifier
from bridge.cli.options import find_running
from bridge.cli.program import COMMANDS, halld
from devices.events import CloudEvent

GOOD = "hall: {id: demo}\nweb: {port: 0}\nmqtt: {port: 0}\n"


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "hall.yaml"
    path.write_text(text)
    return str(path)


def test_every_command_has_help() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(halld, [name, "--help"])
        assert result.exit_code == 0, result.output
        assert "Usage:" in result.output


def test_check_says_ok(tmp_path: Path) -> None:
    result = CliRunner().invoke(halld, ["check", "--config", write(tmp_path, GOOD)])
    assert result.exit_code == 0
    assert "ok: hall demo" in result.output


@pytest.mark.parametrize("command", ["check", "run", "simulate"])
def test_an_invalid_hall_file_is_exit_code_2(tmp_path: Path, command: str) -> None:
    config = write(tmp_path, "hall: {id: demo}\nwbe: {}\nstroe: {}\n")
    result = CliRunner().invoke(halld, [command, "--config", config])
    assert result.exit_code == 2
    assert f"{config}:2: wbe: no such key; did you mean web?" in result.output
    assert f"{config}:3: stroe: no such key; did you mean store?" in result.output


@pytest.mark.parametrize(
    ("text", "code"), [(GOOD, 0), ("hall: {id: demo}\nwbe: {}\n", 2)]
)
def test_the_program_ends_with_the_code_of_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int
) -> None:
    config = write(tmp_path, text)
    monkeypatch.setattr("sys.argv", ["halld", "check", "--config", config])
    with pytest.raises(SystemExit) as end:
        main()
    assert (end.value.code or 0) == code


def test_check_as_json(tmp_path: Path) -> None:
    config = write(tmp_path, "hall: {id: demo}\nwbe: {}\n")
    result = CliRunner().invoke(halld, ["check", "--json", "--config", config])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["errors"] == [
        {
            "file": config,
            "line": 2,
            "key": "wbe",
            "message": "no such key; did you mean web?",
        }
    ]


def test_a_node_name_that_is_no_id_is_told(tmp_path: Path) -> None:
    words = ["run", "--config", write(tmp_path, GOOD), "--node", "a b"]
    result = CliRunner().invoke(halld, words)
    assert result.exit_code == 2
    assert "not an id: 'a b'" in result.output


def test_ports_0_are_looked_up_where_the_hall_ran(tmp_path: Path) -> None:
    config = Path(write(tmp_path, GOOD))
    noted = {"http": "http://127.0.0.1:5", "mqtt": "mqtt://127.0.0.1:6"}
    (tmp_path / "run.json").write_text(json.dumps(noted))
    running = find_running(config, tmp_path)
    assert (running.http, running.mqtt) == (noted["http"], noted["mqtt"])
    assert find_running(None, tmp_path) == running
    assert find_running(None, tmp_path / "empty").http == "http://127.0.0.1:8080"


def test_a_fixed_port_needs_no_looking_up(tmp_path: Path) -> None:
    config = Path(write(tmp_path, "hall: {id: demo}\n"))
    running = find_running(config, tmp_path)
    assert running.http == "http://127.0.0.1:8080"
    assert running.mqtt == "mqtt://127.0.0.1:1883"


def test_devices_without_a_hall_is_one_plain_line() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        result = CliRunner().invoke(halld, ["devices", "--url", url])
    assert result.exit_code == 1
    assert f"no hall answers at {url}" in result.output


def an_event() -> CloudEvent:
    return CloudEvent.from_json(
        {
            "id": "1",
            "source": "urn:halld:demo:dev:bus-1",
            "type": "rating.press",
            "subject": "bus-1",
            "time": "2026-03-02T09:00:00+08:00",
            "receivedtime": "2026-03-02T09:00:00+08:00",
            "node": "main",
            "epoch": "e",
            "lane": "desk",
            "sequence": "1",
            "data": {"counter": "w1", "value": 5, "raw": "ff68"},
        }
    )


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (None, True),
        ("bus-1", True),
        ("rating.press", True),
        ("rating.*", True),
        ("bus-2", False),
        ("card.*", False),
    ],
)
def test_tail_filters_by_device_or_type(pattern: str | None, *, fits: bool) -> None:
    assert wanted(an_event(), pattern) is fits


def test_tail_shows_an_event_in_one_line() -> None:
    assert line(an_event()) == (
        '09:00:00 bus-1        rating.press       counter="w1" value=5'
    )


async def test_systemd_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000"})
        notifier.tell("READY=1")
        assert systemd.recv(100) == b"READY=1"
        answers = iter([False, True])

        def progressing() -> bool:
            return next(answers)

        with pytest.raises(RuntimeError, match="StopIteration"):
            await notifier.watch(progressing)
        assert systemd.recv(100) == b"WATCHDOG=1"
        systemd.settimeout(0)
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


async def test_without_systemd_nothing_is_told() -> None:
    notifier = Notifier({})
    notifier.tell("READY=1")
    await notifier.watch(lambda: True)


INTERRUPTED = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

from bridge.cli.main import main
sys.meta_path.insert(0, Interrupt())
sys.argv = ["halld", sys.argv[1]]
main()
"""


@pytest.mark.parametrize(("command", "code"), [("demo", 0), ("run", 0), ("check", 130)])
def test_an_interrupt_while_it_loads_is_a_plain_end(command: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (code, "")
