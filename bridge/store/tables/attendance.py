"""The ledger, what it says now, what follows from it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from bridge.store.tables.columns import Instant, metadata, numbered_key, numbered_table

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_ledger_key", "kind", "key", "id"),
)

fact = Table(
    "fact",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("person", String(64)),
    Column("first_day", String(10)),
    Column("last_day", String(10)),
    Column("status", String(16)),
    Column("entry", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("decisions", Text, nullable=False),
    Index("ix_fact_person", "kind", "person"),
    Index("ix_fact_day", "kind", "first_day"),
)

day_row = Table(
    "day_row",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("states", Text, nullable=False),
    Column("final", Boolean(create_constraint=False), nullable=False),
    Column("next_look", Instant),
    Column("ends", Instant),
    Column("computed", Instant, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("pending", LargeBinary),
    Index("ix_day_row_person", "person", "day"),
    Index("ix_day_row_final", "final", "day"),
    sqlite_with_rowid=False,
)

dirty_day = numbered_table(
    "dirty_day",
    numbered_key(),
    Column("person", String(64)),
    Column("user_id", Text),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
)

month_state = Table(
    "month_state",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("closed", Boolean(create_constraint=False), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("entry", BigInteger, nullable=False),
)

clock_coverage = Table(
    "clock_coverage",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("serial", Text, nullable=False),
    Column("until", Instant),
    Column("suspect", Text, nullable=False),
    Column("suspect_since", Instant),
    Column("how", String(16), nullable=False),
    Column("told", Instant, nullable=False),
)

clock_gap = numbered_table(
    "clock_gap",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("start", Instant, nullable=False),
    Column("finish", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_clock_gap_device", "device", "start"),
)

seal = Table(
    "seal",
    metadata,
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("entry", BigInteger, nullable=False),
)
