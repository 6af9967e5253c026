"""Months that somebody signed: their rows stand."""

from __future__ import annotations

from sqlalchemy import Connection, select

from bridge.store.tables.attendance import month_state


def closed_months(db: Connection) -> frozenset[str]:
    """Months (yyyy-mm) whose rows stand."""
    query = select(month_state.c.month).where(month_state.c.closed)
    return frozenset(db.execute(query).scalars())
