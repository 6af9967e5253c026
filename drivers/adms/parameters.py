"""A push clock's keys in the hall file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from devices.adms.text import SERIAL_PATTERN, has_control
from drivers.driver import DriverParameters


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no address and no network such as 192.168.1.0/24"
        ) from error
    return text


def _text(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _no_control(text: str) -> str:
    if has_control(text):
        raise ValueError("no control characters")
    return text


def _secret_path(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{4,64}", text) is None or text == "iclock":
        raise ValueError("4 to 64 letters, digits, - and _; not the word iclock")
    return text


class AdmsParameters(DriverParameters):
    """A push clock's keys in the hall file."""

    serial: Annotated[str, Field(pattern=f"^{SERIAL_PATTERN}$")]
    """Its serial number, as its menu shows it; in quotes."""
    comm_key: (
        Annotated[
            str,
            BeforeValidator(_text),
            Field(min_length=1, max_length=128),
            AfterValidator(_no_control),
        ]
        | None
    ) = None
    """What it sends as `pushcommkey`; without it any is taken. Best `!secret`."""
    source: Annotated[str, AfterValidator(_network)] | None = None
    """The address or network that it calls from; else the first one is bound."""
    path: Annotated[str, AfterValidator(_secret_path)] | None = None
    """A secret before `/iclock` in the server address that its menu has."""
    timezone_h: Annotated[float, Field(ge=-12, le=14)] | None = None
    """Its zone, where that is not the hall's."""
    delay_s: Annotated[int, Field(ge=1, le=60)] = 10
    """How often it asks for commands; it is silent after three times that."""
    error_delay_s: Annotated[int, Field(ge=1, le=300)] = 30
    """How long it waits after a failure before it tries again."""
    silent_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    """After so long without a word it is offline, instead of 3 * delay_s."""
    audit_s: Annotated[float, Field(gt=0, le=86400)] = 900.0
    """How often it is asked to count its punches."""
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    """Of names that are sent to it; auto goes by the language that it tells."""
    role_field: Literal["Pri", "Privilege"] = "Pri"
    """What its firmware calls a user's role; `Privilege` for SpeedFace."""
    simulation: Mapping[str, Any] = {}
    """What the simulated clock does; the driver leaves it alone."""

    @property
    def network(self) -> IPv4Network | IPv6Network | None:
        """Where it may call from; None binds the first address."""
        return None if self.source is None else ip_network(self.source, strict=False)

    @property
    def patience_s(self) -> float:
        """How long it may be silent."""
        return self.silent_s or 3.0 * self.delay_s


def within(address: str, network: IPv4Network | IPv6Network) -> bool:
    """Whether an address lies in a network; texts that are none do not."""
    try:
        return ip_address(address) in network
    except ValueError:
        return False
