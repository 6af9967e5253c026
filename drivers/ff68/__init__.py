"""The caller and evaluator line."""

from drivers.ff68.driver import CallerBusDriver

__all__ = ["CallerBusDriver"]
