from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.ff68.keymaps import Key, KeyPress
from devices.keypad.events import (
    DOWN,
    EV_KEY,
    EV_SYN,
    HELD,
    SIZE,
    UP,
    InputEvent,
    InputFramer,
    key_events,
)
from devices.keypad.site import KeypadKeys
from devices.keypad.typing import (
    BACKSPACE,
    DIGITS,
    ESC,
    NUMLOCK,
    Keypad,
    codes_of,
    digit_codes,
)

KEYMAP = KeypadKeys(path="/dev/input/x").load_keymap()
ENTER = 96


def pad(debounce_s: float = 0.05) -> Keypad:
    return Keypad(KEYMAP, digits_s=10, debounce_s=debounce_s)


def typed(*codes: int) -> list[KeyPress]:
    one = pad()
    found = [one.press(code, float(at)) for at, code in enumerate(codes)]
    return [press[0] for press in found if press is not None]


def test_the_number_block_has_ten_digits() -> None:
    block = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73]  # facts: keypads
    assert [DIGITS[code] for code in block] == list(range(10))
    assert digit_codes("0123456789") == block


@pytest.mark.parametrize(
    ("digits", "code", "press"),
    [
        ("", 96, KeyPress(Key.CALL)),
        ("012", 96, KeyPress(Key.CALL, "012")),
        ("7", 28, KeyPress(Key.CALL, "7")),
        ("", 78, KeyPress(Key.RECALL)),
        ("", 55, KeyPress(Key.START)),
        ("0", 55, KeyPress(Key.LOGOUT)),
        ("1234", 55, KeyPress(Key.LOGIN, "1234")),
        ("", 74, KeyPress(Key.NO_SHOW)),
        ("", 83, KeyPress(Key.FINISH)),
        ("3", 83, KeyPress(Key.TRANSFER, "3")),
        ("", 98, KeyPress(Key.PAUSE)),
        ("0", 98, KeyPress(Key.HOLD)),
        ("1", 98, KeyPress(Key.CALLBACK)),
        ("5", 98, KeyPress(Key.RATE)),
        ("4", 55, KeyPress(Key.UNKNOWN, "4")),
        ("", 30, KeyPress(Key.UNKNOWN)),
    ],
)
def test_digits_and_a_key(digits: str, code: int, press: KeyPress) -> None:
    assert typed(*digit_codes(digits), code) == [press]


def test_digits_of_a_keyboards_row_count_too() -> None:
    assert typed(2, 3, 11, ENTER) == [KeyPress(Key.CALL, "120")]


def test_backspace_and_esc_take_digits_back() -> None:
    assert typed(*digit_codes("12"), BACKSPACE, ENTER) == [KeyPress(Key.CALL, "1")]
    assert typed(*digit_codes("12"), ESC, ENTER) == [KeyPress(Key.CALL)]
    assert typed(BACKSPACE, ENTER) == [KeyPress(Key.CALL)]


def test_num_lock_and_codes_above_bytes_are_nothing() -> None:
    assert typed(NUMLOCK, 0x110, 79, NUMLOCK, ENTER) == [KeyPress(Key.CALL, "1")]


def test_digits_that_were_left_are_forgotten() -> None:
    one = pad()
    assert one.press(79, 0) is None
    assert one.press(80, 9) is None
    assert one.press(ENTER, 19.5) == (KeyPress(Key.CALL), bytes((ENTER,)))


def test_a_key_that_bounces_is_one_press() -> None:
    one = pad()
    assert one.press(ENTER, 1.0) is not None
    assert one.press(ENTER, 1.04) is None
    assert one.press(ENTER, 1.2) is not None


def test_what_a_simulated_hand_types_is_read_back() -> None:
    for key in {rule.key for rule in KEYMAP.keys}:
        data = KEYMAP.data(key)
        digits = "0123456789"
        wanted = KEYMAP.read(data)
        assert typed(*codes_of(data)) == [wanted], digits


def test_only_a_key_that_goes_down_is_a_press() -> None:
    presses = [InputEvent(EV_KEY, ENTER, value) for value in (UP, DOWN, HELD)]
    assert [event.is_press for event in presses] == [False, True, False]
    assert not InputEvent(EV_SYN, 0, 1).is_press
    assert len(key_events(ENTER, repeats=2)) == 8


EVENTS = st.builds(
    InputEvent, st.just(EV_KEY), st.integers(0, 0x2FF), st.integers(UP, HELD)
)


@given(st.lists(EVENTS, max_size=8), st.integers(1, 40))
def test_events_round_trip_in_any_portions(events: list[InputEvent], size: int) -> None:
    wire = b"".join(event.encode() for event in events)
    assert len(wire) == SIZE * len(events)
    framer, found = InputFramer(), []
    for at in range(0, len(wire), size):
        found += framer.feed(wire[at : at + size])
    assert (found, framer.errors, framer.pending) == (events, 0, 0)


def test_an_event_of_the_kernel() -> None:
    # Enter of the number block goes down, at some time.
    raw = (1_700_000_000).to_bytes(SIZE // 2 - 4, "little")
    raw += (250_000).to_bytes(SIZE // 2 - 4, "little")
    raw += bytes.fromhex("0100 6000 01000000")
    assert InputFramer().feed(raw) == [InputEvent(EV_KEY, ENTER, DOWN)]


@given(st.binary(max_size=200))
def test_noise_never_piles_up(noise: bytes) -> None:
    framer = InputFramer()
    framer.feed(noise)
    assert framer.pending < SIZE
