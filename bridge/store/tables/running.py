"""The bridge's own: what it is, its alarms, its stream, what was asked once."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from bridge.store.tables.columns import Instant, metadata, numbered_key, numbered_table

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

alarm = numbered_table(
    "alarm",
    numbered_key(),
    Column("kind", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended", Instant),
    Column("message", Text, nullable=False),
    Index("ix_alarm_open", "kind", "subject", "ended"),
)

change = numbered_table(
    "change",
    numbered_key(),
    Column("kind", String(16), nullable=False),
    Column("area", String(64)),
    Column("data", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
