"""What the hall file says about a simulated push clock, and what people do at it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.adms.text import SERIAL_PATTERN
from devices.events import Direction, PunchMethod
from simulators.adms.dialects import DialectName
from simulators.simulator import SimulatorParameters


class PushExtras(BaseModel):
    """`simulation:` of the hall file's entry; the driver leaves it alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: DialectName = DialectName.SEVEN
    server: Annotated[str, Field(pattern=r"^http://[^/\s]+:\d+$")] | None = None
    """What it dials, `http://host:port`; by default the hall of the file."""
    serial: Annotated[str, Field(pattern=f"^{SERIAL_PATTERN}$")] | None = None
    """Instead of the entry's: a clock that nobody expects."""
    users: Annotated[int, Field(ge=0, le=3000)] = 5
    language: Annotated[int, Field(ge=0, le=255)] = 83
    """83 is Chinese: names travel as GB2312, else as UTF-8."""
    drift_s: int = 0
    """How far its time is ahead at first."""
    sync: Literal["handshake", "always", "never"] = "handshake"
    """Which answers' `Date` it sets its time from."""
    resend: Annotated[int, Field(ge=1, le=100)] = 1
    """Each batch is sent so many times over."""
    batch_rows: Annotated[int, Field(ge=1, le=5000)] = 100
    capacity: Annotated[int, Field(ge=1)] = 100_000
    history_days: Annotated[int, Field(ge=0, le=3660)] = 0
    """Calendar days before the first day whose punches are in the log already."""
    rows: Annotated[int, Field(ge=0, le=400_000)] = 0
    """So many past punches instead, as far back as need be."""
    ignores: tuple[str, ...] = ()
    """Commands beginning so are neither done nor answered."""
    poll_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    """Between polls, instead of the Delay that it is told."""
    retry_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    """Longest wait after a failure, instead of the ErrorDelay that it is told."""
    answer_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0


class PushClockParameters(SimulatorParameters):
    """What matters to the clock."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    serial: Annotated[str, Field(pattern=f"^{SERIAL_PATTERN}$")] | None = None
    path: str | None = None
    """The hall's secret before `/iclock`."""
    comm_key: str | None = None
    simulation: PushExtras = PushExtras()


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Punch(_Arguments):
    """Somebody is recognised; `time` naive in the hall's zone, default now."""

    user_id: Annotated[str, Field(min_length=1, max_length=24)]
    time: datetime | None = None
    direction: Direction = Direction.IN
    method: PunchMethod = PunchMethod.FINGERPRINT


class Tamper(_Arguments):
    """Somebody takes the clock off its wall plate."""


class Operate(_Arguments):
    """Somebody does what the operator log notes: 4 menu, 6 enroll, 21 set time ..."""

    number: Annotated[int, Field(ge=0, le=255)]
    operator: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{0,24}$")] = "0"
    values: Annotated[tuple[int, ...], Field(max_length=4)] = ()


class BadLine(_Arguments):
    """The log has a line that no clock should send."""

    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    table: Literal["attlog", "operlog"] = "attlog"


class ClearLog(_Arguments):
    """Somebody deletes all punches at the menu."""


class Fill(_Arguments):
    """So many punches of past days are appended to the log."""

    rows: Annotated[int, Field(ge=1, le=400_000)]


class DropRows(_Arguments):
    """The log loses its newest rows, or its oldest, and says nothing."""

    n: Annotated[int, Field(ge=1)]
    oldest: bool = False


class Reboot(_Arguments):
    """Somebody restarts it in its menu."""


class SetTime(_Arguments):
    """Somebody sets its time wrong by so many seconds; 0 sets it right."""

    drift_s: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
