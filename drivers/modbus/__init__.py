"""Digit tubes."""

from drivers.modbus.driver import TubeDriver

__all__ = ["TubeDriver"]
