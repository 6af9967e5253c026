"""What a line of panels says, told apart from what it gives back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.ub485.frames import Light, Message, Poll, Signal, Text
from drivers.ff68.echo import EchoMode
from drivers.transports.memory import MemoryTransport, memory_pair
from drivers.ub485.line import PanelLine
from drivers.ub485.presses import PanelPresses

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CALL = Signal(0x21, 0x31)
RED = Signal.of(0x21, Light.RED)
TEXT = Text(0x21, "007")


def line(echo: EchoMode = EchoMode.AUTO) -> tuple[PanelLine, MemoryTransport]:
    near, far = memory_pair()
    return PanelLine(near, answer_s=0.01, echo=echo), far


async def said(panels: PanelLine, far: MemoryTransport, *data: bytes) -> list[Signal]:
    """What is heard when panels say this in one breath."""
    await far.write(b"".join(data))
    return await panels.listen(0.01)


def test_a_light_and_a_key_look_alike() -> None:
    assert RED.encode() == CALL.encode()


async def test_without_echo_a_key_that_equals_a_light_is_a_key() -> None:
    panels, far = line()
    assert await panels.ask(0x21) == []
    await panels.show(RED, 0.001)
    assert await said(panels, far, CALL.encode()) == [CALL]
    assert panels.echoes is False


async def test_an_echo_however_late_and_glued_is_no_key() -> None:
    panels, far = line()
    await panels.ask(0x21)
    await panels.show(TEXT, 0.001)
    await panels.show(RED, 0.001)
    await panels.ask(0x22)
    echo: list[Message] = [Poll(0x21), TEXT, RED, Poll(0x22)]
    start = Signal(0x22, 0x32)
    heard = await said(panels, far, *(m.encode() for m in echo), start.encode())
    assert heard == [start]
    assert panels.echoes is True
    assert await said(panels, far, CALL.encode()) == [CALL]  # RED came back already
    assert panels.collisions == 0


async def test_echo_that_is_told_needs_no_proof() -> None:
    panels, far = line(EchoMode.ON)
    await panels.show(RED, 0.001)
    assert await said(panels, far, RED.encode()) == []
    panels, far = line(EchoMode.OFF)
    await panels.show(RED, 0.001)
    assert await said(panels, far, RED.encode()) == [CALL]


async def test_a_collision_is_counted_and_nothing_of_it_taken() -> None:
    panels, far = line()
    assert await said(panels, far, b"\x01\x21", CALL.encode()) == []
    assert panels.collisions == 1
    assert "01 21" in panels.last_collision


def presses(kept: dict[str, Any] | None = None) -> PanelPresses:
    return PanelPresses(0.3, (kept or {}).get)


def heard(book: PanelPresses, code: int, at_s: float, *, round_s: float = 0.1) -> bool:
    answer = Signal(0x21, code)
    time = NOW + timedelta(seconds=at_s)
    return book.is_new(answer, at_s, time, round_s=round_s)


def test_answers_to_polls_that_follow_each_other_are_one_press() -> None:
    book = presses()
    assert heard(book, 0x31, 0)
    assert not any(heard(book, 0x31, at * 0.25) for at in range(1, 20))
    assert heard(book, 0x31, 10)
    assert heard(book, 0x32, 10.05)
    assert heard(book, 0x31, 10.1)


def test_on_a_crowded_line_two_rounds_are_waited_for_but_no_more() -> None:
    book = presses()
    assert heard(book, 0x31, 0, round_s=0.4)
    assert not heard(book, 0x31, 0.7, round_s=0.4)
    assert heard(book, 0x31, 1.8, round_s=5)


def test_a_panel_that_says_nothing_is_pressed_let_go_of_it() -> None:
    book = presses()
    assert heard(book, 0x31, 0, round_s=0.4)
    assert not heard(book, 0x30, 0.1, round_s=0.4)
    assert not heard(book, 0x31, 0.2, round_s=0.4)  # bounces
    assert not heard(book, 0x30, 0.3, round_s=0.4)
    assert heard(book, 0x31, 0.6, round_s=0.4)


@pytest.mark.parametrize(("later_s", "new"), [(1.0, False), (3.0, True)])
def test_a_press_is_remembered_over_a_restart(later_s: float, *, new: bool) -> None:
    kept = PanelPresses.memory(CALL, NOW)
    assert heard(presses(kept), 0x31, later_s) is new
    assert heard(presses(kept), 0x32, later_s)


@pytest.mark.parametrize("kept", [{}, {"key-33": None}, {"key-33": {"time": "x"}}])
def test_what_cannot_be_read_is_not_remembered(kept: dict[str, Any]) -> None:
    assert heard(presses(kept), 0x31, 0)


def test_a_press_that_failed_is_new_again() -> None:
    book = presses()
    assert heard(book, 0x31, 0)
    book.failed(CALL)
    assert heard(book, 0x31, 0.05)
