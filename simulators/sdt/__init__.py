"""A simulated ID card reader."""

from simulators.sdt.simulator import SdtReader

__all__ = ["SdtReader"]
