"""Up to when each clock's log is here: taken from nodes, once it is committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from bridge.domain.attendance.facts import GapVerdict
from bridge.domain.attendance.inputs import Coverage, Gap
from bridge.domain.views import DeviceView
from bridge.service.attendance.days.dirty import Span, mark_rows, mark_spans
from bridge.service.work import Work
from bridge.store.tables import position
from bridge.store.tables.attendance import clock_coverage, clock_gap, day_row
from devices.events import Lane
from devices.site import Site

CLOCK_DRIVERS: Final = frozenset({"zk", "adms"})
"""Drivers of clocks, whose logs days wait for."""
REPLACED: Final = "the clock was replaced by {}; the log of {} after this was not read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a node says of a clock's log (retained `value`, key `coverage`)."""

    device: str
    node: str
    serial: str
    until: datetime | None
    suspect: str
    how: str
    epoch: str
    sequence: int


def clocks_of(site: Site) -> list[str]:
    """Ids of the hall's clocks."""
    return sorted(each.id for each in site.devices if each.driver in CLOCK_DRIVERS)


def reports(views: Sequence[DeviceView]) -> Iterator[Report]:
    """What nodes tell now; what makes no sense is left out."""
    for view in views:
        told = (view.value or {}).get("coverage")
        if isinstance(told, Mapping) and (report := _read(view, told)) is not None:
            yield report


def _read(view: DeviceView, told: Mapping[str, Any]) -> Report | None:
    sequence, epoch = told.get("sequence"), told.get("epoch")
    if not isinstance(sequence, int) or not isinstance(epoch, str):
        return None
    return Report(
        device=view.id,
        node=view.node,
        serial=str(told.get("serial") or ""),
        until=_moment(told.get("until")),
        suspect=str(told.get("suspect") or ""),
        how=str(told.get("how") or "log"),
        epoch=epoch,
        sequence=sequence,
    )


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def is_committed(db: Connection, report: Report) -> bool:
    """Whether everything that the report speaks of is in the store."""
    last = db.execute(
        select(position.c.last).where(
            position.c.node == report.node,
            position.c.epoch == report.epoch,
            position.c.lane == Lane.CLOCK.value,
        )
    ).scalar_one_or_none()
    return (last or 0) >= report.sequence


def take(work: Work, report: Report) -> None:
    """Keep a report whose events are committed; days that waited for it are marked."""
    table = clock_coverage
    old = work.db.execute(select(table).where(table.c.device == report.device)).first()
    until = min(report.until, work.now) if report.until is not None else None
    if old is not None and old.serial == report.serial and old.until is not None:
        until = max(old.until, until) if until is not None else old.until
    since = _suspect_since(work, old, report)
    if old is not None:
        _note_gap(work, old, report, until)
    work.db.execute(delete(table).where(table.c.device == report.device))
    work.db.execute(
        insert(table).values(
            device=report.device,
            serial=report.serial,
            until=until,
            suspect=report.suspect,
            suspect_since=since,
            how=report.how,
            told=work.now,
        )
    )
    if until is not None:
        _mark_waiting(work, old.until if old is not None else None, until)


def _suspect_since(work: Work, old: Any, report: Report) -> datetime | None:
    if not report.suspect:
        return None
    known = old.suspect_since if old is not None and old.suspect else None
    return known or work.now


def _note_gap(work: Work, old: Any, report: Report, until: datetime | None) -> None:
    """A time that no log covers any more becomes a gap that somebody must settle."""
    if old.until is None or until is None or report.suspect:
        return
    if report.serial != old.serial and old.serial:
        reason, end = REPLACED.format(report.serial or "?", old.serial), work.now
    elif old.suspect:
        reason, end = old.suspect, old.suspect_since or work.now
    else:
        return
    if end > old.until:
        work.db.execute(
            insert(clock_gap).values(
                device=report.device, start=old.until, finish=end, reason=reason
            )
        )
        _mark_range(work, old.until, end)


def _mark_waiting(work: Work, before: datetime | None, until: datetime) -> None:
    conditions = [day_row.c.final.is_(False), day_row.c.ends <= until]
    if before is not None:
        conditions.append(day_row.c.ends > before)
    rows = work.db.execute(select(day_row.c.person, day_row.c.day).where(*conditions))
    mark_rows(work, rows)


def _mark_range(work: Work, start: datetime, end: datetime) -> None:
    mark_spans(work, [Span(None, work.local(start).date(), work.local(end).date())])


def coverage(
    db: Connection,
    clocks: Sequence[str],
    verdicts: Sequence[GapVerdict],
    zone: ZoneInfo,
) -> dict[str, Coverage]:
    """What is known of every clock; what somebody settled of a gap is none."""
    settled = {(each.device, each.start): each.end for each in verdicts}
    gaps: dict[str, list[Gap]] = defaultdict(list)
    for row in db.execute(select(clock_gap).order_by(clock_gap.c.start)):
        start = max(row.start, settled.get((row.device, row.start), row.start))
        if start < row.finish:
            gaps[row.device].append(
                Gap(
                    start=start.astimezone(zone),
                    end=row.finish.astimezone(zone),
                    reason=row.reason,
                    lost=True,
                )
            )
    until = {
        row.device: row.until.astimezone(zone)
        for row in db.execute(select(clock_coverage))
        if row.until is not None
    }
    return {
        device: Coverage(until=until.get(device), gaps=tuple(gaps.get(device, ())))
        for device in clocks
    }
