"""How the firmware of push clocks differs.

Source: facts, push protocol (lines, variants, acknowledgements).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from devices.adms.attlog import AttlogDialect

LF: Final = "\n"
CRLF: Final = "\r\n"


class DialectName(StrEnum):
    """`simulation.dialect` of the hall file."""

    CLASSIC = "classic"
    SEVEN = "seven"
    EIGHT = "eight"
    SPEEDFACE = "speedface"
    ESSL = "essl"
    LAN_AGENT = "lan_agent"
    OLD = "old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One family of firmware."""

    lines: AttlogDialect
    suffix: str = ""
    """What stands after the endpoint's name."""
    http: tuple[int, int] = (1, 1)
    keeps_alive: bool = True
    """Whether the next request goes over the same connection."""
    version: str = "2.4.1"
    """`pushver` of the handshake; empty when it names none."""
    device_type: bool = False
    """Whether it says `DeviceType=att` and sends its options."""
    honours_stamps: bool = True
    """Sends what came after an echoed stamp again; the newest obeys 0 only."""
    needs_count: bool = False
    """Sends a batch for ever unless the answer counts it: `OK:<n>`."""
    privilege: Literal["Pri", "Privilege"] = "Pri"
    """The field of a user's role that it writes and understands."""
    old_words: bool = False
    """`OpStamp` in uploads; counts of VERIFY SUM as its Return."""


_SEVEN: Final = Dialect(lines=AttlogDialect(fields=7))

DIALECTS: Final = {
    DialectName.CLASSIC: Dialect(
        lines=AttlogDialect(fields=5),
        keeps_alive=False,
        version="2.2.14",
        old_words=True,
    ),
    DialectName.SEVEN: _SEVEN,
    DialectName.EIGHT: replace(_SEVEN, lines=AttlogDialect(fields=8)),
    DialectName.SPEEDFACE: Dialect(
        lines=AttlogDialect(fields=10),
        version="3.1.2",
        device_type=True,
        honours_stamps=False,
        privilege="Privilege",
    ),
    DialectName.ESSL: Dialect(
        lines=AttlogDialect(fields=7, newline=CRLF), suffix=".aspx", keeps_alive=False
    ),
    DialectName.LAN_AGENT: Dialect(
        lines=AttlogDialect(fields=7, table_line=True), suffix="/"
    ),
    DialectName.OLD: Dialect(
        lines=AttlogDialect(fields=5),
        http=(1, 0),
        keeps_alive=False,
        version="",
        needs_count=True,
        old_words=True,
    ),
}
