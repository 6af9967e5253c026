"""Printing: jobs of tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("ticket", sa.Column("print", sa.String(16), nullable=True))
    op.create_table(
        "print_job",
        sa.Column("id", _BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(32), nullable=False),
        sa.Column("ticket", _BIG_KEY, nullable=False),
        sa.Column("kiosk", sa.String(64), nullable=False),
        sa.Column("printer", sa.String(64), nullable=False),
        sa.Column("reprint", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_print_job"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_print_job_ticket"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_print_job_state", "print_job", ["state", "printer", "id"])
    op.create_index("ix_print_job_ticket", "print_job", ["ticket", "id"])
