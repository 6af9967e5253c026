"""Attendance read from the store itself: the hall may run or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from bridge.domain.attendance.results import MonthRow
from bridge.domain.views import DeviceView, Page
from bridge.service.attendance import months
from bridge.service.attendance.clocks import clock_standings
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.listing import day_page, unknown_users
from bridge.service.attendance.port import DayQuery
from bridge.service.attendance.settings import Settings
from bridge.service.attendance.views import (
    ClockStanding,
    DayRow,
    MonthStatus,
    Sheet,
    UnknownUser,
)
from bridge.store.database import open_for_reading
from devices.kinds import DeviceState
from devices.site import Site

STORE: Final = "store/hall.db"
"""Below --data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineAttendance:
    """What reports need, as of the moment when the store was opened."""

    site: Site
    settings: Settings
    db: Connection
    book: Book
    now: datetime

    def days(self, query: DayQuery) -> Page[DayRow]:
        """Days by day, then person."""
        return day_page(self.db, self.book, query)

    def months(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sequence[MonthRow]:
        """Everybody's month, by department, then person."""
        return months.month_rows(
            self.db, self.book, month, person=person, department=department
        )

    def month(self, month: str) -> MonthStatus:
        """How a month stands."""
        return months.status(self.db, self.book, month, self.now.date())

    def sheet(
        self, month: str, *, person: str | None = None, department: str | None = None
    ) -> Sheet:
        """A month as management signs it."""
        return months.sheet(
            self.db,
            self.book,
            self.now,
            self.settings.hall,
            month,
            person=person,
            department=department,
        )

    def clocks(self) -> Sequence[ClockStanding]:
        """Every clock and its gaps; what only a running hall knows is empty."""
        views = [
            DeviceView(
                id=each.id,
                driver=each.driver,
                name=each.label,
                state=DeviceState.OFFLINE.value,
                reason="",
                since=None,
                last_seen=None,
                node=each.node,
                info={},
                value=None,
            )
            for each in self.site.devices
        ]
        return clock_standings(self.db, self.book, views, self.now)

    def unknown_users(self) -> Sequence[UnknownUser]:
        """Numbers that punched and are nobody's."""
        return unknown_users(self.db, self.book, self.now.date())


@contextmanager
def open_store(site: Site, store: Path, now: datetime) -> Iterator[OfflineAttendance]:
    """The attendance of a store's file; raises `StoreError` when there is none."""
    settings = Settings.of(site)
    with open_for_reading(store) as db:
        yield OfflineAttendance(
            site=site,
            settings=settings,
            db=db,
            book=settings.book(db),
            now=now.astimezone(site.hall.zone),
        )


@contextmanager
def open_readonly(
    site: Site, data: Path, clock: Callable[[], datetime]
) -> Iterator[OfflineAttendance]:
    """The attendance of a data folder; raises `StoreError` when there is none."""
    with open_store(site, data / STORE, clock()) as attendance:
        yield attendance
