"""Window LED strips on a caller line."""

from drivers.strip.driver import StripDriver

__all__ = ["StripDriver"]
