"""What a simulated clock can be told: keys of the hall file, control actions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.events import Direction, PunchMethod
from simulators.simulator import SimulatorParameters

MOST_ROWS = 400_000


class ClockExtras(BaseModel):
    """`simulation:` of the hall file's entry; the driver leaves it alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_size: Literal[40, 49, 16, 8] = 40
    event_size: Literal[0, 10, 12, 14, 32, 36, 37, 40, 52] = 0
    """Bytes of a live event; 0: what clocks of that record size send."""
    users: Annotated[int, Field(ge=0, le=3000)] = 5
    fingers: Annotated[int, Field(ge=0, le=10)] = 0
    """Templates of each user."""
    faces: Annotated[int, Field(ge=0)] = 0
    serial: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,32}$")] | None = None
    capacity: Annotated[int, Field(ge=1)] = 100_000
    history_days: Annotated[int, Field(ge=0, le=3660)] = 0
    """Calendar days before the first day whose punches are in the log already."""
    rows: Annotated[int, Field(ge=0, le=MOST_ROWS)] = 0
    """So many past punches instead, as far back as need be."""
    strict: bool = True
    """Drop packets with a bad checksum, as real clocks do."""
    small_bytes: Annotated[int, Field(ge=0, le=1016)] = 1000
    """Tables up to this size come in one packet."""
    gap_ms: Annotated[int, Field(ge=0, le=10_000)] = 30
    """Between the packets of a bulk read over TCP; glued ones hang some clients."""
    max_sessions: Annotated[int, Field(ge=0)] = 0
    """Refuse more sessions than this; 0: no limit."""
    max_live: Annotated[int, Field(ge=0)] = 0
    """Refuse more real-time clients than this; 0: no limit."""
    exclusive_live: bool = False
    """Whether live and command sessions refuse each other."""
    restart_acks: bool = True
    """Whether RESTART is answered."""
    drift_s: int = 0
    """How far its time is ahead at first."""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


class ClockParameters(SimulatorParameters):
    """What matters to the clock."""

    comm_key: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 0
    simulation: ClockExtras = ClockExtras()


class Arguments(BaseModel):
    """Arguments of an action; a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Punch(Arguments):
    """Somebody is recognised; `time` naive in the hall's zone, default now."""

    user_id: Annotated[str, Field(min_length=1, max_length=24)]
    time: datetime | None = None
    direction: Direction = Direction.IN
    method: PunchMethod = PunchMethod.FINGERPRINT


class Tamper(Arguments):
    """Somebody takes the clock off its wall plate."""


class ClearLog(Arguments):
    """Somebody deletes all punches at the menu."""


class SetTime(Arguments):
    """Somebody sets the clock at the menu, so far ahead of the real time."""

    drift_s: Annotated[int, Field(ge=-3_000_000_000, le=3_000_000_000)]


class Operation(Arguments):
    """Somebody does something that only the operator log tells."""

    number: Annotated[int, Field(ge=0, le=255)]
    operator: Annotated[int, Field(ge=0, le=0xFFFF)] = 0
    """Slot of who opened the menu; 0: nobody was asked."""
    values: Annotated[
        tuple[Annotated[int, Field(ge=0, le=0xFFFF)], ...], Field(max_length=4)
    ] = ()


class Fill(Arguments):
    """So many punches of past days are appended to the log."""

    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)]


class DropRows(Arguments):
    """The log loses its newest rows, or its oldest, and says nothing."""

    n: Annotated[int, Field(ge=1)]
    oldest: bool = False


class Press(Arguments):
    """A finger is laid on; three good ones enroll it when the clock waits."""

    good: bool = True
