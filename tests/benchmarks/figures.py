"""One measured number beside its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number; `limit` is what it should hold (None: for information)."""

    part: str
    name: str
    value: float
    unit: str
    limit: float | None = None
    bound: Literal["<=", ">="] = "<="

    @property
    def reached(self) -> bool | None:
        """Whether the limit holds; None when there is none."""
        if self.limit is None:
            return None
        return (
            self.value <= self.limit if self.bound == "<=" else self.value >= self.limit
        )


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie; nan when there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(
    part: str, name: str, seconds: Sequence[float], limit_ms: float | None
) -> list[Figure]:
    """p50 and p99 in milliseconds, the p99 beside its limit."""
    return [
        Figure(
            part=part,
            name=f"{name} p50",
            value=round(quantile(seconds, 0.50) * 1000, 2),
            unit="ms",
        ),
        Figure(
            part=part,
            name=f"{name} p99",
            value=round(quantile(seconds, 0.99) * 1000, 2),
            unit="ms",
            limit=limit_ms,
        ),
    ]
