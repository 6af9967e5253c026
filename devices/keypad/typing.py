"""From key codes to what was typed: digits, then a key that ends them."""

from __future__ import annotations

from typing import Final

from devices.ff68.keymaps import MAX_DIGITS, KeyMap, KeyPress

DIGITS: Final = {
    **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), range(10), strict=True)),
    **dict(zip((11, 2, 3, 4, 5, 6, 7, 8, 9, 10), range(10), strict=True)),
}
"""Codes of 0 to 9: of the number block, and of the row of a keyboard."""
ESC: Final = 1
BACKSPACE: Final = 14
NUMLOCK: Final = 69
IGNORED: Final = frozenset({NUMLOCK, 29, 42, 54, 56, 58, 70, 97, 100, 125, 126})
"""Num lock, which some pads send around every key, and shift keys."""


class Keypad:
    """One pad: what was typed and not ended. Times are monotonic seconds.

    A key map's `byte` is the code of the key. Backspace takes the last digit
    back, Esc all of them; digits that were left are forgotten after `digits_s`.
    """

    def __init__(self, keymap: KeyMap, *, digits_s: float, debounce_s: float) -> None:
        self._keymap = keymap
        self._digits_s = digits_s
        self._debounce_s = debounce_s
        self._typed = b""
        self._typed_s = 0.0
        self._last: tuple[bytes, float] | None = None

    def press(self, code: int, now_s: float) -> tuple[KeyPress, bytes] | None:
        """Take a key that went down.

        Gives what it ends, with digits and code as bytes; None for keys that end
        nothing. An equal press within the debounce time is one with the last.
        """
        if code in IGNORED or code > 0xFF:
            return None
        if now_s - self._typed_s > self._digits_s:
            self._typed = b""
        if code in DIGITS:
            self._typed = (self._typed + bytes((DIGITS[code],)))[:MAX_DIGITS]
            self._typed_s = now_s
            return None
        if code in {ESC, BACKSPACE}:
            self._typed = self._typed[:-1] if code == BACKSPACE else b""
            return None
        data, self._typed = self._typed + bytes((code,)), b""
        last, self._last = self._last, (data, now_s)
        if last and last[0] == data and now_s - last[1] <= self._debounce_s:
            return None
        return self._keymap.read(data), data


def codes_of(data: bytes) -> list[int]:
    """The codes to type for a key map's data: digits, then the key."""
    block = {digit: code for code, digit in reversed(DIGITS.items())}
    return [block[byte] for byte in data[:-1]] + list(data[-1:])


def digit_codes(digits: str) -> list[int]:
    """The codes of decimal digits."""
    block = {digit: code for code, digit in reversed(DIGITS.items())}
    return [block[int(digit)] for digit in digits]
