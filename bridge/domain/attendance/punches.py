"""What is said about a punch when it is stored. Nothing of it changes later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FUTURE: Final = timedelta(minutes=5)
"""A punch further ahead of its receipt counts only after confirmation."""
FIRST_YEAR: Final = 2010
"""Clocks that lost their battery say 2000 or 1970."""


class PunchFlag(StrEnum):
    """What is doubtful about a punch (contract: REST)."""

    CLOCK_WRONG = "clock_wrong"
    FUTURE = "future"
    UNKNOWN_USER = "unknown_user"


def punch_flags(
    time: datetime, received: datetime, *, known_user: bool, clock_drifts: bool
) -> Sequence[PunchFlag]:
    """The flags of a punch that the clock dates `time`, received at `received`."""
    flags: list[PunchFlag] = []
    if clock_drifts or not FIRST_YEAR <= time.year <= received.year + 1:
        flags.append(PunchFlag.CLOCK_WRONG)
    if time - received > FUTURE:
        flags.append(PunchFlag.FUTURE)
    if not known_user:
        flags.append(PunchFlag.UNKNOWN_USER)
    return flags
