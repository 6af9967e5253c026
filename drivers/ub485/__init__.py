"""The line of button panels."""

from drivers.ub485.driver import PanelBusDriver

__all__ = ["PanelBusDriver"]
