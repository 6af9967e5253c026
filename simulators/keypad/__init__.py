"""A simulated USB keypad."""

from simulators.keypad.simulator import UsbKeypad

__all__ = ["UsbKeypad"]
