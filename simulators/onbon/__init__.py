"""A simulated LED card."""

from simulators.onbon.simulator import OnbonCard

__all__ = ["OnbonCard"]
