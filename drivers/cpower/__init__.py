"""The C-Power LED display."""

from drivers.cpower.driver import CPowerDriver

__all__ = ["CPowerDriver"]
