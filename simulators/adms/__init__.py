"""A simulated clock that pushes to its hall."""

from simulators.adms.simulator import PushClock

__all__ = ["PushClock"]
