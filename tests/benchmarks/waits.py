"""(f) What people are told they will wait, beside what they wait.

Days as the simulator plans them, for the example hall's windows and services: no
devices and no store, the rules alone. A visitor is told at the draw; the error is
the difference to the moment when their window calls them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.figures import Figure, quantile

from bridge.domain.turns import Queued, next_ticket
from bridge.domain.waiting import Desk, Line, Rate, estimated_wait_s, robust_mean
from simulators.day.plan import CLOSES, HOUR, OPENS, DayPlan, Visitor, plan_day

WINDOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "w1": ("reg", "social"),
    "w2": ("idcard",),
    "w3": ("social", "reg"),
    "w4": ("estate", "idcard"),
    "w5": ("reg",),
    "w6": ("idcard", "social"),
}
SERVICES: Final = ("reg", "idcard", "social", "estate")
DAYS: Final = 10
STEP_S: Final = 5
NO_SHOW_S: Final = 40.0
"""How long a window waits for one who does not come."""
LONG_S: Final = 300.0
MIDNIGHT: Final = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(slots=True)
class _Hall:
    """A day under way."""

    plan: DayPlan
    rates: dict[str, deque[float]]
    now: float = OPENS - 600
    line: dict[int, Queued] = field(default_factory=dict)
    until: dict[str, tuple[float, str]] = field(default_factory=dict)
    told: dict[int, int | None] = field(default_factory=dict)
    waited: dict[int, float] = field(default_factory=dict)

    def run(self) -> None:
        coming = deque(enumerate(self.plan.visitors))
        while self.now < CLOSES + 2 * HOUR:
            while coming and coming[0][1].at <= self.now:
                self._draw(*coming.popleft())
            for shift in self.plan.shifts:
                ends, _ = self.until.get(shift.counter, (0.0, ""))
                if ends <= self.now:
                    self.until.pop(shift.counter, None)
                    if shift.works(self.now):
                        self._call(shift.counter)
            self.now += STEP_S

    def _draw(self, key: int, visitor: Visitor) -> None:
        ahead: dict[Line, int] = defaultdict(int)
        for ticket in self.line.values():
            ahead[ticket.service, None] += 1
        desks = [
            Desk(
                id=shift.counter,
                services=frozenset(WINDOWS[shift.counter]),
                serving=self.until.get(shift.counter, (0.0, None))[1],
            )
            for shift in self.plan.shifts
            if shift.works(self.now)
        ]
        known = {name: robust_mean(times) for name, times in self.rates.items()}
        rates: dict[str, Rate] = {n: r for n, r in known.items() if r is not None}
        line = (visitor.service, None)
        self.told[key] = estimated_wait_s(line, ahead, desks, rates)
        turn = MIDNIGHT + timedelta(seconds=visitor.at)
        self.line[key] = Queued(key=key, service=visitor.service, turn=turn)

    def _call(self, counter: str) -> None:
        found = next_ticket(
            self.line.values(),
            counter=counter,
            weights=dict.fromkeys(WINDOWS[counter], 1.0),
            now=MIDNIGHT + timedelta(seconds=self.now),
        )
        if found is None:
            return
        del self.line[found.key]
        visitor = self.plan.visitors[found.key]
        self.waited[found.key] = self.now - visitor.at
        takes = visitor.service_s if visitor.shows_up else NO_SHOW_S
        if visitor.shows_up:
            self.rates[visitor.service].append(visitor.service_s)
        self.until[counter] = (self.now + takes, visitor.service)


async def measure() -> list[Figure]:
    """Ten days one after the other: what was learnt yesterday is known today."""
    rates: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=60))
    errors: list[float] = []
    shares: list[float] = []
    people = unknown = 0
    for seed in range(DAYS):
        plan = plan_day(seed, services=SERVICES, counters=[*WINDOWS], staff=[])
        hall = _Hall(plan, rates)
        hall.run()
        for key, waited in hall.waited.items():
            told = hall.told[key]
            people += 1
            if told is None:
                unknown += 1
                continue
            errors.append(abs(told - waited))
            if waited >= LONG_S:
                shares.append(abs(told - waited) / waited)

    def figure(name: str, value: float, unit: str) -> Figure:
        return Figure(part="waits", name=name, value=round(value, 1), unit=unit)

    return [
        figure("people called in 10 days", people, ""),
        figure("told nothing (no window open, nothing known)", unknown, ""),
        figure("error of the told wait p50", quantile(errors, 0.5), "s"),
        figure("error of the told wait p90", quantile(errors, 0.9), "s"),
        figure("error of waits over 5 min p50", 100 * quantile(shares, 0.5), "%"),
    ]
