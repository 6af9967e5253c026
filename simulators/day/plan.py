"""The plan of a hall day, pure: the same seed gives the same day.

Times are seconds since midnight. What depends on the hall (who is called when)
is played, not planned: simulators.day.play.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
OPENS: Final = 8.5 * HOUR
CLOSES: Final = 17.0 * HOUR
LUNCH: Final = (12.0 * HOUR, 13.5 * HOUR)
BUSY: Final[Mapping[int, float]] = {
    8: 0.9, 9: 1.8, 10: 2.0, 11: 1.2, 12: 0.1, 13: 0.7, 14: 1.6, 15: 1.4, 16: 0.6
}  # fmt: skip
"""How many come in each hour, relative: halls fill before lunch."""
VISITORS_A_COUNTER: Final = 64
MEDIAN_SERVICE_S: Final = 240.0
SHORTEST_S: Final = 45.0
LONGEST_S: Final = 1500.0
NO_SHOW: Final = 0.06
RATES: Final = 0.7
RATING_WEIGHTS: Final[Mapping[int, int]] = {3: 70, 2: 22, 1: 6, 0: 2}
"""Evaluator keys 0..3 (worst to best), as people press them."""
SHOWS_CARD: Final = 0.5
LATE_STAFF: Final = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who comes for a service. `rating` None: presses nothing."""

    at: float
    service: str
    service_s: float
    shows_up: bool
    rating: int | None
    card: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffPunch:
    """Somebody of the staff at the clock."""

    at: float
    user_id: str
    direction: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """When a window works; staff do not all eat at once."""

    counter: str
    opens: float
    lunch_from: float
    lunch_until: float
    closes: float

    def works(self, at: float) -> bool:
        """Whether somebody sits there."""
        if self.lunch_from <= at < self.lunch_until:
            return False
        return self.opens <= at < self.closes


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """A whole day, each list in order of time."""

    visitors: Sequence[Visitor]
    punches: Sequence[StaffPunch]
    shifts: Sequence[Shift]

    @property
    def begins(self) -> float:
        """When the first thing happens."""
        return min(self._times())

    @property
    def ends(self) -> float:
        """When the last thing that is planned happens."""
        return max(self._times())

    def _times(self) -> list[float]:
        return [v.at for v in self.visitors] + [p.at for p in self.punches] or [OPENS]


def plan_day(
    seed: int,
    *,
    services: Sequence[str],
    counters: Sequence[str],
    staff: Sequence[str],
    visitors: int | None = None,
) -> DayPlan:
    """Plan a day for these services, windows and user ids of the staff."""
    dice = random.Random(seed)
    count = VISITORS_A_COUNTER * len(counters) if visitors is None else visitors
    come = [_visitor(dice, services) for _ in range(count)] if services else []
    return DayPlan(
        visitors=sorted(come, key=lambda visitor: visitor.at),
        punches=sorted(
            (punch for user in staff for punch in _punches(dice, user)),
            key=lambda punch: (punch.at, punch.user_id),
        ),
        shifts=[_shift(dice, index, name) for index, name in enumerate(counters)],
    )


def _visitor(dice: random.Random, services: Sequence[str]) -> Visitor:
    hour = dice.choices(list(BUSY), weights=list(BUSY.values()))[0]
    at = max(hour * HOUR + dice.random() * HOUR, OPENS - 300)
    # The first service of a hall is usually the one that most come for.
    weights = [1 / (place + 1.5) for place in range(len(services))]
    length_s = MEDIAN_SERVICE_S * dice.lognormvariate(0, 0.6)
    keys, chances = list(RATING_WEIGHTS), list(RATING_WEIGHTS.values())
    return Visitor(
        at=min(at, CLOSES - 1800),
        service=dice.choices(services, weights=weights)[0],
        service_s=min(max(length_s, SHORTEST_S), LONGEST_S),
        shows_up=dice.random() >= NO_SHOW,
        rating=dice.choices(keys, weights=chances)[0]
        if dice.random() < RATES
        else None,
        card=dice.random() < SHOWS_CARD,
    )


def _punches(dice: random.Random, user: str) -> list[StaffPunch]:
    method = dice.choices(["fingerprint", "face", "card"], weights=[8, 1, 1])[0]
    late = dice.random() < LATE_STAFF
    comes = OPENS + (dice.uniform(60, 1200) if late else -dice.uniform(60, 1500))
    out, back = LUNCH
    times = [
        (comes, "in"),
        (out + dice.uniform(-120, 900), "break_out"),
        (back - dice.uniform(0, 900), "break_in"),
        (CLOSES + dice.uniform(30, 1800), "out"),
    ]
    return [
        StaffPunch(at=at, user_id=user, direction=direction, method=method)
        for at, direction in times
    ]


def _shift(dice: random.Random, index: int, counter: str) -> Shift:
    # Every other window eats early, so that the hall is never left alone.
    early = index % 2 == 0
    begins = LUNCH[0] + (0 if early else 2700) + dice.uniform(0, 300)
    return Shift(
        counter=counter,
        opens=OPENS + dice.uniform(0, 300),
        lunch_from=begins,
        lunch_until=begins + 2700,
        closes=CLOSES + 1800,
    )
