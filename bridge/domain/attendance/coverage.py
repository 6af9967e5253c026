"""Whether the clocks were read: nothing is concluded from silence that nobody heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bridge.domain.attendance.inputs import Coverage

_UNREAD: Final = Coverage()


class Reading:
    """The clocks that matter for a day, and what is known of their logs."""

    __slots__ = ("_all", "_whole_until", "clocks")

    def __init__(
        self, clocks: Sequence[str], coverage: Mapping[str, Coverage], ends: datetime
    ) -> None:
        self.clocks = clocks
        self._all = [coverage.get(clock, _UNREAD) for clock in clocks]
        self._whole_until: datetime | None = ends
        for each in self._all:
            if each.until is None or each.until < ends or each.gaps:
                self._whole_until = None
                break

    def lacking(self, start: datetime, end: datetime) -> tuple[str, ...]:
        """Clocks whose punches from `start` to `end` may not all be here."""
        if self._whole_until is not None and end <= self._whole_until:
            return ()
        return tuple(
            clock
            for clock, each in zip(self.clocks, self._all, strict=True)
            if _is_unread(each, end) or _has_gap(each, start, end, even_lost=True)
        )

    def awaited(self, start: datetime, end: datetime) -> tuple[str, ...]:
        """Clocks from which punches from `start` to `end` may still come."""
        if self._whole_until is not None and end <= self._whole_until:
            return ()
        return tuple(
            clock
            for clock, each in zip(self.clocks, self._all, strict=True)
            if _is_unread(each, end) or _has_gap(each, start, end, even_lost=False)
        )

    def until(self) -> Mapping[str, datetime | None]:
        """Up to when each was read."""
        return {
            clock: each.until
            for clock, each in zip(self.clocks, self._all, strict=True)
        }


def _is_unread(coverage: Coverage, end: datetime) -> bool:
    return coverage.until is None or coverage.until < end


def _has_gap(
    coverage: Coverage, start: datetime, end: datetime, *, even_lost: bool
) -> bool:
    return any(
        gap.start <= end and (gap.end is None or gap.end > start)
        for gap in coverage.gaps
        if even_lost or not gap.lost
    )
