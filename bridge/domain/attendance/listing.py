"""The punches that a day's row lists, with what became of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bridge.domain.attendance.evidence import Evidence, Mark, in_order, touching
from bridge.domain.attendance.inputs import DayInput
from bridge.domain.attendance.plan import plan_day
from bridge.domain.attendance.results import DayPunch, PunchUse

_DAY: Final = timedelta(days=1)


def list_punches(
    given: DayInput,
    evidence: Evidence,
    midnight: datetime,
    span: tuple[datetime, datetime],
) -> tuple[DayPunch, ...]:
    """All that lie on the day or in its windows (`span`), and what corrections add.

    Those that no session of the day took are another day's, or in no window.
    """
    first, last = min(span[0], midnight), max(span[1], midnight + _DAY)
    listed: list[Mark] = []
    for mark in evidence.marks:
        if mark.use is None:
            on_day = midnight <= mark.time < midnight + _DAY
            in_span = span[0] <= mark.time <= span[1]
            if mark.correction is None and not on_day and not in_span:
                continue
            mark.use = _stray(given, mark)
        listed.append(mark)
    if evidence.doubtful or evidence.void:
        listed += touching(evidence.doubtful, first, last)
        listed += touching(evidence.void, first, last)
        listed.sort(key=in_order)
    return tuple([_show(mark) for mark in listed])


def _stray(given: DayInput, mark: Mark) -> PunchUse:
    zone = mark.time.tzinfo
    assert zone is not None  # noqa: S101 - moments are aware
    for day in (given.day - _DAY, given.day + _DAY):
        plan = plan_day(given.schedule, given.person, day, zone)
        if any(due.holds(mark.time) for due in plan.due):
            return PunchUse.OTHER_DAY
    return PunchUse.OUTSIDE


def _show(mark: Mark) -> DayPunch:
    punch = mark.punch
    if punch is None:
        return DayPunch(
            punch=None,
            time=mark.time,
            direction=mark.direction,
            device="",
            use=mark.use or PunchUse.OUTSIDE,
            correction=mark.correction,
        )
    return DayPunch(
        punch=punch.id,
        time=mark.time,
        direction=punch.direction,
        device=punch.device,
        flags=punch.flags,
        use=mark.use or PunchUse.OUTSIDE,
        correction=mark.correction,
    )
