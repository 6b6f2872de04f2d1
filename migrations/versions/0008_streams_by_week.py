"""Person-days of a stream by team and week, so that every face shows the same window.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A column; the next cycle fills it, as it finds the streams again anyway."""
    op.add_column("theme", sa.Column("weeks", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """The version before knows totals only."""
    op.drop_column("theme", "weeks")
