"""From a URL of the hall file to an open transport."""

from __future__ import annotations

from typing import Final

from devices.errors import ConfigurationError
from drivers.transports.memory import connect_memory
from drivers.transports.serial import SerialSettings, SerialTransport
from drivers.transports.sockets import SocketAddress
from drivers.transports.tcp import TcpTransport
from drivers.transports.transport import Transport
from drivers.transports.udp import UdpTransport
from drivers.transports.usb import UsbAddress, UsbTransport

OPEN_TIMEOUT_S: Final = 5.0


async def open_transport(url: str, *, timeout_s: float = OPEN_TIMEOUT_S) -> Transport:
    """Open `serial:/dev/x?baudrate=9600`, `tcp://h:p`, `udp://h:p`, `usb:v:p`.

    `memory:name` too, in tests.

    Raises `TransportError` in plain words (retry), `ConfigurationError` when the
    URL cannot be understood (no retry).
    """
    check_url(url)
    match url.partition(":")[0]:
        case "serial":
            return await SerialTransport.open(url, timeout_s)
        case "tcp":
            return await TcpTransport.open(url, timeout_s)
        case "udp":
            return await UdpTransport.open(url, timeout_s)
        case "usb":
            return await UsbTransport.open(url, timeout_s)
        case _:
            return connect_memory(url)


def check_url(url: str) -> None:
    """Raise `ConfigurationError` for a URL that no transport understands."""
    match url.partition(":")[0]:
        case "serial":
            SerialSettings.parse(url)
        case "tcp" | "udp":
            SocketAddress.parse(url)
        case "usb":
            UsbAddress.parse(url)
        case "memory":
            pass
        case _:
            raise ConfigurationError(
                f"{url}: want serial:/dev/…?baudrate=9600, tcp://host:port, "
                "udp://host:port or usb:vendor:product"
            )
