"""Every clock: up to when its log is here, and the times that are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from bridge.domain.views import DeviceView
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.views import ClockGap, ClockStanding
from bridge.store.tables import device_event
from bridge.store.tables.attendance import clock_coverage, clock_gap
from devices.kinds import DeviceState

GAPS_SINCE: Final = timedelta(days=62)
SHORTEST_GAP: Final = timedelta(minutes=1)
BEHIND: Final = timedelta(minutes=15)
MOST_GAPS: Final = 100
_WORDS: Final = {
    DeviceState.INIT.value: "not reached yet",
    DeviceState.LOST.value: "its node is gone",
}
_WORKS: Final = frozenset({DeviceState.READY.value, DeviceState.DEGRADED.value})


def clock_standings(
    db: Connection, book: Book, views: Sequence[DeviceView], now: datetime
) -> list[ClockStanding]:
    """Every clock, those that are furthest behind first."""
    kept = {row.device: row for row in db.execute(select(clock_coverage))}
    gaps = _lasting_gaps(db, book)
    standings = []
    for view in views:
        if view.id not in book.clocks:
            continue
        row = kept.get(view.id)
        until = row.until.astimezone(book.zone) if row and row.until else None
        offline = _offline(db, book, view.id, until, now)
        standings.append(_standing(view, row, until, [*gaps[view.id], *offline]))
    long_ago = datetime.min.replace(tzinfo=now.tzinfo)
    standings.sort(key=lambda each: (not each.suspect, each.until or long_ago))
    return standings


def behind(standings: Sequence[ClockStanding], now: datetime) -> int:
    """How many clocks' logs are not here up to a quarter of an hour ago."""
    return sum(each.until is None or now - each.until > BEHIND for each in standings)


def _standing(
    view: DeviceView, row: Row[Any] | None, until: datetime | None, gaps: list[ClockGap]
) -> ClockStanding:
    capacity = view.info.get("capacity")
    sizes = capacity if isinstance(capacity, dict) else {}
    gaps.sort(key=lambda gap: gap.start, reverse=True)
    return ClockStanding(
        device=view.id,
        name=view.name,
        state=view.state,
        reason=view.reason,
        serial=(row.serial if row else "") or str(view.info.get("serial") or ""),
        until=until,
        how=row.how if row else "",
        suspect=row.suspect if row else "",
        drift_s=_number(view.info.get("drift_s")),
        records=_number(sizes.get("records")),
        records_max=_number(sizes.get("records_max")),
        gaps=gaps[:MOST_GAPS],
    )


def _lasting_gaps(db: Connection, book: Book) -> dict[str, list[ClockGap]]:
    """Times that no log covers any more."""
    settled = {(each.device, each.start): each for each in book.verdicts}
    found: dict[str, list[ClockGap]] = defaultdict(list)
    for row in db.execute(select(clock_gap).order_by(clock_gap.c.start)):
        verdict = settled.get((row.device, row.start))
        is_settled = verdict is not None and verdict.end >= row.finish
        found[row.device].append(
            ClockGap(
                start=row.start.astimezone(book.zone),
                end=row.finish.astimezone(book.zone),
                reason=row.reason,
                state="settled" if is_settled else "open",
                note=verdict.note if verdict is not None else "",
            )
        )
    return found


def _offline(
    db: Connection, book: Book, device: str, until: datetime | None, now: datetime
) -> list[ClockGap]:
    """Times without contact; `read_later` where the log of them came since."""
    rows = db.execute(
        select(device_event)
        .where(device_event.c.device == device, device_event.c.at >= now - GAPS_SINCE)
        .order_by(device_event.c.id)
    ).all()
    gaps: list[ClockGap] = []
    down: Row[Any] | None = None
    for row in rows:
        if row.state not in _WORKS:
            down = down or row
        elif down is not None:
            gaps.extend(_gap(book, down, row.at, until))
            down = None
    if down is not None:
        gaps.extend(_gap(book, down, None, until))
    return gaps


def _gap(
    book: Book, down: Row[Any], up: datetime | None, until: datetime | None
) -> list[ClockGap]:
    if up is not None and up - down.at < SHORTEST_GAP:
        return []
    is_read = up is not None and until is not None and until >= up
    return [
        ClockGap(
            start=down.at.astimezone(book.zone),
            end=up.astimezone(book.zone) if up else None,
            reason=down.reason or _WORDS.get(down.state, down.state),
            state="read_later" if is_read else "open",
        )
    ]


def _number(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number else None
