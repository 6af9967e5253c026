"""Which shifts want somebody on a day: postings, rotation, calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple, cast

from bridge.domain.attendance.calendar import day_kind
from bridge.domain.attendance.facts import (
    CalendarDay,
    DayKind,
    Person,
    Posting,
    Shift,
)
from bridge.domain.attendance.inputs import Schedule


class Claim(NamedTuple):
    """A shift that wants somebody on a day; `posting` None: by the default shift."""

    shift: Shift
    posting: Posting | None


class Claims(NamedTuple):
    """All shifts of somebody's day, the strongest first."""

    held: tuple[Claim, ...]
    waiting: tuple[str, ...] = ()
    note: str = ""
    uncertain: bool = False


def claims_of(schedule: Schedule, person: Person, day: date) -> Claims:
    """Which shifts want a person on a day; none: `note` says why."""
    memo = schedule.memo
    latest = memo.get("person")
    if latest is None or latest[0] is not person:
        # days come person by person, and each looks at its neighbours
        latest = memo["person"] = (person, {})
    days: dict[date, Claims] = latest[1]
    claims = days.get(day)
    if claims is None:
        claims = days[day] = _find(schedule, person, day)
    return claims


def _find(schedule: Schedule, person: Person, day: date) -> Claims:
    if (person.joined is not None and day < person.joined) or (
        person.left is not None and day > person.left
    ):
        return _NOT_EMPLOYED
    postings = schedule.postings.get(person.id)
    if not postings:
        shift = _default_shift(schedule, day)
        return _by_calendar(schedule, Claim(shift, None), day) if shift else _NO_SHIFT
    found = [
        (posting, _of_posting(schedule, posting, day))
        for posting in reversed(postings)
        if _holds(posting, day)
    ]
    if len(found) == 1:
        return found[0][1]
    return _merge(found) if found else _NO_POSTING


def kind_of(schedule: Schedule, day: date) -> CalendarDay:
    """What the calendar says of a day, looked up once."""
    memo = schedule.memo
    known = memo.get(day)
    if known is None:
        known = memo[day] = day_kind(schedule.calendar, day)
    return cast("CalendarDay", known)


def _holds(posting: Posting, day: date) -> bool:
    return posting.valid_from <= day and (
        posting.valid_to is None or day <= posting.valid_to
    )


def _merge(found: list[tuple[Posting, Claims]]) -> Claims:
    held: list[Claim] = []
    waiting: dict[str, None] = {}
    uncertain = False
    off: date | None = None
    for posting, claims in found:
        if off is not None and posting.valid_from < off:
            break
        if claims.note == _DAY_OFF.note:
            off = posting.valid_from
        held += claims.held
        waiting.update(dict.fromkeys(claims.waiting))
        uncertain = uncertain or claims.uncertain
    note = "" if held or uncertain else found[0][1].note
    return Claims(tuple(held), tuple(waiting), note, uncertain)


def _of_posting(schedule: Schedule, posting: Posting, day: date) -> Claims:
    if posting.weekdays and day.weekday() not in posting.weekdays:
        return _unless_unknown(schedule, day, "not_this_weekday")
    if posting.rotation:
        return _of_rotation(schedule, posting, day)
    if posting.shift is None:
        shift = _default_shift(schedule, day)
        return (
            _by_calendar(schedule, Claim(shift, posting), day) if shift else _NO_SHIFT
        )
    shift = _version(schedule.shifts.get(posting.shift, ()), day)
    if shift is None:
        return _missing(posting.shift)
    return _by_calendar(schedule, Claim(shift, posting), day)


def _of_rotation(schedule: Schedule, posting: Posting, day: date) -> Claims:
    """The calendar has no say."""
    turn = (day - posting.valid_from).days % len(posting.rotation)
    name = posting.rotation[turn]
    if name is None:
        return _DAY_OFF
    shift = _version(schedule.shifts.get(name, ()), day)
    return Claims((Claim(shift, posting),)) if shift else _missing(name)


def _by_calendar(schedule: Schedule, claim: Claim, day: date) -> Claims:
    shift = claim.shift
    if not shift.follows_calendar:
        if day.weekday() in shift.weekdays:
            return Claims((claim,))
        return _unless_unknown(schedule, day, "not_this_weekday")
    kind = kind_of(schedule, day).kind
    if kind is DayKind.WORKDAY:
        return Claims((claim,))
    if kind is DayKind.UNKNOWN:
        return Claims((), (f"calendar:{day.year}",), "", uncertain=True)
    return _NOT_DUE


def _unless_unknown(schedule: Schedule, day: date, note: str) -> Claims:
    """Nothing is due; but whether it is a holiday may be told later."""
    if kind_of(schedule, day).kind is DayKind.UNKNOWN:
        return Claims((), (f"calendar:{day.year}",), note)
    return Claims((), (), note)


def _missing(shift: str) -> Claims:
    return Claims((), (f"shift:{shift}",), "", uncertain=True)


def _version(versions: Sequence[Shift], day: date) -> Shift | None:
    for shift in reversed(versions):
        if shift.valid_from is None or shift.valid_from <= day:
            return shift
    return None


def _default_shift(schedule: Schedule, day: date) -> Shift | None:
    """Of several the one that began last, then by id."""
    key: Any = ("default", day)
    if key not in schedule.memo:
        held = [_version(versions, day) for versions in schedule.shifts.values()]
        defaults = [shift for shift in held if shift and shift.is_default]
        schedule.memo[key] = max(
            defaults,
            key=lambda shift: (shift.valid_from or date.min, shift.id),
            default=None,
        )
    return cast("Shift | None", schedule.memo[key])


_NOT_EMPLOYED: Final = Claims((), (), "not_employed")
_NO_POSTING: Final = Claims((), (), "no_posting")
_NO_SHIFT: Final = Claims((), (), "no_shift")
_DAY_OFF: Final = Claims((), (), "day_off")
_NOT_DUE: Final = Claims((), (), "")
