"""A USB keypad of a window."""

from drivers.keypad.driver import KeypadDriver

__all__ = ["KeypadDriver"]
