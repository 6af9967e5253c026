"""Simulated button panels."""

from simulators.ub485.simulator import PanelBus

__all__ = ["PanelBus"]
