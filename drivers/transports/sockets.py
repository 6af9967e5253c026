"""Hosts, ports and plain words for what goes wrong with sockets."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, Self
from urllib.parse import urlsplit

from bus.threads import in_daemon_thread
from devices.errors import ConfigurationError, TransportError

_WORDS: Final = {
    errno.ECONNREFUSED: "refused: the machine is there, but nothing listens on that "
    "port; check the port and that the device is not held by another program",
    errno.EHOSTUNREACH: "no route to it, or it does not answer on the network; check "
    "the cable and the address",
    errno.ENETUNREACH: "no route to that network; check this machine's network",
    errno.ETIMEDOUT: "no answer; check the power, the cable and the address",
    errno.ECONNRESET: "the device ended the connection",
    errno.EPIPE: "the device ended the connection",
    errno.EACCES: "this machine's firewall forbids it",
    errno.EPERM: "this machine's firewall forbids it",
}


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """A host and port as the hall file names them."""

    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `tcp://host:port` or `udp://host:port`."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigurationError(f"{url}: {error}") from error
        if not host or not port or parts.path not in {"", "/"} or parts.query:
            raise ConfigurationError(f"{url}: want {parts.scheme}://host:port")
        return cls(host, port)

    async def resolve(self, url: str, kind: socket.SocketKind) -> list[tuple[Any, ...]]:
        """(family, type, protocol, name, address) in the order to try them."""
        flags = socket.AI_NUMERICHOST if self._is_literal else 0

        def look_up() -> list[tuple[Any, ...]]:
            return list(
                socket.getaddrinfo(self.host, self.port, type=kind, flags=flags)
            )

        try:
            if self._is_literal:
                return look_up()
            return await in_daemon_thread(look_up, name="resolve")
        except OSError as error:
            raise TransportError(
                f"{url}: name {self.host!r} not found ({error.strerror}); check the "
                "spelling and this machine's name server, or use the address"
            ) from error

    @property
    def _is_literal(self) -> bool:
        try:
            ip_address(self.host.partition("%")[0])
        except ValueError:
            return False
        return True


def plain_words(error: OSError) -> str:
    """What an error of a socket means to a technician."""
    return _WORDS.get(error.errno or 0) or error.strerror or str(error)
