"""What a simulated push clock makes of the answer to its handshake.

Source: PUSH protocol 2.4, chapter 3; facts, push protocol (handshake).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from devices.adms.handshake import parse_handshake, parse_timezone
from simulators.adms.memory import RowKind

DELAY_S: Final = 10.0
"""Between polls, until told otherwise."""
ERROR_DELAY_S: Final = 30.0
_FLAGS: Final = {
    "attlog": RowKind.PUNCH,
    "oplog": RowKind.OPERATION,
    "enrolluser": RowKind.USER,
    "chguser": RowKind.USER,
}
_DIGITS: Final = (
    "attlog", "oplog", "attphoto", "enrollfp", "enrolluser", "fpimag", "chguser",
)  # fmt: skip
"""What the places of a digit string mean; the further ones are not simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How the server wants it."""

    delay_s: float = DELAY_S
    error_delay_s: float = ERROR_DELAY_S
    realtime: bool = True
    """Rows are sent at once; else at `times` and each `interval`."""
    interval: timedelta = timedelta()
    """Zero: at `times` only."""
    times: Sequence[time] = ()
    wanted: frozenset[RowKind] = frozenset(RowKind)
    timezone: timedelta | None = None
    stamps: Mapping[str, str] = field(default_factory=dict)
    """By table, as the server echoed them."""

    def next_push(self, after: datetime) -> datetime | None:
        """When rows are due that came while the clock showed `after`."""
        if self.realtime:
            return after
        due = [after + self.interval] if self.interval else []
        for day in (after.date(), after.date() + timedelta(days=1)):
            due += [datetime.combine(day, at) for at in self.times]
        return min((moment for moment in due if moment > after), default=None)


def read_orders(body: bytes) -> Orders:
    """Read the answer; what cannot be read stays as firmware has it."""
    _, told = parse_handshake(body)
    options = {name.lower(): value for name, value in told.items()}
    usual = Orders()
    return Orders(
        delay_s=_number(options.get("delay"), usual.delay_s),
        error_delay_s=_number(options.get("errordelay"), usual.error_delay_s),
        realtime=options.get("realtime", "1").strip() != "0",
        interval=timedelta(minutes=_number(options.get("transinterval"), 0)),
        times=_times(options.get("transtimes", "")),
        wanted=_wanted(options.get("transflag", "")),
        timezone=parse_timezone(options.get("timezone", "")),
        stamps={
            table: value
            for table, old in (("ATTLOG", "stamp"), ("OPERLOG", "opstamp"))
            if (value := options.get(f"{table.lower()}stamp") or options.get(old))
        },
    )


def _number(text: str | None, usual: float) -> float:
    try:
        number = float(text or "")
    except ValueError:
        return usual
    return number if 0 < number < 86_400 else usual


def _times(text: str) -> Sequence[time]:
    found = []
    for part in text.split(";")[:10]:
        hour, _, minute = part.strip().partition(":")
        try:
            found.append(time(int(hour), int(minute)))
        except ValueError:
            continue
    return found


def _wanted(text: str) -> frozenset[RowKind]:
    text = text.strip()
    if not text:
        return frozenset(RowKind)
    if set(text) <= {"0", "1"}:
        places = zip(text, _DIGITS, strict=False)
        words = [name for digit, name in places if digit == "1"]
    else:
        words = text.lower().split()
    return frozenset(_FLAGS[word] for word in words if word in _FLAGS)
