"""The simulated C-Power card."""

from simulators.cpower.simulator import CPowerCard

__all__ = ["CPowerCard"]
