"""The EQ2013 LED display."""

from drivers.eq2013.driver import Eq2013Driver

__all__ = ["Eq2013Driver"]
