"""Who was in which team when.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """A table; the next cycle fills it from the registers that were loaded."""
    op.create_table(
        "membership",
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("first", sa.Date(), primary_key=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("team", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """The version before knows everybody's present team only."""
    op.drop_table("membership")
