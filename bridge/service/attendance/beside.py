"""What takes long over many days, done in a worker process: the store is read there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.domain.attendance.results import MonthRow
from bridge.service.attendance.days.dirty import Span
from bridge.service.attendance.days.rechecking import differing
from bridge.service.attendance.months import Signature, sign
from bridge.service.attendance.offline import open_store
from bridge.service.attendance.views import SheetForm
from devices.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the store is, and what of it is wanted."""

    site: Site
    store: Path
    now: datetime
    month: str
    person: str | None = None
    department: str | None = None


def rows(place: Place) -> list[MonthRow]:
    """Everybody's month."""
    with open_store(place.site, place.store, place.now) as attendance:
        return list(attendance.months(place.month, **_who(place)))


def file(place: Place, form: SheetForm, lang: str) -> bytes:
    """A month sheet as a file."""
    # Much memory and time, and the hall itself never needs it.
    from bridge.service.attendance.sheets.files import (  # noqa: PLC0415
        month_csv,
        month_workbook,
    )

    with open_store(place.site, place.store, place.now) as attendance:
        sheet = attendance.sheet(place.month, **_who(place))
    if form is SheetForm.WORKBOOK:
        return month_workbook(sheet, lang)
    return month_csv(sheet, "days" if form is SheetForm.DAYS else "summary", lang)


def signature(place: Place) -> tuple[list[Span], Signature | None]:
    """What is signed when a month is closed; or the days that are wrong."""
    with open_store(place.site, place.store, place.now) as attendance:
        db, book = attendance.db, attendance.book
        wrong = differing(db, book, attendance.settings, place.month, place.now)
        return wrong, None if wrong else sign(db, book, place.month)


def _who(place: Place) -> dict[str, Any]:
    return {"person": place.person, "department": place.department}
