"""Ways to a device: `open_transport(url)`."""

from __future__ import annotations

from drivers.transports.opening import check_url, open_transport
from drivers.transports.transport import Transport

__all__ = ["Transport", "check_url", "open_transport"]
