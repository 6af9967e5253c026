"""A clock's keys in the hall file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from drivers.driver import DriverParameters

Seconds = Annotated[float, Field(gt=0, le=3600)]


class ZkParameters(DriverParameters):
    """A clock's keys in the hall file."""

    comm_key: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 0
    """The clock's communication key; 0 is none. Best `!secret clock`."""
    timeout_s: Seconds = 5.0
    """How long one answer may take; reading the log gets more by its size."""
    probe_s: Seconds = 10.0
    """How often the live connection is asked whether it lives."""
    poll_s: Seconds = 300.0
    """How often users, time and capacity are looked at besides."""
    set_clock: bool = True
    """Whether a clock that is off is set, when the host's time is trusted."""
    drift_limit_s: Seconds = 60.0
    """More than this is off."""
    strict_checksum: bool = True
    """False for firmware that sends wrong checksums."""
    encoding: str | None = None
    """Of names, where it is neither UTF-8 nor GB18030."""
    simulation: Mapping[str, Any] = {}
    """What the simulated clock does; the driver leaves it alone."""
