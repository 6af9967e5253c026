"""Attendance: the ledger, facts, days, coverage of clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    _ledger_and_facts()
    _days()
    _clocks()
    op.add_column("punch", sa.Column("drift_s", sa.Integer(), nullable=True))
    op.add_column("punch", sa.Column("origin", sa.Text(), nullable=True))
    flagged = sa.text("flags <> ''")
    op.create_index(
        "ix_punch_flagged",
        "punch",
        ["received"],
        sqlite_where=flagged,
        postgresql_where=flagged,
    )
    op.create_index("ix_tamper_time", "tamper", ["time", "id"])


def _ledger_and_facts() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    op.create_index("ix_ledger_key", "ledger", ["kind", "key", "id"])
    op.create_table(
        "fact",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("person", sa.String(64), nullable=True),
        sa.Column("first_day", sa.String(10), nullable=True),
        sa.Column("last_day", sa.String(10), nullable=True),
        sa.Column("status", sa.String(16), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("decisions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_fact"),
    )
    op.create_index("ix_fact_person", "fact", ["kind", "person"])
    op.create_index("ix_fact_day", "fact", ["kind", "first_day"])
    op.create_table(
        "seal",
        sa.Column("last", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("last", name="pk_seal"),
    )


def _days() -> None:
    op.create_table(
        "day_row",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("states", sa.Text(), nullable=False),
        sa.Column("final", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("next_look", sa.BigInteger(), nullable=True),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("day", "person", name="pk_day_row"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_day_row_person", "day_row", ["person", "day"])
    op.create_index("ix_day_row_final", "day_row", ["final", "day"])
    op.create_table(
        "month_state",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("closed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_month_state"),
    )
    op.rename_table("dirty_day", "old_dirty_day")
    op.create_table(
        "dirty_day",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("person", sa.String(64), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("first_day", sa.String(10), nullable=False),
        sa.Column("last_day", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dirty_day"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO dirty_day (user_id, first_day, last_day) "
        "SELECT user_id, day, day FROM old_dirty_day"
    )
    op.drop_table("old_dirty_day")


def _clocks() -> None:
    op.create_table(
        "clock_coverage",
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("suspect", sa.Text(), nullable=False),
        sa.Column("suspect_since", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_clock_coverage"),
    )
    op.create_table(
        "clock_gap",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("finish", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_gap"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_clock_gap_device", "clock_gap", ["device", "start"])
