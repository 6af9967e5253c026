"""Which punches of a day count: flags, confirmations, corrections, drift of clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.attendance.facts import CorrectionKind
from bridge.domain.attendance.inputs import DayInput, Punch
from bridge.domain.attendance.punches import PunchFlag
from bridge.domain.attendance.results import PunchUse


@dataclass(slots=True)
class Mark:
    """A punch at the time at which it counts, and what becomes of it."""

    time: datetime
    direction: str
    punch: Punch | None = None
    correction: str | None = None
    """That added it, or voided it."""
    use: PunchUse | None = None


@dataclass(slots=True)
class Evidence:
    """The punches that may matter for a day, sorted out."""

    marks: list[Mark] = field(default_factory=list)
    """Those that count, by time; of a drifting clock at the time as it said."""
    doubtful: list[Mark] = field(default_factory=list)
    """Flagged and not confirmed."""
    void: list[Mark] = field(default_factory=list)
    drifting: dict[int, int] = field(default_factory=dict)
    """Ids of `marks` whose clock was wrong by a known time: seconds it was ahead."""

    def corrected(self) -> list[Mark]:
        """Fresh marks, those of drifting clocks at the true time."""
        marks: list[Mark] = []
        for mark in self.marks:
            ahead = self.drifting.get(mark.punch.id, 0) if mark.punch else 0
            time = mark.time - timedelta(seconds=ahead)
            marks.append(Mark(time, mark.direction, mark.punch, mark.correction))
        marks.sort(key=in_order)
        return marks


def weigh(given: DayInput, start: datetime, end: datetime) -> Evidence:
    """Sort out a person's punches that can matter from `start` to `end`."""
    found = Evidence()
    marks = found.marks
    decided = given.decided
    confirmations = decided.confirmations
    void: dict[int | None, str] = {}
    for each in decided.corrections:
        if each.kind is CorrectionKind.VOID:
            void[each.punch] = each.id
        elif each.kind is CorrectionKind.PUNCH and each.time is not None:
            time = each.time.astimezone(start.tzinfo)
            marks.append(Mark(time, each.direction, None, each.id))
    in_sequence = not marks
    before = datetime.min.replace(tzinfo=start.tzinfo)
    for punch in given.punches:
        time = punch.time
        if punch.flags or punch.id in void or punch.id in confirmations:
            _sort_out(found, punch, void, given)
            in_sequence = False
        elif start <= time <= end:
            marks.append(Mark(time, punch.direction, punch))
            in_sequence = in_sequence and before < time
            before = time
    if not in_sequence:
        for held in (marks, found.doubtful, found.void):
            held.sort(key=in_order)
    return found


def _sort_out(
    found: Evidence, punch: Punch, void: dict[int | None, str], given: DayInput
) -> None:
    mark = Mark(punch.time, punch.direction, punch)
    confirmation = given.decided.confirmations.get(punch.id)
    if punch.id in void:
        mark.correction = void[punch.id]
        mark.use = PunchUse.VOID
        found.void.append(mark)
    elif confirmation is not None and not confirmation.counts:
        mark.use = PunchUse.VOID
        found.void.append(mark)
    elif confirmation is not None:
        if confirmation.time is not None:
            mark.time = confirmation.time.astimezone(punch.time.tzinfo)
        found.marks.append(mark)
    elif PunchFlag.FUTURE in punch.flags or (
        PunchFlag.CLOCK_WRONG in punch.flags and punch.drift_s is None
    ):
        mark.use = PunchUse.DOUBTFUL
        found.doubtful.append(mark)
    else:
        if PunchFlag.CLOCK_WRONG in punch.flags and punch.drift_s is not None:
            found.drifting[punch.id] = punch.drift_s
        found.marks.append(mark)


def touching(marks: list[Mark], start: datetime, end: datetime) -> list[Mark]:
    """Those whose time, or receipt, lies from `start` to `end`."""
    return [
        mark
        for mark in marks
        if start <= mark.time <= end
        or (mark.punch is not None and start <= mark.punch.received <= end)
    ]


def in_order(mark: Mark) -> tuple[datetime, int, str]:
    """By time, whatever order they came in."""
    return mark.time, mark.punch.id if mark.punch else -1, mark.correction or ""
