"""What a caller line sends, in which order; and how noise is judged."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.commands import Desired
from devices.ff68.frames import Digits, Message, beep, key_frame
from devices.strip.frames import SHOW, StripFrame
from drivers.ff68.digits import DARK, Board, UnitContent
from drivers.ff68.line import byte_s
from drivers.ff68.noise import BYTES_A_BURST, NoiseMeter
from drivers.ff68.outbox import MOST_ANSWERS, Outbox, Outgoing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
ANSWER = key_frame(1, b"\x0c")


def show(address: int, waiting: str) -> Message:
    return Digits(waiting=waiting).frame(address)


async def everything(outbox: Outbox) -> list[list[Message]]:
    taken = []
    while not outbox.is_idle or outbox._answers:
        taken.append([o.message for o in await outbox.take(0)])
    return taken


async def test_answers_then_urgent_digits_and_beeps_then_the_rest() -> None:
    outbox = Outbox()
    outbox.show(1, Outgoing(message=show(1, "001")), urgent=False)
    outbox.show(2, Outgoing(message=show(2, "002")), urgent=True)
    outbox.beep(Outgoing(message=beep(3)))
    outbox.beep(Outgoing(message=beep(3)))
    outbox.answer(Outgoing(message=ANSWER))
    outbox.answer(Outgoing(message=key_frame(2, b"\x0c")))
    assert await everything(outbox) == [
        [ANSWER, key_frame(2, b"\x0c")],
        [show(2, "002")],
        [beep(3)],
        [beep(3)],
        [show(1, "001")],
    ]


async def test_strips_come_behind_digits_and_before_waiting_counts() -> None:
    outbox = Outbox()
    old, new = (StripFrame(1, SHOW, bytes((0x30 + n, 0))) for n in range(2))
    outbox.show(1, Outgoing(message=show(1, "001")), urgent=False)
    outbox.strip("strip", Outgoing(message=old))
    outbox.strip("strip", Outgoing(message=new))
    outbox.show(2, Outgoing(message=show(2, "002")), urgent=True)
    outbox.answer(Outgoing(message=ANSWER))
    assert await everything(outbox) == [
        [ANSWER],
        [show(2, "002")],
        [new],
        [show(1, "001")],
    ]


@pytest.mark.parametrize(
    ("url", "baudrate"),
    [
        ("serial:/dev/ttyS0?baudrate=19200", 19200),
        ("serial:/dev/ttyS0?parity=N&baudrate=4800&stopbits=1", 4800),
        ("serial:/dev/ttyS0", 9600),
        ("tcp://10.0.0.5:4001", 9600),
        ("serial:/dev/ttyS0?baudrate=0", 9600),
    ],
)
def test_how_long_a_byte_takes(url: str, baudrate: int) -> None:
    assert byte_s(url) == pytest.approx(10 / baudrate)


async def test_of_the_digits_of_one_caller_only_the_newest_are_sent() -> None:
    outbox = Outbox()
    for waiting in ("001", "002", "003"):
        outbox.show(1, Outgoing(message=show(1, waiting)), urgent=False)
        outbox.show(2, Outgoing(message=show(2, waiting)), urgent=False)
    outbox.show(2, Outgoing(message=show(2, "009")), urgent=True)
    outbox.show(2, Outgoing(message=show(2, "010")), urgent=False)
    assert await everything(outbox) == [[show(2, "010")], [show(1, "003")]]


async def test_an_answer_does_not_wait_for_the_pause_but_digits_do() -> None:
    outbox = Outbox()
    outbox.show(1, Outgoing(message=show(1, "001")), urgent=True)
    far_s = asyncio.get_running_loop().time() + 3600
    taking = asyncio.create_task(outbox.take(far_s))
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.answer(Outgoing(message=ANSWER))
    assert [o.message for o in await taking] == [ANSWER]
    soon_s = asyncio.get_running_loop().time() + 0.01
    assert [o.message for o in await outbox.take(soon_s)] == [show(1, "001")]
    assert asyncio.get_running_loop().time() >= soon_s


async def test_a_flood_of_resends_is_answered_together() -> None:
    outbox = Outbox()
    for _ in range(10 * MOST_ANSWERS):
        outbox.answer(Outgoing(message=ANSWER))
    assert len(await outbox.take(0)) == MOST_ANSWERS


def wish(units: Any, rev: int = 1, **more: Any) -> Desired:
    return Desired(rev=rev, at=NOW, content={"units": units}, **more)


def plan(board: Board, desired: Desired, now: datetime = NOW) -> dict[int, UnitContent]:
    return {change.address: change.content for change in board.plan(desired, now)}


UNITS = {"1": {"ticket": "A001", "waiting": 3}, "2": {"ticket": None, "waiting": 3}}
FIRST = UnitContent(ticket="A001", waiting=3)
SECOND = UnitContent(waiting=3)


def test_only_callers_that_changed_are_told() -> None:
    board = Board()
    assert plan(board, wish(UNITS)) == {1: FIRST, 2: SECOND}
    assert plan(board, wish(UNITS)) == {}
    changed = {**UNITS, "2": {"waiting": 2}}
    assert plan(board, wish(changed, 2)) == {2: UnitContent(waiting=2)}


def test_the_same_again_with_a_new_revision_tells_all() -> None:
    board = Board()
    plan(board, wish(UNITS))
    assert plan(board, wish(UNITS, 2)) == {1: FIRST, 2: SECOND}
    assert plan(board, wish(UNITS, 2)) == {}
    board.repeat()
    assert plan(board, wish(UNITS, 2)) == {1: FIRST, 2: SECOND}


def test_after_valid_until_callers_go_dark() -> None:
    board = Board()
    desired = wish(UNITS, valid_until=NOW + timedelta(minutes=1))
    plan(board, desired)
    assert plan(board, desired, NOW + timedelta(minutes=1)) == {1: DARK, 2: DARK}
    assert plan(board, desired, NOW + timedelta(minutes=2)) == {}


def test_a_caller_that_is_left_out_goes_dark() -> None:
    board = Board()
    plan(board, wish(UNITS))
    assert plan(board, wish({"1": UNITS["1"]}, 2)) == {2: DARK}


def test_a_changed_ticket_is_urgent_a_count_is_not() -> None:
    board = Board()
    first = {c.address: c.urgent for c in board.plan(wish(UNITS), NOW)}
    assert first == {1: True, 2: False}
    units = {"1": {"ticket": "A001", "waiting": 2}, "2": {"ticket": "A002"}}
    then = {c.address: c.urgent for c in board.plan(wish(units, 2), NOW)}
    assert then == {1: False, 2: True}


@pytest.mark.parametrize(
    ("units", "mistake"),
    [
        (7, "units: want an object"),
        ({"x": {}}, "units.x: addresses"),
        ({"0": {}}, "units.0: addresses"),
        ({"255": {}}, "units.255: addresses"),
        ({"2": {"waiting": "many"}}, "units.2.waiting: "),
        ({"2": {"waiting": -1}}, "units.2.waiting: "),
        ({"2": []}, ""),
        ({"2": None}, ""),
        ({"2": {"ticket": 12}}, ""),
    ],
)
def test_what_cannot_be_shown_is_named_and_the_rest_is_shown(
    units: Any, mistake: str
) -> None:
    board = Board()
    told = plan(board, wish(units))
    assert board.mistake.startswith(mistake)
    assert bool(board.mistake) == bool(mistake)
    assert bool(told) != bool(mistake)
    if isinstance(units, dict):
        assert plan(board, wish({**units, "1": UNITS["1"]}, 2))[1] == FIRST


def test_the_value_has_the_form_of_desired() -> None:
    board = Board()
    board.shown = {2: SECOND, 1: FIRST}
    assert board.value() == {"units": UNITS}


def test_noise_is_judged_over_a_window() -> None:
    meter = NoiseMeter(window_s=10, limit=3)
    assert meter.level(0) == 0
    meter.note(1, 2, "noise", 1)
    meter.note(1, 2, "noise", 2)
    assert 0 < meter.level(3) < 1
    meter.note(1, 2, "no 16 at the end", 4)
    assert meter.level(5) == 1
    assert 0 < meter.level(11.5) < 1
    assert meter.level(15) == 0
    assert (meter.bursts, meter.bytes, meter.last) == (3, 6, "no 16 at the end")


def test_one_burst_without_an_end_is_bad_too() -> None:
    meter = NoiseMeter(window_s=10, limit=3)
    meter.note(1, 3 * BYTES_A_BURST, "noise", 0)
    assert meter.level(0) == 1
