"""Lists of a small hall in memory; each query is kept."""

from __future__ import annotations

from bridge.domain.views import (
    CallerKeyView,
    Page,
    PunchView,
    RatingView,
    SeatView,
    WindowLineView,
)
from bridge.service.ports import ListQuery


class FakeLists:
    """Records of `HallPort`; all but the punches are empty."""

    def __init__(self) -> None:
        self.punch_items: list[PunchView] = []
        self.queries: list[ListQuery] = []

    async def punches(self, query: ListQuery) -> Page[PunchView]:
        self.queries.append(query)
        return Page(items=self.punch_items, total=len(self.punch_items))

    async def ratings(self, query: ListQuery) -> Page[RatingView]:
        self.queries.append(query)
        return Page(items=[], total=0)

    async def caller_keys(self, query: ListQuery) -> Page[CallerKeyView]:
        self.queries.append(query)
        return Page(items=[], total=0)

    async def seats(self, query: ListQuery) -> Page[SeatView]:
        self.queries.append(query)
        return Page(items=[], total=0)

    async def window_line(self, counter: str) -> WindowLineView:
        del counter
        return WindowLineView(waiting=[], total=0, held=[], missed=[])
