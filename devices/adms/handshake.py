"""The answer to a clock that asks how to behave: `GET OPTION FROM`.

Source: PUSH protocol 2.4, chapter 3; facts, push protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from devices.adms.text import checked_field, decode_text, split_lines

OUR_VERSION: Final = (2, 4, 1)
DEFAULT_VERSION: Final = (2, 2, 14)
"""What a clock speaks that names no version."""
TRANSFER: Final = "TransData AttLog\tOpLog\tEnrollUser\tChgUser"
"""Punches, operations and people; no photographs, no templates."""
STAMPED: Final = ("ATTLOG", "OPERLOG", "ATTPHOTO")
_OLD_NAMES: Final = {"ATTLOG": "Stamp", "OPERLOG": "OpStamp", "ATTPHOTO": "PhotoStamp"}
SEND_ALL: Final = "0"
"""The stamp of a table of which nothing came yet: the clock sends all it has."""
SEND_NEW: Final = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeOptions:
    """What a clock is told."""

    serial: str
    timezone: str
    """As `timezone_text` makes it."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """The last stamp of each table, as the clock told it."""
    delay_s: int = 10
    error_delay_s: int = 30
    transfer: str = TRANSFER
    version: tuple[int, ...] = OUR_VERSION
    """The lower of the clock's version and ours."""
    old_names: bool = False
    """For firmware from before versions were named: `Stamp`, `OpStamp`."""

    def encode(self) -> bytes:
        """The body; raises `MisuseError` for a value that would end its line."""
        unknown = {"ATTPHOTO": SEND_NEW}
        stamps = {
            name: self.stamps.get(name, unknown.get(name, SEND_ALL)) for name in STAMPED
        }
        version = ".".join(str(part) for part in self.version)
        pairs = {f"{name}Stamp": stamp for name, stamp in stamps.items()}
        if self.old_names:
            pairs |= {_OLD_NAMES[name]: stamp for name, stamp in stamps.items()}
        pairs |= {
            "ErrorDelay": str(self.error_delay_s),
            "Delay": str(self.delay_s),
            "TransTimes": "00:00;14:05",
            "TransInterval": "1",
            "TransFlag": self.transfer,
            "TimeZone": self.timezone,
            "Realtime": "1",
            "Encrypt": "None",
            "ServerVer": version,
            "PushProtVer": version,
            "PushOptionsFlag": "1",
        }
        for name, value in pairs.items():
            checked_field(name, value.replace("\t", " "))
        lines = [f"GET OPTION FROM: {checked_field('SN', self.serial)}"]
        lines += [f"{name}={value}" for name, value in pairs.items()]
        return ("\n".join(lines) + "\n").encode()


def parse_handshake(body: bytes) -> tuple[str, dict[str, str]]:
    """The serial number and the options, as a clock reads them."""
    lines = [decode_text(line) for line in split_lines(body)]
    serial, options = "", {}
    for line in lines:
        if line.upper().startswith("GET OPTION FROM:"):
            serial = line.partition(":")[2].strip()
            continue
        name, equals, value = line.partition("=")
        if equals:
            options[name.strip()] = value
    return serial, options


def parse_version(text: str) -> tuple[int, ...]:
    """A version such as 2.4.1; `DEFAULT_VERSION` for what is none."""
    parts = text.strip().split(".")
    if not parts or not all(p.isascii() and p.isdigit() and len(p) < 5 for p in parts):
        return DEFAULT_VERSION
    return tuple(int(part) for part in parts[:4])


def agreed_version(told: str) -> tuple[int, ...]:
    """The lower of the clock's version and ours."""
    return min(parse_version(told), OUR_VERSION)


def timezone_text(offset: timedelta | None) -> str:
    """Whole hours as hours, else minutes: a clock takes over 60 for minutes.

    15-minute zones within the first hour have no form of their own; they are
    rounded to the hour.
    """
    minutes = round((offset or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else ""
    if rest == 0 or abs(minutes) <= 60:
        return f"{sign}{hours}" if hours else "0"
    return f"{sign}{abs(minutes)}"


def parse_timezone(text: str) -> timedelta | None:
    """What a clock makes of it; None for what is no zone."""
    try:
        number = int(text.strip())
    except ValueError:
        return None
    return timedelta(minutes=number if abs(number) > 60 else number * 60)
