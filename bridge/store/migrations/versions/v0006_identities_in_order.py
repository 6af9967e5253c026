"""Identities of events in the order of a log; each kept once, by the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOT_DUPLICATE = sa.text("status <> 'duplicate'")


def upgrade() -> None:
    """Apply."""
    ending = sa.Column("ending", sa.String(15), nullable=False, server_default="")
    op.drop_index("uq_inbox_identity", "inbox")
    op.add_column("inbox", ending)
    op.execute(
        "UPDATE inbox SET ending = CASE WHEN length(event) > 15 "
        "THEN substr(event, length(event) - 14) ELSE event END"
    )
    op.create_index(
        "uq_inbox_identity",
        "inbox",
        ["source", "ending", "event"],
        unique=True,
        sqlite_where=_NOT_DUPLICATE,
        postgresql_where=_NOT_DUPLICATE,
    )
    op.drop_index("uq_punch_identity", "punch")
