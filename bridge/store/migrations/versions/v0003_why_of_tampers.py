"""Why a line of a clock stands aside, or who did what at a clock, in words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    told = sa.Column("told", sa.Text(), nullable=False, server_default="")
    op.add_column("tamper", told)
