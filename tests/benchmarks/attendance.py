"""A year of 500 people's days: recomputed whole, one day, previewed, printed, verified.

The hall is opened in this process, without its bus. While all days are worked
out again, a stopwatch on the event loop and small writes beside it tell whether
a press would be late meanwhile.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from benchmarks.beside import timed, watching
from benchmarks.figures import Figure, spread
from benchmarks.office import CLOCKS, ZONE, Office, fill, office_site, tell_read
from sqlalchemy import Connection, func, select

from bridge.domain.attendance.facts import Correction, CorrectionKind
from bridge.service.attendance.days.dirty import Span, mark_spans, mark_user_days
from bridge.service.attendance.facts.seals import seal_beside
from bridge.service.attendance.facts.verify import verify
from bridge.service.attendance.views import SheetForm
from bridge.service.hall import Hall, open_hall
from bridge.store.bulk import insert_many
from bridge.store.tables import punch
from bridge.store.tables.attendance import day_row
from devices.events import Direction, PunchMethod

PART: Final = "attendance"
QUIET_S: Final = 3.0
TIMES: Final = 20
"""How often what takes milliseconds is measured."""
WORKED_AT_ONCE_MS: Final = 250
AS_IT_RUNS_MS: Final = 2000
PRESS_MS: Final = 25


async def measure(office: Office | None = None) -> list[Figure]:
    """Run the part."""
    office = office or Office()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        async with open_hall(
            site=office_site(office), data=data, clock=lambda: office.end
        ) as hall:
            figures = await _of_year(hall, office)
            figures += await _of_day(hall, office)
            figures += await _sheets(hall, office)
            figures += await _sealed(hall)
            figures += await _closed(hall, office)
            figures += await _verified(data)
        return figures


async def _of_year(hall: Hall, office: Office) -> list[Figure]:
    punches = await fill(hall, office)
    tell_read(hall, office.end)
    async with watching(hall) as quiet:
        await asyncio.sleep(QUIET_S)
    async with watching(hall) as telling:
        told_s = await timed(
            hall.attendance.tell(office.facts(), by="测试", reason="bench")
        )
    first_s = await timed(hall.attendance.engine.settle())
    days = await hall.read(_count)
    await hall.transact(
        lambda work: mark_spans(work, [Span(None, office.days[0], office.last)])
    )
    async with watching(hall) as busy:
        again_s = await timed(hall.attendance.engine.settle())
    wanted = office.people * len(office.days)
    final = await hall.read(lambda db: _count(db, final=True))
    return [
        _figure("people, postings and a shift told", told_s, "s"),
        _figure(f"{days:,} days concluded first", first_s, "s"),
        Figure(
            part=PART,
            name=f"final days of {wanted:,} ({punches:,} punches)",
            value=final,
            unit="",
            limit=wanted,
            bound=">=",
        ),
        Figure(
            part=PART,
            name=f"{days:,} days recomputed",
            value=round(again_s, 1),
            unit="s",
            limit=120,
        ),
        _figure("days recomputed", round(days / again_s), "days/s"),
        *quiet.figures(PART, "nothing else", None),
        *telling.figures(PART, "while people are told", PRESS_MS),
        *busy.figures(PART, "while recomputing", PRESS_MS),
        _figure("memory of the worker, at its peak", busy.worker_mb, "MB", 200),
    ]


async def _of_day(hall: Hall, office: Office) -> list[Figure]:
    """A late punch until its row says so; a correction previewed."""
    at_once: list[float] = []
    as_it_runs: list[float] = []
    previewed: list[float] = []
    for number in range(TIMES):
        person = office.ids[number * 7 % office.people]
        day = office.days[number * 5 % len(office.days)]
        await _late_punch(hall, person, day, hour=6)
        at_once.append(await timed(_look(hall)))
        as_it_runs.append(await timed(changed_by_a_late_punch(hall, person, day)))
        correction = Correction(
            id="",
            person=person,
            day=day,
            kind=CorrectionKind.PUNCH,
            reason="测试",
            time=datetime.combine(day, time(8, 10), ZONE),
        )
        previewed.append(await timed(hall.attendance.preview([correction])))
    return [
        *spread(PART, "late punch -> row, worked at once", at_once, WORKED_AT_ONCE_MS),
        *spread(PART, "late punch -> row, as the hall runs", as_it_runs, AS_IT_RUNS_MS),
        *spread(PART, "correction previewed", previewed, WORKED_AT_ONCE_MS),
    ]


async def _look(hall: Hall) -> None:
    await hall.attendance.engine._look(
        ticks=False
    )  # the work without the pause before it


async def changed_by_a_late_punch(hall: Hall, person: str, day: date) -> None:
    """One more punch at 7:01, found by the engine itself; waits for the new row."""
    before = await hall.read(lambda db: _data(db, person, day))
    await _late_punch(hall, person, day, hour=7)
    while await hall.read(lambda db: _data(db, person, day)) == before:  # noqa: ASYNC110 - seen from outside, by asking
        await asyncio.sleep(0.005)


async def _late_punch(hall: Hall, person: str, day: date, *, hour: int) -> None:
    moment = datetime.combine(day, time(hour, 1), ZONE)
    row = {
        "source": "urn:halld:bench:zk:late",
        "event": f"{person}:{moment:%Y%m%dT%H%M%S}",
        "device": CLOCKS[0],
        "user_id": person,
        "time": moment,
        "received": hall.now(),
        "direction": Direction.UNKNOWN.value,
        "method": PunchMethod.FINGERPRINT.value,
        "flags": "",
        "raw": "00" * 40,
    }

    def enter(work: Any) -> None:
        insert_many(work.db, punch, [row])
        mark_user_days(work, [(person, day.isoformat())])

    await hall.transact(enter)


async def _sheets(hall: Hall, office: Office) -> list[Figure]:
    """The year's workbooks, one after the other, as the web makes them."""
    size = 0

    async def make() -> None:
        nonlocal size
        for number in range(1, office.months + 1):
            month = f"{office.year}-{number:02d}"
            made = await hall.attendance.sheet_file(month, SheetForm.WORKBOOK)
            size += len(made)

    async with watching(hall) as busy:
        made_s = await timed(make())
    return [
        Figure(
            part=PART,
            name=f"{office.months} month sheets (XLSX)",
            value=round(made_s, 1),
            unit="s",
            limit=60,
        ),
        _figure("their size", size / 1024 / 1024, "MB"),
        *busy.figures(PART, "while sheets are made", PRESS_MS),
    ]


async def _sealed(hall: Hall) -> list[Figure]:
    """All punches sealed, a part at a time, as the hall does now and then."""

    async def seal() -> None:
        more = True
        while more:
            more = bool(await seal_beside(hall))

    async with watching(hall) as sealing:
        sealed_s = await timed(seal())
    punches = await hall.read(
        lambda db: db.execute(select(func.count()).select_from(punch)).scalar_one()
    )
    return [
        _figure(f"{punches:,} punches sealed", sealed_s, "s"),
        *sealing.figures(PART, "while sealing", PRESS_MS),
    ]


async def _closed(hall: Hall, office: Office) -> list[Figure]:
    """A month signed."""
    month = f"{office.year}-01"
    async with watching(hall) as busy:
        closed_s = await timed(
            hall.attendance.close_month(month, by="测试", reason="bench")
        )
    return [
        _figure("a month closed", closed_s, "s"),
        *busy.figures(PART, "while a month is closed", PRESS_MS),
    ]


async def _verified(data: Path) -> list[Figure]:
    """The ledger, the facts, the punches and the signed month."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    verdict = await asyncio.to_thread(verify, data / "store" / "hall.db", ZONE)
    checked_s = loop.time() - start
    return [
        Figure(
            part=PART,
            name=f"verify, {verdict.rows:,} ledger rows, all punches",
            value=round(checked_s, 1),
            unit="s",
            limit=60,
        ),
        _figure("faults that it found", len(verdict.faults), "", 0),
    ]


def _count(db: Connection, *, final: bool = False) -> int:
    query = select(func.count()).select_from(day_row)
    if final:
        query = query.where(day_row.c.final)
    return db.execute(query).scalar_one()


def _data(db: Connection, person: str, day: date) -> bytes:
    query = select(day_row.c.data).where(
        day_row.c.person == person, day_row.c.day == day.isoformat()
    )
    data: bytes = db.execute(query).scalar_one()
    return data


def _figure(name: str, value: float, unit: str, limit: float | None = None) -> Figure:
    return Figure(part=PART, name=name, value=round(value, 1), unit=unit, limit=limit)
