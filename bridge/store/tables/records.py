"""What devices told: punches, cards, keys, ratings, paper, states."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Text, text

from bridge.store.tables.columns import Instant, numbered_key, numbered_table

punch = numbered_table(
    "punch",
    numbered_key(),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("device", String(64), nullable=False),
    Column("user_id", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("method", String(16), nullable=False),
    Column("flags", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("drift_s", Integer),
    Column("origin", Text),
    Index("ix_punch_time", "time", "id"),
    Index(
        "ix_punch_flagged",
        "received",
        sqlite_where=text("flags <> ''"),
        postgresql_where=text("flags <> ''"),
    ),
)

tamper = numbered_table(
    "tamper",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("kind", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
    Column("raw", Text, nullable=False),
    Column("told", Text, nullable=False, server_default=""),
    Index("ix_tamper_time", "time", "id"),
)

card = numbered_table(
    "card",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("reader", Text, nullable=False),
    Column("presence", String(8), nullable=False),
    Column("subject_ref", Text),
    Column("kind", Text),
    Column("confidence", Text),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
)

printer = numbered_table(
    "printer",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("paper", String(16), nullable=False),
    Column("cover", Text),
    Column("error", Text),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
)

caller_key = numbered_table(
    "caller_key",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("counter", String(64)),
    Column("address", Text),
    Column("key", Text, nullable=False),
    Column("digits", Text, nullable=False),
    Column("reason", String(32)),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
    Index("ix_caller_key_time", "time", "id"),
)

rating = numbered_table(
    "rating",
    numbered_key(),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("device", String(64), nullable=False),
    Column("counter", String(64)),
    Column("value", Integer),
    Column("linked", Boolean(create_constraint=False), nullable=False),
    Column("ticket", String(32)),
    Column("reason", String(16)),
    Column("key", Text),
    Column("address", Text),
    Column("raw", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("received", Instant, nullable=False),
    Column("staff", String(64)),
    Index("uq_rating_ticket", "ticket", unique=True),
    Index("ix_rating_time", "time", "id"),
)

device_event = numbered_table(
    "device_event",
    numbered_key(),
    Column("device", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("session", BigInteger),
    Column("at", Instant, nullable=False),
    Index("ix_device_event_device", "device", "id"),
)
