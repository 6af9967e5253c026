from __future__ import annotations

import pytest

from devices.ff68.frames import Digits, Message, ShortAck, beep, key_frame
from drivers.ff68.echo import (
    BOUNCES_DENIED,
    BOUNCES_UNKNOWN,
    DOUBT_AFTER,
    MOST_PENDING,
    EchoFilter,
    EchoMode,
)

CALL = key_frame(1, b"\x0c")
SHOW = Digits(waiting="003").frame(1)
PROMPT_S, SLOW_S, MISSED_S = 0.01, 0.1, 0.3


class Line:
    """Drives a filter with times that a test names as steps."""

    def __init__(self, mode: EchoMode = EchoMode.AUTO) -> None:
        self.filter = EchoFilter(mode)
        self.now_s = 100.0

    def send(self, message: Message) -> None:
        self.filter.sent(message, self.now_s, own=message != CALL)

    def hear(self, message: Message, after_s: float) -> bool:
        """Whether the frame is taken for an echo."""
        self.now_s += after_s
        return self.filter.is_echo(message, self.now_s)


def test_off_drops_nothing() -> None:
    line = Line(EchoMode.OFF)
    for message in (CALL, SHOW):
        line.send(message)
        assert not line.hear(message, PROMPT_S)


def test_on_drops_each_echo_once_and_nothing_else() -> None:
    line = Line(EchoMode.ON)
    assert not line.hear(CALL, 0)
    line.send(SHOW)
    line.send(CALL)
    assert line.hear(SHOW, PROMPT_S)
    assert line.hear(CALL, 1.0)  # a busy host reads late
    assert not line.hear(CALL, PROMPT_S)  # the caller sends again


def test_on_stays_on_when_frames_do_not_come_back() -> None:
    line = Line(EchoMode.ON)
    for _ in range(10):
        line.send(SHOW)
        line.now_s += 10
    line.send(CALL)
    assert line.hear(CALL, SLOW_S)


def test_an_echo_that_was_garbled_does_not_shift_the_others() -> None:
    line = Line(EchoMode.ON)
    line.send(SHOW)
    line.send(beep(1))
    line.send(CALL)
    assert line.hear(beep(1), PROMPT_S)
    assert line.hear(CALL, PROMPT_S)
    assert not line.hear(CALL, PROMPT_S)


@pytest.mark.parametrize("own", [SHOW, beep(1), ShortAck(0x81)])
def test_auto_knows_at_once_by_a_frame_that_no_device_sends(own: Message) -> None:
    line = Line()
    line.send(own)
    assert line.hear(own, SLOW_S)
    assert line.filter.believed
    line.send(CALL)
    assert line.hear(CALL, 1.0)
    assert not line.hear(CALL, SLOW_S)


def test_auto_knows_at_once_by_a_frame_that_does_not_come_back() -> None:
    line = Line()
    line.send(SHOW)
    assert not line.hear(CALL, MISSED_S)
    assert line.filter.believed is False
    line.send(CALL)
    assert not line.hear(CALL, PROMPT_S)


def test_an_own_frame_is_known_however_late_it_is_read() -> None:
    line = Line()
    line.send(SHOW)
    assert line.hear(SHOW, 3.0)
    assert line.filter.believed


def test_a_first_answer_that_returns_promptly_is_an_echo() -> None:
    line = Line()
    line.send(CALL)
    assert line.hear(CALL, PROMPT_S)
    line.now_s += MISSED_S
    line.send(CALL)
    assert line.hear(CALL, PROMPT_S)
    assert line.filter.believed


def test_a_first_answer_that_returns_slowly_is_the_caller_again() -> None:
    line = Line()
    line.send(CALL)
    assert not line.hear(CALL, SLOW_S)


def test_a_resend_on_its_way_when_the_answer_left_is_no_echo() -> None:
    line = Line()
    assert not line.hear(CALL, 0)
    assert not line.hear(CALL, 0)
    line.send(CALL)
    line.send(CALL)
    assert not line.hear(CALL, MISSED_S)


def test_an_echo_never_overtakes_what_was_sent_before() -> None:
    line = Line()
    line.send(SHOW)
    line.send(CALL)
    assert not line.hear(CALL, PROMPT_S)


@pytest.mark.parametrize(
    ("denied", "bounces"), [(False, BOUNCES_UNKNOWN), (True, BOUNCES_DENIED)]
)
def test_a_slow_echo_is_found_out_before_it_goes_on_for_ever(
    *, denied: bool, bounces: int
) -> None:
    line = Line()
    if denied:
        line.send(SHOW)
        line.now_s += MISSED_S
    dropped = []
    for _ in range(bounces):
        line.send(CALL)
        dropped.append(line.hear(CALL, SLOW_S))
    assert dropped == [False] * (bounces - 1) + [True]


def test_a_line_that_stops_echoing_is_noticed() -> None:
    line = Line()
    line.send(SHOW)
    assert line.hear(SHOW, PROMPT_S)
    for _ in range(DOUBT_AFTER):
        line.send(beep(1))
        line.now_s += 10
    assert not line.hear(CALL, PROMPT_S)
    assert line.filter.believed is False


def test_another_line_is_judged_anew() -> None:
    line = Line()
    line.send(SHOW)
    assert line.hear(SHOW, PROMPT_S)
    line.filter.line_opened()
    assert line.filter.believed is None
    assert not line.hear(SHOW, PROMPT_S)


def test_what_is_kept_is_bounded() -> None:
    line = Line(EchoMode.ON)
    for _ in range(3 * MOST_PENDING):
        line.send(SHOW)
    assert sum(line.hear(SHOW, 0) for _ in range(3 * MOST_PENDING)) >= MOST_PENDING
    assert len(line.filter._sent) == 0
    assert not line.filter._pending
