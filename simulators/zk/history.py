"""A log of past days for a simulated clock's people: plausible, always the same.

On workdays (of the State Council's calendar where that is known, else Monday to
Friday) four punches: in before nine, out at noon, in after one, out
after five; some come late or leave early, some forget a punch or stay away.
What somebody did on a day follows from the serial number, the person and the
date alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

import chinese_calendar

from devices.events import Direction, PunchMethod
from devices.zk.punch import PunchRecord
from devices.zk.users import ClockUser

MOST_WORKDAYS: Final = 500
"""About two years; a longer log gets more punches a day instead."""
PUNCHES: Final = 4

_DIRECTIONS: Final = (Direction.IN, Direction.OUT, Direction.IN, Direction.OUT)
_USUAL: Final = (
    (8 * 60 + 20, 40),
    (12 * 60, 10),
    (13 * 60, 30),
    (17 * 60 + 30, 30),
)
"""First minute of the day, and how many minutes from there."""
_LATE: Final = (9 * 60 + 1, 34)
_EARLY: Final = (17 * 60, 25)
_AGAIN_S: Final = 7
_WORKDAYS: Final = 5

# Of 256: a byte of the person's day decides each.
_ABSENT, _IS_LATE, _IS_EARLY, _FORGETS, _BY_CARD = 4, 20, 10, 10, 20


def past_days(
    serial: str, users: Sequence[ClockUser], before: date, days: int
) -> Iterator[PunchRecord]:
    """The punches of the last calendar `days` before a day, oldest first."""
    for back in range(days, 0, -1):
        day = before - timedelta(days=back)
        if is_workday(day):
            yield from _of_day(serial, users, day)


def past_rows(
    serial: str, users: Sequence[ClockUser], before: date, rows: int
) -> list[PunchRecord]:
    """Exactly so many punches before a day (none without users), oldest first."""
    if not users or rows <= 0:
        return []
    usual = len(users) * PUNCHES * MOST_WORKDAYS
    times = -(-rows // usual)
    found: list[list[PunchRecord]] = []
    count, day = 0, before
    while count < rows:
        day -= timedelta(days=1)
        if is_workday(day):
            found.append(list(_of_day(serial, users, day, times)))
            count += len(found[-1])
    records = (record for one in reversed(found) for record in one)
    return list(islice(records, count - rows, None))


def is_workday(day: date) -> bool:
    """Whether people of a service hall work that day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year that the calendar does not know yet
        return day.weekday() < _WORKDAYS


def _of_day(
    serial: str, users: Sequence[ClockUser], day: date, times: int = 1
) -> Iterator[PunchRecord]:
    records = [
        record for user in users for record in _of_person(serial, user, day, times)
    ]
    yield from sorted(records, key=lambda record: record.time)


def _of_person(
    serial: str, user: ClockUser, day: date, times: int
) -> Iterator[PunchRecord]:
    seed = f"{serial}:{user.user_id}:{day.isoformat()}".encode()
    absent, late, early, *dice = hashlib.blake2b(seed, digest_size=19).digest()
    if absent < _ABSENT:
        return
    spans = list(_USUAL)
    if late < _IS_LATE:
        spans[0] = _LATE
    if early < _IS_EARLY:
        spans[3] = _EARLY
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as clocks say
    for at, (first, minutes) in enumerate(spans):
        forgets, minute, second, card = dice[4 * at : 4 * at + 4]
        if forgets < _FORGETS:
            continue
        time = midnight + timedelta(
            minutes=first + minute * minutes // 256, seconds=second * 60 // 256
        )
        for again in range(times):
            yield PunchRecord(
                user_id=user.user_id,
                time=time + timedelta(seconds=again * _AGAIN_S),
                direction=_DIRECTIONS[at],
                method=PunchMethod.CARD if card < _BY_CARD else PunchMethod.FINGERPRINT,
                raw=b"",
                uid=user.uid,
            )
