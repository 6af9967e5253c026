"""The rules of printed tickets: when one is drawn, and when it is printed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bridge.domain.queue import OPEN
from bridge.domain.views import PrintState, TicketState

FRESH: Final = timedelta(seconds=60)
"""A job older than this is not printed any more: nobody stands there."""

UP: Final = frozenset({"ready", "degraded"})
"""States of a device that can be spoken to."""

UNREACHED: Final = frozenset({"offline", "bus_down", "unreachable", "locked"})
"""Answers to a status question that mean that the printer is away."""
COMES_BACK: Final = frozenset({"offline", "bus_down", "no_reply", "locked"})
"""Refusals that may heal while the job is fresh; nothing was printed twice."""
DOUBTFUL: Final = frozenset({"doubtful", "timeout", "no_reply"})
"""Refusals after which nobody knows whether the ticket came out."""


class Obstacle(StrEnum):
    """Why a printer cannot print; told to the kiosk."""

    PAPER = "paper"
    COVER = "cover"
    ERROR = "error"
    OFFLINE = "offline"
    NONE = "none"
    """There is no printer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterTrouble:
    """An obstacle, in plain words."""

    obstacle: Obstacle
    message: str


def offline(printer: str, reason: str) -> PrinterTrouble:
    """The printer cannot be reached."""
    because = f": {reason}" if reason else ""
    return PrinterTrouble(
        obstacle=Obstacle.OFFLINE, message=f"printer {printer} is offline{because}"
    )


def trouble_of(printer: str, value: Mapping[str, Any]) -> PrinterTrouble | None:
    """What a printer's paper, cover and error stand for; unknown is no trouble."""
    if value.get("cover") == "open":
        return PrinterTrouble(
            obstacle=Obstacle.COVER,
            message=f"the cover of printer {printer} is open; close it",
        )
    if value.get("paper") == "out":
        return PrinterTrouble(
            obstacle=Obstacle.PAPER,
            message=f"printer {printer} has no paper; put in a new roll",
        )
    error = value.get("error")
    if error not in {None, "", "none", "unknown"}:
        return PrinterTrouble(
            obstacle=Obstacle.ERROR, message=f"printer {printer} has an error: {error}"
        )
    return None


def is_fresh(queued: datetime, now: datetime) -> bool:
    """Whether a job is still worth printing."""
    return now - queued <= FRESH


def may_reprint(state: TicketState) -> bool:
    """Whether a paper for the ticket is still of use."""
    return state in OPEN


def after_success(*, confirmed: bool) -> PrintState:
    """What a job becomes that the printer took."""
    return PrintState.PRINTED if confirmed else PrintState.UNKNOWN


def after_refusal(code: str, *, fresh: bool) -> PrintState:
    """What a job becomes that was refused; PENDING when it is tried again."""
    if code in COMES_BACK and fresh:
        return PrintState.PENDING
    return PrintState.UNKNOWN if code in DOUBTFUL else PrintState.FAILED
