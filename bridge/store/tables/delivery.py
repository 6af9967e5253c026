"""Where events stand: positions of the lanes, what came in, what is missing."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, text

from bridge.store.tables.columns import Instant, metadata, numbered_key, numbered_table

position = numbered_table(
    "position",
    numbered_key(),
    Column("node", String(64), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("rolled_back_from", BigInteger),
    Column("moved", Instant, nullable=False),
    Index("uq_position", "node", "epoch", "lane", unique=True),
)

ENDING: Final = 15


def ending(event: str) -> str:
    """The end of an event's id: its time, where a clock's log tells it.

    An index that looks here first is filled in the order of a log; by the id
    alone, which begins with a person, each row would touch another page.
    """
    return event[-ENDING:]


inbox = Table(
    "inbox",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("ending", String(ENDING), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("received", Instant, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("envelope", Text),
    Index(
        "uq_inbox_identity",
        "source",
        "ending",
        "event",
        unique=True,
        sqlite_where=text("status <> 'duplicate'"),
        postgresql_where=text("status <> 'duplicate'"),
    ),
    Index(
        "ix_inbox_quarantined",
        "status",
        sqlite_where=text("status = 'quarantined'"),
        postgresql_where=text("status = 'quarantined'"),
    ),
    sqlite_with_rowid=False,
)

lost_range = numbered_table(
    "lost_range",
    numbered_key(),
    Column("node", String(64), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

apart = numbered_table(
    "apart",
    numbered_key(),
    Column("node", String(64), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("received", Instant, nullable=False),
    Column("envelope", Text, nullable=False),
    Index(
        "uq_apart", "node", "epoch", "lane", "sequence", "digest", "reason", unique=True
    ),
)
