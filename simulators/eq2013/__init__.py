"""The simulated EQ2013 card."""

from simulators.eq2013.simulator import Eq2013Card

__all__ = ["Eq2013Card"]
