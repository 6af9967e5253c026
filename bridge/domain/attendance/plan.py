"""When somebody is due on a day: calendar, postings, shifts and their hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, cast
from zoneinfo import ZoneInfo

from bridge.domain.attendance.claims import Claim, claims_of, kind_of
from bridge.domain.attendance.facts import CalendarDay, Person, Shift
from bridge.domain.attendance.inputs import Schedule
from bridge.domain.attendance.windows import DueSession, Stretch, lay_out, stretches

CHINA_TIME: Final = ZoneInfo("Asia/Shanghai")

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """What is due. Nothing due: `note` says why (wording.NOTES).

    `uncertain`: more may be due than is known; `waiting` says what is missing
    (`calendar:<year>`, `shift:<id>`).
    """

    person: str
    day: date
    calendar: CalendarDay
    due: tuple[DueSession, ...]
    claims: tuple[Claim, ...]
    """Those that `due` comes from."""
    clocks: Sequence[str]
    waiting: tuple[str, ...]
    uncertain: bool
    note: str

    @property
    def starts(self) -> datetime | None:
        """When the first window opens."""
        return self.due[0].opens if self.due else None

    @property
    def ends(self) -> datetime | None:
        """When the last window closes."""
        return self.due[-1].closes if self.due else None

    @property
    def postings(self) -> tuple[str, ...]:
        """Ids of the postings that hold."""
        if len(self.claims) == 1:
            posting = self.claims[0].posting
            return (posting.id,) if posting else ()
        return tuple(claim.posting.id for claim in self.claims if claim.posting)

    @property
    def counter(self) -> str | None:
        """Where: of the strongest posting that says it."""
        for claim in self.claims:
            if claim.posting is not None and claim.posting.counter is not None:
                return claim.posting.counter
        return None

    @property
    def shift_name(self) -> str:
        """The names of all shifts that hold."""
        if len(self.claims) == 1:
            return self.claims[0].shift.name
        return " + ".join(dict.fromkeys(claim.shift.name for claim in self.claims))

    @property
    def shift(self) -> Shift | None:
        """The strongest shift that holds."""
        return self.claims[0].shift if self.claims else None


def plan_day(
    schedule: Schedule, person: Person, day: date, zone: tzinfo = CHINA_TIME
) -> DayPlan:
    """When `person` is due on `day`, in the hall's `zone`.

    Postings that hold that day are merged; where sessions overlap, the posting with
    the later `valid_from` wins, and its day off by rotation frees from older ones.
    """
    found = claims_of(schedule, person, day)
    due: tuple[DueSession, ...] = ()
    used: tuple[Claim, ...] = ()
    if found.held:
        due = _due(schedule, person, day, found.held, zone)
        if len(found.held) == 1:
            used = found.held
        else:
            wanted = {session.claim for session in due}
            used = tuple(
                claim for place, claim in enumerate(found.held) if place in wanted
            )
    return DayPlan(
        person=person.id,
        day=day,
        calendar=kind_of(schedule, day),
        due=due,
        claims=used,
        clocks=_clocks(schedule, used),
        waiting=found.waiting,
        uncertain=found.uncertain,
        note=found.note,
    )


def _clocks(schedule: Schedule, claims: tuple[Claim, ...]) -> Sequence[str]:
    if len(claims) == 1:
        posting = claims[0].posting
        return (posting.clocks if posting else ()) or schedule.clocks
    own = [claim.posting.clocks if claim.posting else () for claim in claims]
    if not all(own):
        return schedule.clocks
    return tuple(dict.fromkeys(clock for clocks in own for clock in clocks))


def _due(
    schedule: Schedule,
    person: Person,
    day: date,
    held: tuple[Claim, ...],
    zone: tzinfo,
) -> tuple[DueSession, ...]:
    before, left = _neighbour(schedule, person, day, -_DAY)
    after, right = _neighbour(schedule, person, day, _DAY)
    key = (
        zone,
        day,
        _ids(held),
        before,
        _ids(left),
        after,
        _ids(right),
    )
    memo = schedule.memo
    due = memo.get(key)
    if due is None:
        due = memo[key] = lay_out(
            _stretches(day, held, zone),
            max(
                _stretches(before, left, zone),
                key=lambda stretch: stretch.end,
                default=None,
            ),
            min(
                _stretches(after, right, zone),
                key=lambda stretch: stretch.start,
                default=None,
            ),
        )
    return cast("tuple[DueSession, ...]", due)


def _neighbour(
    schedule: Schedule, person: Person, day: date, step: timedelta
) -> tuple[date, tuple[Claim, ...]]:
    """The next day but one counts where nothing is due between: nights are long."""
    near = day + step
    held = claims_of(schedule, person, near).held
    if not held:
        near += step
        held = claims_of(schedule, person, near).held
    return near, held


def _ids(held: tuple[Claim, ...]) -> object:
    """Shifts live as long as the schedule whose memo these are for."""
    if len(held) == 1:
        return id(held[0].shift)
    return tuple([id(claim.shift) for claim in held])


def _stretches(day: date, held: tuple[Claim, ...], zone: tzinfo) -> list[Stretch]:
    return stretches([claim.shift for claim in held], day, zone)
