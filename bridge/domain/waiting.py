"""How long somebody will wait: people before, service times, open windows.

With one service, c windows and service times of mean m, the n-th behind a full hall
waits for n + 1 ends, and c windows end one each m / c: (n + 1) m / c. Averaged over
what an arrival finds in an M/M/c hall this is Erlang's C(c, a) m / (c - a).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

OUTLIER: Final = 8.0
"""A service time beyond so many medians was a ticket that somebody forgot to end."""
INSTANT: Final = 20.0
"""One below the median by this factor was a key pressed twice."""
PRIOR: Final = 3
"""Until a service has its own times, the hall's mean counts as so many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Mean service time of a service, from so many tickets."""

    mean_s: float
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A window that is open. `serving`: the service of the ticket at it, if any."""

    id: str
    services: frozenset[str]
    serving: str | None = None


Line = tuple[str, str | None]
"""A service, and the one window its tickets are for, if so."""


def robust_mean(durations_s: Sequence[float]) -> Rate | None:
    """The mean without what cannot be a service time; None without any."""
    known = [duration for duration in durations_s if duration > 0]
    if not known:
        return None
    middle = median(known)
    sound = [d for d in known if middle / INSTANT <= d <= middle * OUTLIER]
    return Rate(mean_s=fmean(sound), samples=len(sound))


def service_time_s(service: str, rates: Mapping[str, Rate]) -> float | None:
    """The mean time of a service; with few tickets it leans on the whole hall's."""
    samples = sum(rate.samples for rate in rates.values())
    if not samples:
        return None
    hall_s = sum(rate.mean_s * rate.samples for rate in rates.values()) / samples
    own = rates.get(service)
    if own is None:
        return hall_s
    return (own.mean_s * own.samples + hall_s * PRIOR) / (own.samples + PRIOR)


def estimated_wait_s(
    line: Line,
    ahead: Mapping[Line, int],
    desks: Sequence[Desk],
    rates: Mapping[str, Rate],
) -> int | None:
    """Seconds that somebody in `line` will wait behind `ahead` of all lines.

    The work before them at their windows is shared with whatever other windows can
    do it too. None when nothing is known yet or no window is open for them.
    """
    mine = [desk for desk in desks if _serves(desk, line)]
    own_s = service_time_s(line[0], rates)
    if not mine or own_s is None:
        return None
    kinds = _kinds(desks, {only for _, only in (line, *ahead)})
    work_s = 0.0
    for other, people in ahead.items():
        able = [(desk, count) for desk, count in kinds if _serves(desk, other)]
        shared = sum(count for desk, count in able if _serves(desk, line))
        each_s = service_time_s(other[0], rates)
        if shared and each_s is not None:
            windows = sum(count for _, count in able)
            work_s += people * each_s * shared / windows
    busy = [desk.serving for desk in mine if desk.serving is not None]
    if len(busy) == len(mine):
        rest = (service_time_s(service, rates) or own_s for service in busy)
        work_s += fmean(rest)
    return round(work_s / len(mine))


def _kinds(
    desks: Sequence[Desk], addressed: Collection[str | None]
) -> list[tuple[Desk, int]]:
    """One window for all that serve the same, and how many they are.

    Those that somebody waits for by name stand alone.
    """
    found: dict[tuple[frozenset[str], str | None], list[Desk]] = defaultdict(list)
    for desk in desks:
        own = desk.id if desk.id in addressed else None
        found[desk.services, own].append(desk)
    return [(alike[0], len(alike)) for alike in found.values()]


def _serves(desk: Desk, line: Line) -> bool:
    service, only = line
    return only == desk.id if only is not None else service in desk.services
