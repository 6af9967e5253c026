"""The ticket printer."""

from drivers.escpos.driver import EscposDriver

__all__ = ["EscposDriver"]
