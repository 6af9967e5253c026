"""The order of the queue: turns, classes, visits, who sits where, keys of callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_QUEUED = sa.text("state IN ('waiting', 'transferred')")


def upgrade() -> None:
    """Apply."""
    _tickets()
    _windows()
    _visits()
    _keys()


def _tickets() -> None:
    for column in (
        sa.Column("turn", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("priority", sa.String(64), nullable=True),
        sa.Column("appointment", sa.BigInteger(), nullable=True),
        sa.Column("next_services", sa.Text(), nullable=False, server_default=""),
        sa.Column("recalls", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("staff", sa.String(64), nullable=True),
        sa.Column("only_staff", sa.String(64), nullable=True),
    ):
        op.add_column("ticket", column)
    op.execute("UPDATE ticket SET turn = issued")
    for name, columns in (
        ("ix_ticket_line", ["service", "only_counter", "turn", "id"]),
        ("ix_ticket_counter_line", ["only_counter", "turn", "id"]),
    ):
        op.create_index(
            name, "ticket", columns, sqlite_where=_QUEUED, postgresql_where=_QUEUED
        )
    op.create_index("ix_ticket_issued", "ticket", ["origin_service", "issued"])


def _windows() -> None:
    op.add_column("counter", sa.Column("paused_until", sa.BigInteger(), nullable=True))
    op.add_column("counter", sa.Column("staff", sa.String(64), nullable=True))
    op.add_column("counter", sa.Column("last_call", sa.BigInteger(), nullable=True))
    op.add_column("call", sa.Column("staff", sa.String(64), nullable=True))
    op.add_column("rating", sa.Column("staff", sa.String(64), nullable=True))
    op.create_table(
        "seat",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("counter", sa.String(64), nullable=False),
        sa.Column("staff", sa.String(64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_seat"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_seat_counter", "seat", ["counter", "time"])
    op.create_index("ix_seat_staff", "seat", ["staff", "time"])


def _visits() -> None:
    op.create_table(
        "visit",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("ticket", _BIG_KEY, nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("counter", sa.String(64), nullable=False),
        sa.Column("staff", sa.String(64), nullable=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_visit_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_visit_service", "visit", ["service", "id"])
    op.create_index("ix_visit_day", "visit", ["day", "id"])
    op.execute(
        "INSERT INTO visit (ticket, service, counter, day, seconds, ended) "
        "SELECT id, service, counter, day, (ended - called) / 1000000, ended "
        "FROM ticket WHERE state = 'finished' AND counter IS NOT NULL "
        "AND called IS NOT NULL AND ended >= called ORDER BY ended, id"
    )
    op.create_table(
        "service_rate",
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("mean_ms", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service", name="pk_service_rate"),
    )


def _keys() -> None:
    op.create_table(
        "caller_key",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("counter", sa.String(64), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digits", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_caller_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_caller_key_time", "caller_key", ["time", "id"])
