"""How a day came about, in sentences: codes with figures; `wording` has the words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from bridge.domain.attendance.results import (
    DayPunch,
    DayResult,
    DayState,
    PunchUse,
    SessionResult,
)

Param = str | int | float

_USED: Final = frozenset({PunchUse.IN, PunchUse.OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A sentence: `code` is a key of `wording.WORDS`, `params` fill its gaps."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


def explain(result: DayResult) -> Sequence[Line]:
    """From what was due over what was seen to what follows, in that order."""
    return [
        *_plan(result),
        *(
            line
            for place, session in enumerate(result.sessions)
            for line in _session(result, session, place)
        ),
        *_rest(result),
        *_standing(result),
    ]


def split(code: str) -> tuple[str, str]:
    """A note, or what a day waits for: its kind and the figure or id after it."""
    kind, _, what = code.partition(":")
    return kind, what


def _plan(result: DayResult) -> Iterator[Line]:
    day = result.day.isoformat()
    named = "_named" if result.day_name else ""
    params = {"day": day, "name": result.day_name}
    yield Line(code=f"day.{result.day_kind}{named}", params=params)
    for note in result.notes:
        yield _note(note, "")
    if result.shift is not None:
        params = {"shift": result.shift, "name": result.shift_name}
        yield Line(code="shift", params=params)
    if result.postings:
        yield Line(code="postings", params={"postings": ", ".join(result.postings)})
    elif result.shift is not None:
        yield Line(code="default_shift")
    if result.counter is not None:
        yield Line(code="counter", params={"counter": result.counter})


def _session(result: DayResult, session: SessionResult, place: int) -> Iterator[Line]:
    day, name = result.day, session.name or str(place + 1)
    yield Line(
        code="session.due",
        params={
            "session": name,
            "start": _at(session.start, day),
            "end": _at(session.end, day),
        },
    )
    yield Line(
        code="session.windows",
        params={
            "session": name,
            "in_from": _at(session.in_window[0], day),
            "in_until": _at(session.in_window[1], day),
            "out_from": _at(session.out_window[0], day),
            "out_until": _at(session.out_window[1], day),
        },
    )
    for note in session.notes:
        yield _note(note, name)
    for start, end in session.away:
        params: dict[str, Param] = {
            "session": name,
            "start": _at(start, day),
            "end": _at(end, day),
            "leaves": ", ".join(session.leaves),
        }
        yield Line(code="session.away", params=params)
    for use, moment in ((PunchUse.IN, session.came), (PunchUse.OUT, session.went)):
        if moment is not None:
            yield _used(result, use, moment, name)
    for state in session.states:
        yield Line(code=f"state.{state.value}", params=_figures(session, name, state))
    if session.absent_days:
        absent: Mapping[str, Param] = {"session": name, "days": session.absent_days}
        yield Line(code="session.absent_days", params=absent)


def _figures(session: SessionResult, name: str, state: DayState) -> Mapping[str, Param]:
    params: dict[str, Param] = {"session": name}
    if state is DayState.LATE:
        params["minutes"] = session.late_min
    elif state is DayState.EARLY:
        params["minutes"] = session.early_min
    elif state is DayState.LEAVE:
        params["days"] = session.leave_days
    elif state is DayState.FIELD_DUTY:
        params["days"] = session.field_days
    return params


def _used(result: DayResult, use: PunchUse, moment: datetime, name: str) -> Line:
    for punch in result.punches:
        if punch.use is use and punch.time == moment:
            return _punch(punch, result.day, name)
    time = _at(moment, result.day, seconds=True)
    return Line(code=f"punch.{use.value}", params={"session": name, "time": time})


def _punch(punch: DayPunch, day: date, name: str) -> Line:
    params: dict[str, Param] = {
        "time": _at(punch.time, day, seconds=True),
        "device": punch.device,
        "session": name,
    }
    if punch.punch is not None:
        params["punch"] = punch.punch
    if punch.correction is not None:
        params["correction"] = punch.correction
    added = "_by_correction" if punch.correction is not None else ""
    return Line(code=f"punch.{punch.use.value}{added}", params=params)


def _rest(result: DayResult) -> Iterator[Line]:
    """The punches that were not used, and why; what was decided."""
    for punch in result.punches:
        if punch.use not in _USED:
            yield _punch(punch, result.day, "")
    if not result.sessions:
        yield Line(code=f"whole.{result.state.value}")
        for leave in result.leaves:
            yield Line(code="leave_unused", params={"leave": leave})
    for correction in result.corrections:
        yield Line(code="correction", params={"correction": correction})


def _standing(result: DayResult) -> Iterator[Line]:
    for device, until in result.coverage.items():
        if until is None:
            yield Line(code="clock.never", params={"device": device})
            continue
        past = result.ends is not None and until >= result.ends
        code = "clock.past_end" if past else "clock.until"
        params: dict[str, Param] = {"device": device, "until": _at(until, result.day)}
        yield Line(code=code, params=params)
    if result.due_days:
        yield Line(
            code="totals",
            params={
                "due": result.due_days,
                "attended": result.attended_days,
                "absent": result.absent_days,
                "leave": result.leave_days,
            },
        )
    for code in result.waiting:
        kind, what = split(code)
        yield Line(code=f"waiting.{kind}", params={"what": what})
    yield Line(code="final" if result.final else "not_final")


def _note(note: str, session: str) -> Line:
    kind, what = split(note)
    return Line(code=f"note.{kind}", params={"session": session, "what": what})


def _at(moment: datetime, day: date, *, seconds: bool = False) -> str:
    """With the date where it is another day's."""
    clock = f"{moment:%H:%M:%S}" if seconds or moment.second else f"{moment:%H:%M}"
    return clock if moment.date() == day else f"{moment:%Y-%m-%d} {clock}"
