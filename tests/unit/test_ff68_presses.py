from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.ff68.frames import Frame, key_frame, rating_frame
from drivers.ff68.presses import (
    OUTAGE_S,
    REOPENED_S,
    RESEND_WINDOW_S,
    SETTLE_S,
    Heard,
    PressBook,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CALL = key_frame(1, b"\x0c")
RECALL = key_frame(1, b"\x0d")
DEBOUNCE_S = 0.3


class Node:
    """A press book with its disk; `now_s` is both clocks."""

    def __init__(self, debounce_s: float = DEBOUNCE_S) -> None:
        self.disk: dict[str, Any] = {}
        self.debounce_s = debounce_s
        self.now_s = 100.0
        self.start()

    def start(self) -> None:
        self.book = PressBook(self.debounce_s, self.disk.get)
        self.book.line_opened(self.now_s)

    def hear(self, frame: Frame, after_s: float = 0.0, *, answer: bool = True) -> bool:
        self.now_s += after_s
        heard = Heard(
            frame=frame, at_s=self.now_s, time=START + timedelta(seconds=self.now_s)
        )
        is_new = self.book.is_new(heard)
        if is_new:
            self.disk.update(self.book.memory([heard.device]))
        if answer:
            self.book.acknowledged(heard, self.now_s)
        return is_new

    def settle(self, after_s: float) -> None:
        self.now_s += after_s
        self.disk.update(self.book.settle(self.now_s))


def test_the_same_frame_within_the_debounce_is_one_press() -> None:
    node = Node()
    assert node.hear(CALL)
    assert not node.hear(CALL, 0.05)
    assert not node.hear(CALL, 0.29)  # each one heard starts the time anew
    assert node.hear(CALL, 0.31)


def test_another_key_or_device_is_another_press() -> None:
    node = Node()
    assert node.hear(CALL)
    assert node.hear(RECALL, 0.01)
    assert node.hear(CALL, 0.01)
    assert node.hear(key_frame(2, b"\x0c"))


def test_a_caller_and_an_evaluator_on_one_address_do_not_mix() -> None:
    node = Node()
    assert node.hear(rating_frame(1, 3))
    assert node.hear(CALL, 0.01)
    assert not node.hear(rating_frame(1, 3), 0.1)
    assert not node.hear(CALL, 0.1)


def test_what_is_not_answered_yet_is_one_press_however_long_the_disk_takes() -> None:
    node = Node()
    assert node.hear(CALL, answer=False)
    assert not node.hear(CALL, 2.0, answer=False)
    assert not node.hear(CALL, 2.0)
    assert node.hear(CALL, 0.31)


def test_a_frame_that_crossed_the_answer_is_the_same_press() -> None:
    node = Node(debounce_s=0)
    assert node.hear(CALL)
    assert not node.hear(CALL, 0.04)
    assert node.hear(CALL, 0.06)


def test_a_resend_after_a_restart_is_the_same_press() -> None:
    node = Node()
    assert node.hear(CALL, answer=False)
    node.start()
    assert not node.hear(CALL, 5.0)
    assert not node.hear(CALL, 0.2)
    assert node.hear(CALL, 0.4)


def test_a_device_that_asks_through_a_long_outage_pressed_once() -> None:
    node = Node()
    assert node.hear(CALL)
    node.now_s += RESEND_WINDOW_S * 2  # nobody is there to hear it
    node.start()
    assert not node.hear(CALL, 0.3)
    assert node.hear(CALL, 0.4)


@pytest.mark.parametrize(
    ("outage_s", "silent_s"),
    [(RESEND_WINDOW_S * 2, REOPENED_S + 1), (OUTAGE_S + 1, 0.3)],
)
def test_after_a_long_outage_the_same_key_is_pressed_again(
    outage_s: float, silent_s: float
) -> None:
    node = Node()
    assert node.hear(CALL)
    node.now_s += outage_s
    node.start()
    assert node.hear(CALL, silent_s)


def test_an_answer_may_have_been_lost_with_the_node() -> None:
    node = Node()
    assert node.hear(CALL)
    node.settle(SETTLE_S / 2)
    node.start()
    assert not node.hear(CALL, 1.0)


def test_after_a_restart_only_the_last_frame_counts() -> None:
    node = Node()
    node.hear(CALL)
    node.start()
    assert node.hear(RECALL, 0.1)
    assert node.hear(CALL, 0.1)


def test_only_the_first_frame_after_a_restart_is_a_resend() -> None:
    node = Node()
    node.hear(CALL)
    node.start()
    assert not node.hear(CALL, 1.0)
    assert node.hear(CALL, 1.0)


@pytest.mark.parametrize("age_s", [RESEND_WINDOW_S + 1, -RESEND_WINDOW_S - 1])
def test_an_old_press_or_another_clock_swallows_nothing(age_s: float) -> None:
    node = Node()
    node.hear(CALL, answer=False)
    node.start()
    assert node.hear(CALL, age_s)


def test_a_settled_press_swallows_nothing_after_a_restart() -> None:
    node = Node()
    node.hear(CALL)
    assert node.book.settles_at_s == pytest.approx(node.now_s + SETTLE_S)
    node.settle(SETTLE_S)
    assert node.book.settles_at_s is None
    node.start()
    assert node.hear(CALL, 0.5)


def test_a_resend_that_was_answered_settles_later() -> None:
    node = Node()
    node.hear(CALL)
    node.hear(CALL, 0.2)
    node.settle(SETTLE_S - 0.1)
    node.start()
    assert not node.hear(CALL, 0.5)


def test_a_long_debounce_holds_over_a_restart_too() -> None:
    node = Node(debounce_s=8)
    node.hear(CALL)
    node.settle(SETTLE_S)
    node.start()
    assert not node.hear(CALL, 2.0)
    assert node.hear(CALL, 9.0)


def test_an_outage_of_the_line_is_like_a_restart() -> None:
    node = Node()
    node.hear(CALL)
    node.now_s += SETTLE_S  # silent because the line is dead
    node.book.line_opened(node.now_s)
    node.settle(0)
    assert not node.hear(CALL, 0.5)
    assert node.hear(CALL, 0.5)


def test_an_outage_does_not_touch_what_was_settled() -> None:
    node = Node()
    node.hear(CALL)
    node.settle(SETTLE_S)
    node.book.line_opened(node.now_s)
    assert node.hear(CALL, 0.1)


def test_a_press_that_was_not_journalled_is_taken_when_it_comes_again() -> None:
    node = Node()
    node.hear(CALL)
    heard = Heard(frame=CALL, at_s=node.now_s + 1, time=START)
    assert node.book.is_new(heard)
    node.book.failed([heard.device])
    node.book.line_opened(node.now_s)
    assert node.hear(CALL, 1.2)


def test_a_press_of_which_nobody_knows_goes_by_the_disk() -> None:
    node = Node()
    node.hear(CALL, answer=False)
    node.book.forget([(1, False)])
    assert not node.hear(CALL, 1.0)
    node.book.forget([(1, False)])
    node.disk.clear()
    assert node.hear(CALL, 1.0)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        {},
        {"frame": [1], "time": "x", "settled": False},
        {"frame": [1, "0c"], "time": "yesterday", "settled": False},
        {"frame": [1, "0c"], "time": "2026-03-02T09:00:00", "settled": False},
        {"frame": [1, "zz"], "time": "2026-03-02T09:00:00+08:00", "settled": False},
    ],
)
def test_a_memory_that_cannot_be_read_swallows_nothing(kept: Any) -> None:
    node = Node()
    node.disk["key-1"] = kept
    assert node.hear(CALL)


def test_a_press_without_an_answer_does_not_settle() -> None:
    node = Node()
    node.hear(CALL, answer=False)
    node.settle(SETTLE_S)
    node.settle(SETTLE_S)
    assert node.disk["key-1"]["settled"] is False
    assert node.book.settles_at_s is not None


def test_presses_settle_together() -> None:
    node = Node()
    node.hear(CALL)
    node.settle(SETTLE_S)
    node.hear(key_frame(2, b"\x0c"))
    first_s = node.now_s
    node.hear(key_frame(3, b"\x0c"), 0.1)
    node.settle(SETTLE_S)
    assert {name: kept["settled"] for name, kept in node.disk.items()} == {
        "key-1": True,
        "key-2": True,
        "key-3": True,
    }
    assert first_s < node.now_s
