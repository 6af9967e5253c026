"""Whether this machine's clock may be trusted, and so set a device's clock."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

BUILD_DATE: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""No clock that is right shows less: this program was not written yet."""
BACKWARD: Final = timedelta(minutes=1)
"""A synchronised clock may be put back by so much."""
CONFIRMATION: Final = "clock-confirmed"
"""A file of this name below --data: a technician has looked at the clock."""

_TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised."""
_TIMEX_BYTES: Final = 512
"""More than struct timex has; `modes` 0 at its head only reads."""


class ClockTrust(StrEnum):
    """What the host's clock is worth."""

    TRUSTED = "trusted"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class ClockVerdict:
    """The trust and, when doubtful, why."""

    trust: ClockTrust
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvidence:
    """What speaks for a clock and against it."""

    now: datetime
    last_event: datetime | None
    """The newest time that this host gave to an event."""
    synchronised: bool
    confirmed: datetime | None
    """When a technician said that it is right, by the same clock."""


def judge(evidence: ClockEvidence) -> ClockVerdict:
    """Plausible, and synchronised or confirmed (delivery: clocks)."""
    now, last, confirmed = evidence.now, evidence.last_event, evidence.confirmed
    if now < BUILD_DATE:
        reason = f"it shows {now:%Y-%m-%d}, before this program was made"
    elif last is not None and now < last - BACKWARD:
        reason = f"it shows {now:%Y-%m-%d %H:%M}, before the last event of {last}"
    elif evidence.synchronised:
        return ClockVerdict(ClockTrust.TRUSTED)
    elif confirmed is None:
        reason = (
            "it is not synchronised; run an NTP client, or look at it and confirm it "
            f"by a file {CONFIRMATION} in the data directory"
        )
    elif now < confirmed - BACKWARD:
        reason = f"it went back since it was confirmed ({confirmed:%Y-%m-%d %H:%M})"
    else:
        return ClockVerdict(ClockTrust.TRUSTED)
    return ClockVerdict(ClockTrust.DOUBTFUL, reason)


def kernel_synchronised() -> bool:
    """Whether an NTP client keeps the kernel's clock (adjtimex, Linux)."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return False
    return 0 <= int(state) < _TIME_ERROR


def confirmed_at(data: Path) -> datetime | None:
    """When a technician confirmed the clock; None when nobody did."""
    try:
        return datetime.fromtimestamp((data / CONFIRMATION).stat().st_mtime, UTC)
    except OSError:
        return None
