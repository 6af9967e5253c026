"""A simulated caller and evaluator line."""

from simulators.ff68.simulator import CallerBus

__all__ = ["CallerBus"]
