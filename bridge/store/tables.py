"""The tables. Portable SQL; times are whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> int | None:
        """To microseconds."""
        return microseconds(value)

    def process_result_value(
        self, value: int | None, _dialect: Dialect
    ) -> datetime | None:
        """From microseconds."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(value: datetime | None) -> int | None:
    """An aware time as it is kept."""
    return None if value is None else (value - _EPOCH) // _TICK


def numbered_key() -> Column[int]:
    """A key that is never given twice, not even after its row was deleted."""
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", kind, primary_key=True, autoincrement=True)


def numbered_table(name: str, *columns: Any) -> Table:
    """A table whose keys are never given twice."""
    return Table(name, metadata, *columns, sqlite_autoincrement=True)


meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

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

inbox = Table(
    "inbox",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("received", Instant, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("envelope", Text),
    Index(
        "uq_inbox_identity",
        "source",
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
    Index("uq_punch_identity", "source", "event", unique=True),
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
