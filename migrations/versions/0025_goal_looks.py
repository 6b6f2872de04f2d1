"""How many goals of a source differed when they were looked at last.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """They are looked at within a day."""
    op.create_table(
        "goal_look",
        sa.Column("source", sa.String(32), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
    )


def downgrade() -> None:
    """`leeway okrs sync` says it."""
    op.drop_table("goal_look")
