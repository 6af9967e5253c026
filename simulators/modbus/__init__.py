"""Simulated digit tubes."""

from simulators.modbus.simulator import TubeLine

__all__ = ["TubeLine"]
