"""Punches as push clocks send them: one line each, fields apart by TAB.

`PIN  time  status  verify  workcode  reserved  reserved ...`: status is the
direction and verify the method, the reverse of the 4370 names. Firmware sends
5, 7, 8, 10 or 12 fields. Source: PUSH protocol 2.4, chapter 9.1; facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from devices.adms.text import (
    LineError,
    believed_time,
    decode_text,
    format_time,
    parse_time,
    split_fields,
    split_lines,
)
from devices.events import Direction, PunchMethod
from devices.zk.punch import (
    PunchRecord,
    checked_user_id,
    decode_direction,
    decode_method,
    encode_direction,
    encode_method,
)

TABLE_LINE: Final = "TABLE=ATTLOG"
_TABLE: Final = re.compile(rb"TABLE=([A-Z_]{1,32})[ \t]*[\r\n]")
MAX_LINE: Final = 8 * 1024
"""A punch with GPS and an ID card's number is below 1 KB."""
MIN_FIELDS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is kept aside: what it was and why."""

    raw: bytes
    reason: str
    time: datetime | None = None
    """The clock's, where the line has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttlogReading:
    """An upload's lines, in order."""

    punches: Sequence[PunchRecord] = ()
    bad: Sequence[BadLine] = ()

    @property
    def lines(self) -> int:
        """How many lines there were, to be acknowledged."""
        return len(self.punches) + len(self.bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttlogDialect:
    """How one firmware writes punches."""

    fields: int = 7
    newline: str = "\n"
    table_line: bool = False
    """Whether `TABLE=ATTLOG` stands before the punches."""
    final_newline: bool = True


_FILL: Final = ("0", "0", "0", "255", "0", "0", "+28800", "")
"""Fields from the fifth on, as they were seen on real lines."""


@dataclass(slots=True)
class _Reading:
    punches: list[PunchRecord] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def named_table(body: bytes) -> str:
    """The table that a body's first line names, in upper case; empty for none."""
    first = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    match = _TABLE.match(first.upper())
    return match[1].decode() if match else ""


def parse_attlog(body: bytes, *, latest: datetime | None = None) -> AttlogReading:
    """Read an upload; what is no punch is kept aside line by line.

    `latest` is the naive last moment that is believed, None when the host does
    not know the time.
    """
    reading = _Reading()
    for line in split_lines(body.removeprefix(b"\xef\xbb\xbf")):
        if _is_table_line(line):
            continue
        try:
            reading.punches.append(_parse_line(line, latest))
        except LineError as error:
            time = _time_of(line)
            reading.bad.append(BadLine(raw=line, reason=str(error), time=time))
    return AttlogReading(punches=reading.punches, bad=reading.bad)


def encode_attlog(
    punches: Iterable[PunchRecord], dialect: AttlogDialect | None = None
) -> bytes:
    """An upload's body in a firmware's dialect."""
    dialect = dialect or AttlogDialect()
    lines = [TABLE_LINE] if dialect.table_line else []
    lines += [encode_punch(punch, dialect.fields) for punch in punches]
    tail = dialect.newline if dialect.final_newline and lines else ""
    return (dialect.newline.join(lines) + tail).encode()


def encode_punch(punch: PunchRecord, fields: int = 7) -> str:
    """A punch's line of 4 to 12 fields, without its end."""
    head = (
        punch.user_id,
        format_time(punch.time),
        str(encode_direction(punch.direction)),
        str(encode_method(punch.method)),
    )
    return "\t".join((head + _FILL)[: max(fields, MIN_FIELDS)])


def _is_table_line(line: bytes) -> bool:
    return line.strip().upper().startswith(TABLE_LINE.encode())


def _parse_line(line: bytes, latest: datetime | None) -> PunchRecord:
    if len(line) > MAX_LINE:
        raise LineError(f"longer than {MAX_LINE} bytes")
    fields = split_fields(line, MIN_FIELDS)
    user_id = checked_user_id(fields[0])
    if user_id is None:
        raise LineError("a user id that can be none")
    time = believed_time(fields[1], latest)
    direction, method = _code(fields[2]), _code(fields[3])
    return PunchRecord(
        user_id=user_id,
        time=time,
        direction=(
            Direction.UNKNOWN if direction is None else decode_direction(direction)
        ),
        method=PunchMethod.UNKNOWN if method is None else decode_method(method),
        raw=line,
    )


def _time_of(line: bytes) -> datetime | None:
    return parse_time(decode_text(b"".join(line[:64].split(b"\t")[1:2])))


def _code(text: str) -> int | None:
    """A code; None for an empty field."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise LineError("a status or method that is no number")
    return int(text)
