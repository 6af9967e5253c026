"""Quarantined events run again, once their cause is mended."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import OperationalError

from bridge.service.copies import DUPLICATE
from bridge.service.handlers import handle
from bridge.service.intake import ASIDE, DONE, QUARANTINED, reason_of
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.tables.delivery import ending
from devices.events import CloudEvent


def retry_quarantined(work: Work) -> tuple[int, int]:
    """Run every quarantined event again; (now done, still quarantined).

    One of which a good copy came meanwhile is done: it becomes its duplicate.
    """
    table = tables.inbox
    rows = work.db.execute(
        select(table)
        .where(table.c.status == QUARANTINED)
        .order_by(table.c.position, table.c.sequence)
    ).all()
    done = 0
    for row in rows:
        values = _retried(work, row)
        done += "status" in values
        work.db.execute(
            update(table)
            .where(table.c.position == row.position, table.c.sequence == row.sequence)
            .values(**values)
        )
    if done == len(rows):
        work.end_alarm("quarantined", "inbox")
    return done, len(rows) - done


def _retried(work: Work, row: Row[Any]) -> dict[str, Any]:
    """What becomes of a quarantined row."""
    name = row.event.removesuffix(ASIDE)
    table = tables.inbox
    found = work.db.execute(
        select(table.c.sequence)
        .where(table.c.source == row.source, table.c.ending == ending(name))
        .where(table.c.event == name)
        .where(table.c.status != DUPLICATE, table.c.status != QUARANTINED)
    ).first()
    if found is not None:
        return {"status": DUPLICATE}
    try:
        with work.unit.attempt():
            event = CloudEvent.from_json(json.loads(row.envelope))
            handle(work, event.type, [event])
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it stays on record
        return {"reason": reason_of(error)}
    done = {"status": DONE, "event": name, "ending": ending(name)}
    return {**done, "reason": None, "envelope": None}
