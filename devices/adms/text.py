"""Text of clocks: encodings, control characters, serial numbers, moments."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from devices.errors import MisuseError, ProtocolError

SERIAL_PATTERN: Final = r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}"
"""A serial number that may stand in an event's source."""

FIRST_YEAR: Final = 2010
"""A clock that lost its battery says 2000."""

_SERIAL: Final = re.compile(SERIAL_PATTERN)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TIME: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})", re.ASCII
)
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class LineError(ProtocolError):
    """A line that is no record; the message says why, without what it held."""


def decode_text(raw: bytes) -> str:
    """Strict UTF-8, else GB18030, which holds GB2312 (facts: push, names)."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def has_control(text: str) -> bool:
    """Whether a text could end a line or a field and begin another."""
    return _CONTROL.search(text) is not None


def is_serial(text: str) -> bool:
    """Whether a text can be a clock's serial number."""
    return _SERIAL.fullmatch(text) is not None


def checked_field(name: str, value: str) -> str:
    """A value that stands in a field; raises `MisuseError` when it could inject."""
    if has_control(value):
        raise MisuseError(f"{name} must not hold TAB, line ends or control characters")
    return value


def parse_time(text: str) -> datetime | None:
    """A naive moment as a clock writes it; None when there is no such moment."""
    match = _TIME.fullmatch(text.strip(" "))
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def format_time(time: datetime) -> str:
    """A moment as a clock reads it; the zone is left out."""
    return (
        f"{time.year:04}-{time.month:02}-{time.day:02} "
        f"{time.hour:02}:{time.minute:02}:{time.second:02}"
    )


def split_fields(line: bytes, least: int) -> list[str]:
    """Fields that stand apart by TAB; raises `LineError`."""
    fields = [part.strip(" ") for part in decode_text(line).split("\t")]
    if any(has_control(part) for part in fields):
        raise LineError("control characters")
    if len(fields) < least:
        raise LineError(f"{len(fields)} fields; such a line has {least} at least")
    return fields


def believed_time(text: str, latest: datetime | None) -> datetime:
    """A moment that a record may have; raises `LineError`.

    `latest` is the naive last moment that is believed; None believes any.
    """
    time = parse_time(text)
    if time is None:
        raise LineError("an impossible date or time")
    if time.year < FIRST_YEAR:
        raise LineError(f"the clock showed a year before {FIRST_YEAR}")
    if latest is not None and time > latest:
        raise LineError("more than a day in the future")
    return time


def split_lines(body: bytes) -> list[bytes]:
    """Lines that are not empty, whatever ends them."""
    return [line for line in _LINE_END.split(body) if line.strip(b" \t")]
