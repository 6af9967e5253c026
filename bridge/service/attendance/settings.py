"""What the hall file says about attendance, as the parts here need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bridge.domain.attendance.facts import ApprovalLevel
from bridge.service.attendance.days.coverage import clocks_of
from bridge.service.attendance.facts import ledger
from bridge.service.attendance.facts.book import Book, read_book
from bridge.service.attendance.facts.standing import Reading
from devices.site import HolidayCalendar, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Zone, calendar, clocks and approval levels of a hall."""

    hall: str
    zone: ZoneInfo
    national: str | None
    clocks: tuple[str, ...]
    since: date | None
    reading: Reading

    @classmethod
    def of(cls, site: Site) -> Self:
        """Of a hall file."""
        told, zone = site.attendance, site.hall.zone
        is_china = told.calendar is HolidayCalendar.CHINA
        levels = tuple(
            ApprovalLevel(
                role=each.role, up_to_h=each.up_to_h, up_to_days=each.up_to_days
            )
            for each in told.approval
        )
        return cls(
            hall=site.hall.name or site.hall.id,
            zone=zone,
            national=told.calendar.value if is_china else None,
            clocks=tuple(clocks_of(site)),
            since=told.since,
            reading=Reading(zone=zone, levels=levels),
        )

    def book(self, db: Connection, held: Book | None = None) -> Book:
        """All facts that stand; the held book where none was written since."""
        if held is not None:
            last = ledger.head(db)[0]
            if held.head < last and not ledger.tells_facts(db, held.head):
                held.head = last
            if held.head == last:
                return held
        return read_book(db, zone=self.zone, national=self.national, clocks=self.clocks)
