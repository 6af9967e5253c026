from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from bridge.cli.board import Board, shown

DEVICE: dict[str, Any] = {
    "id": "led-main",
    "name": "LED",
    "state": "ready",
    "reason": "",
    "value": {"text": "请A001号到1号窗口"},
}
QUEUE: dict[str, Any] = {
    "services": [{"id": "reg", "name": "企业登记", "waiting": 3}],
    "counters": [
        {
            "id": "w1",
            "name": "1号窗口",
            "state": "calling",
            "services": ["reg"],
            "ticket": {"id": "1", "number": "A001", "state": "called"},
        }
    ],
}


def test_the_board_shows_devices_windows_and_news() -> None:
    said: list[str] = []
    board = Board([("screen", "http://x/screen/hall")], said.append)
    board.take_devices([DEVICE])
    board.take_queue(QUEUE)
    board.take_call({"ticket": {"number": "A001"}, "counter_number": 1, "repeat": 2})
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(board)
    text = capture.get()
    for word in ("http://x/screen/hall", "请A001号", "企业登记 3", "A001 called"):
        assert word in text
    assert said[0].endswith("led-main is ready")
    assert said[1].endswith("call A001 to window 1 (again)")


@pytest.mark.parametrize("height", [20, 40])
def test_the_board_fills_the_terminal_with_the_latest(height: int) -> None:
    board = Board([("screen", "http://x/screen/hall")], lambda _: None)
    board.take_devices([DEVICE | {"id": f"led-{n}"} for n in range(8)])
    board.take_queue(QUEUE)
    for number in range(60):
        board.news(f"news {number}.")
    console = Console(width=100, height=height, record=True, quiet=False)
    with console.capture() as capture:
        console.print(board)
    lines = capture.get().rstrip("\n").split("\n")
    assert len(lines) == height
    assert "news 59." in capture.get()


def test_only_changes_of_state_are_news() -> None:
    said: list[str] = []
    board = Board([], said.append)
    board.take_devices([DEVICE])
    board.take_devices([DEVICE])
    board.take_devices([DEVICE | {"state": "offline", "reason": "no answer"}])
    assert [line[10:] for line in said] == [
        "led-main is ready",
        "led-main is offline (no answer)",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ({"text": "x"}, "x"),
        ({"text": "x\ny"}, "x / y"),
        ({"units": {"1": {"ticket": "A001", "waiting": 2}}}, "1: A001 (2)"),
        ({"units": {"1": {"ticket": None, "waiting": None}}}, "1: - (0)"),
        (
            {"units": {"1": {"text": "12", "number": 12}, "2": {"text": ""}}},
            "1: 12  2: -",
        ),
    ],
)
def test_shown(value: dict[str, Any] | None, text: str) -> None:
    assert shown(value) == text
