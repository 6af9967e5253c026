"""A simulated window strip."""

from simulators.strip.simulator import Strip

__all__ = ["Strip"]
