"""A small hall for attendance: one person, a Wednesday, two clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.domain.attendance.days import conclude
from bridge.domain.attendance.facts import (
    Confirmation,
    Correction,
    CorrectionKind,
    Leave,
    LeaveKind,
    LeaveUnit,
    Person,
    Posting,
    Session,
    Shift,
)
from bridge.domain.attendance.inputs import (
    Calendar,
    Coverage,
    DayInput,
    Decided,
    Gap,
    Punch,
    Schedule,
)
from bridge.domain.attendance.plan import DayPlan, plan_day
from bridge.domain.attendance.results import DayResult, PunchUse
from devices.events import Direction

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2025, 6, 11)
"""A Wednesday, a workday."""
LI = Person(id="0042", name="测试")
CLOCKS = ("gate", "hall")


def t(text: str) -> time:
    """A time of day."""
    return time.fromisoformat(text)


def at(text: str, day: date = DAY) -> datetime:
    """`08:25`, `08:25:30`; `+1 06:00` is the day after, `-1 22:00` the one before."""
    if text[0] in "+-":
        shift, text = text.split(" ")
        day += timedelta(days=int(shift))
    return datetime.combine(day, t(text), ZONE)


def stretch(start: str, end: str, **more: object) -> Session:
    """A session; windows may be given as text."""
    windows = ("in_from", "in_until", "out_from", "out_until")
    times = {name: t(str(more.pop(name))) for name in windows if name in more}
    return Session(start=t(start), end=t(end), **times, **more)  # type: ignore[arg-type]


MORNING = stretch("08:30", "12:00", name="上午", weight=0.5)
AFTERNOON = stretch("14:00", "17:30", name="下午", weight=0.5)
TWO = Shift(id="day", name="行政班", sessions=(MORNING, AFTERNOON))
ONE = Shift(id="one", name="一段", sessions=(stretch("09:00", "17:00"),))
FOUR = Shift(
    id="four",
    name="四次卡",
    sessions=(
        stretch(
            "09:00",
            "12:00",
            in_from="08:20",
            in_until="09:00",
            out_from="12:00",
            out_until="12:15",
            weight=0.5,
        ),
        stretch(
            "13:00",
            "17:00",
            in_from="12:20",
            in_until="13:00",
            out_from="17:00",
            out_until="18:00",
            weight=0.5,
        ),
    ),
)
NIGHT = Shift(id="night", name="夜班", sessions=(stretch("22:00", "06:00"),))


def posted(shift: str | None = "day", **more: object) -> Posting:
    """LI's posting since long ago."""
    given: dict[str, object] = {
        "id": "P1",
        "person": LI.id,
        "valid_from": date(2020, 1, 1),
        "shift": shift,
    }
    return Posting(**{**given, **more})  # type: ignore[arg-type]


def schedule(
    *shifts: Shift,
    postings: Sequence[Posting] | None = None,
    calendar: Calendar | None = None,
    clocks: Sequence[str] = CLOCKS,
) -> Schedule:
    """Who is due; by default LI by the first shift."""
    shifts = shifts or (TWO,)
    versions: dict[str, list[Shift]] = {}
    for shift in shifts:
        versions.setdefault(shift.id, []).append(shift)
    held = [posted(shifts[0].id)] if postings is None else postings
    return Schedule(
        calendar=calendar or Calendar(),
        shifts=versions,
        postings={LI.id: held} if held else {},
        clocks=clocks,
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A day to conclude, in words."""

    punches: Sequence[str | Punch] = ()
    """Times, with a direction after a space where it matters: `08:25 in`."""
    shift: Shift = TWO
    plan: Schedule | None = None
    day: date = DAY
    person: Person = LI
    decided: Decided = field(default_factory=Decided)
    coverage: Mapping[str, Coverage] | None = None
    read: str = "+3 00:00"
    """Up to when all clocks were read."""
    now: str = "+3 00:00"

    def given(self) -> DayInput:
        """What `conclude` gets."""
        plan = self.plan or schedule(self.shift)
        coverage = self.coverage
        if coverage is None:
            until = Coverage(until=at(self.read, self.day))
            coverage = dict.fromkeys(plan.clocks, until)
        return DayInput(
            person=self.person,
            day=self.day,
            schedule=plan,
            punches=list(numbered(self.punches, self.day)),
            decided=self.decided,
            coverage=coverage,
        )

    def result(self) -> DayResult:
        """The row."""
        return conclude(self.given(), at(self.now, self.day))


def plan_of(held: Schedule, day: date = DAY) -> DayPlan:
    """What is due of Li on a day."""
    return plan_day(held, LI, day, ZONE)


def see(*punches: str | Punch, **more: object) -> DayResult:
    """The row of a day with these punches."""
    return Seen(punches=punches, **more).result()  # type: ignore[arg-type]


def numbered(punches: Iterable[str | Punch], day: date = DAY) -> Iterable[Punch]:
    """Punches of texts, numbered from 1; punches pass."""
    for number, each in enumerate(punches, start=1):
        yield each if isinstance(each, Punch) else punch(number, each, day=day)


def punch(number: int, text: str, *, day: date = DAY, **more: object) -> Punch:
    """A punch at a time; received when made unless `received` says it."""
    direction = Direction.UNKNOWN
    for word in Direction:
        if text.endswith(f" {word.value}"):
            direction = word
            text = text.removesuffix(f" {word.value}")
    moment = at(text, day)
    given: dict[str, object] = {
        "id": number,
        "user_id": "0042",
        "time": moment,
        "direction": direction,
        "device": "gate",
        "received": moment,
    }
    return Punch(**{**given, **more})  # type: ignore[arg-type]


def leave(
    start: str,
    end: str,
    *,
    kind: LeaveKind = LeaveKind.PERSONAL,
    unit: LeaveUnit = LeaveUnit.HOUR,
    key: str = "L1",
) -> Leave:
    """LI's leave."""
    return Leave(
        id=key, person=LI.id, kind=kind, unit=unit, start=at(start), end=at(end)
    )


def correction(kind: CorrectionKind, key: str = "C1", **more: object) -> Correction:
    """LI's correction of DAY."""
    given: dict[str, object] = {
        "id": key,
        "person": LI.id,
        "day": DAY,
        "kind": kind,
        "reason": "停电",
    }
    return Correction(**{**given, **more})  # type: ignore[arg-type]


def added(text: str, key: str = "C1", **more: object) -> Correction:
    """A correction that adds a punch."""
    return correction(CorrectionKind.PUNCH, key, time=at(text), **more)


def voided(number: int, key: str = "C1") -> Correction:
    """A correction that voids a punch."""
    return correction(CorrectionKind.VOID, key, punch=number)


def stated(state: str, session: int | None = None, key: str = "C1") -> Correction:
    """A correction that says what a day or session was."""
    return correction(CorrectionKind.STATE, key, state=state, session=session)


def confirmed(number: int, *, counts: bool, time: str | None = None) -> Decided:
    """One punch, confirmed or not."""
    told = Confirmation(punch=number, counts=counts, time=at(time) if time else None)
    return Decided(confirmations={number: told})


def dead(until: str | None, *gaps: tuple[str, str | None]) -> Mapping[str, Coverage]:
    """The gate was read up to `until`, with gaps; the hall's clock is fine."""
    holes = [
        Gap(start=at(start), end=at(end) if end else None, reason="lost power")
        for start, end in gaps
    ]
    gate = Coverage(until=at(until) if until else None, gaps=holes)
    return {"gate": gate, "hall": Coverage(until=at("+3 00:00"))}


def states(result: DayResult) -> str:
    """`late present`: all states, the worst first."""
    return " ".join(state.value for state in result.states)


def by_session(result: DayResult) -> str:
    """`late+missing_out | present`: the states of each session."""
    return " | ".join(
        "+".join(state.value for state in session.states) for session in result.sessions
    )


def uses(result: DayResult) -> list[str]:
    """What became of the punches, by time."""
    return [PunchUse(punch.use).value for punch in result.punches]


def window(moments: tuple[datetime, datetime]) -> str:
    """`04:30-10:15`, with the days that differ from DAY."""
    return "-".join(_short(moment) for moment in moments)


def _short(moment: datetime) -> str:
    days = (moment.date() - DAY).days
    form = "%H:%M:%S" if moment.second else "%H:%M"
    return moment.strftime(form) + (f"{days:+}" if days else "")


def changed(shift: Shift, **more: object) -> Shift:
    """The shift with other rules."""
    return replace(shift, **more)  # type: ignore[arg-type]
