"""Where a broker is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from devices.errors import ConfigurationError

PLAIN_PORT = 1883
TLS_PORT = 8883


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """A broker by host and port, with what is needed to be let in."""

    host: str
    port: int = PLAIN_PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Self:
        """Read `mqtt[s]://[user[:password]@]host[:port]`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError(f"not a broker address: {url}: {error}") from error
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ConfigurationError("want mqtt://host:port or mqtts://host:port")
        tls = parts.scheme == "mqtts"
        secret = password if password is not None else parts.password
        return cls(
            host=parts.hostname,
            port=port or (TLS_PORT if tls else PLAIN_PORT),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(secret) if secret and password is None else secret,
            tls=tls,
        )

    def __str__(self) -> str:
        """The address without user and password, fit for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"
