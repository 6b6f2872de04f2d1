"""Where a goal differs from the register and somebody kept the register's word.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Nobody chose anything yet."""
    op.create_table(
        "goal_choice",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("field", sa.String(32), primary_key=True),
        sa.Column("said", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    """Each is asked about again."""
    op.drop_table("goal_choice")
