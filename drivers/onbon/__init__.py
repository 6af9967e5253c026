"""The Onbon LED display."""

from drivers.onbon.driver import OnbonDriver

__all__ = ["OnbonDriver"]
