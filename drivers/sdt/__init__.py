"""The resident ID card reader."""

from drivers.sdt.driver import SdtDriver

__all__ = ["SdtDriver"]
