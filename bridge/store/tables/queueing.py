"""Tickets and what became of them, windows and who sits there."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from bridge.store.tables.columns import Instant, metadata, numbered_key, numbered_table

number_sequence = Table(
    "number_sequence",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("last", Integer, nullable=False),
)

IS_QUEUED = text("state IN ('waiting', 'transferred')")
"""Waits for a window. Queries say it in these words, or the index is not used."""

ticket = numbered_table(
    "ticket",
    numbered_key(),
    Column("ref", String(32), nullable=False, unique=True),
    Column("number", String(16), nullable=False),
    Column("service", String(64), nullable=False),
    Column("origin_service", String(64), nullable=False),
    Column("only_counter", String(64)),
    Column("day", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("counter", String(64)),
    Column("channel", String(16), nullable=False),
    Column("subject_ref", Text),
    Column("calls", Integer, nullable=False),
    Column("issued", Instant, nullable=False),
    Column("called", Instant),
    Column("ended", Instant),
    Column("held", Instant),
    Column("turn", Instant, nullable=False, server_default="0"),
    Column("priority", String(64)),
    Column("appointment", Instant),
    Column("next_services", Text, nullable=False, server_default=""),
    Column("recalls", Integer, nullable=False, server_default="0"),
    Column("staff", String(64)),
    Column("only_staff", String(64)),
    Column("print", String(16)),
    Index("ix_ticket_state", "state", "service", "id"),
    Index(
        "ix_ticket_line",
        "service",
        "only_counter",
        "turn",
        "id",
        sqlite_where=IS_QUEUED,
        postgresql_where=IS_QUEUED,
    ),
    Index(
        "ix_ticket_counter_line",
        "only_counter",
        "turn",
        "id",
        sqlite_where=IS_QUEUED,
        postgresql_where=IS_QUEUED,
    ),
    Index("ix_ticket_issued", "origin_service", "issued"),
    Index("ix_ticket_day", "day", "number"),
    Index("ix_ticket_ended", "service", "ended"),
)

ticket_interval = numbered_table(
    "ticket_interval",
    numbered_key(),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("service", String(64), nullable=False),
    Column("counter", String(64)),
    Column("action", String(16), nullable=False),
    Column("start", Instant, nullable=False),
    Column("finish", Instant),
    Index("ix_ticket_interval_ticket", "ticket", "id"),
)

print_job = numbered_table(
    "print_job",
    numbered_key(),
    Column("ref", String(32), nullable=False),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("kiosk", String(64), nullable=False),
    Column("printer", String(64), nullable=False),
    Column("reprint", Boolean(create_constraint=False), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("queued", Instant, nullable=False),
    Column("ended", Instant),
    Index("ix_print_job_state", "state", "printer", "id"),
    Index("ix_print_job_ticket", "ticket", "id"),
)

counter = Table(
    "counter",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("paused", Boolean(create_constraint=False), nullable=False),
    Column("ticket", ForeignKey("ticket.id")),
    Column("last_ticket", ForeignKey("ticket.id")),
    Column("last_press", Instant),
    Column("paused_until", Instant),
    Column("staff", String(64)),
    Column("last_call", Instant),
)

seat = numbered_table(
    "seat",
    numbered_key(),
    Column("counter", String(64), nullable=False),
    Column("staff", String(64), nullable=False),
    Column("time", Instant, nullable=False),
    Column("until", Instant),
    Index("ix_seat_counter", "counter", "time"),
    Index("ix_seat_staff", "staff", "time"),
)

visit = numbered_table(
    "visit",
    numbered_key(),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("service", String(64), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("staff", String(64)),
    Column("day", String(10), nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("ended", Instant, nullable=False),
    Index("ix_visit_service", "service", "id"),
    Index("ix_visit_day", "day", "id"),
)

service_rate = Table(
    "service_rate",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("mean_ms", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
)

call = numbered_table(
    "call",
    numbered_key(),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("area", String(64)),
    Column("service", String(64), nullable=False),
    Column("day", String(10), nullable=False),
    Column("at", Instant, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("staff", String(64)),
    Index("ix_call_day", "day", "id"),
)
