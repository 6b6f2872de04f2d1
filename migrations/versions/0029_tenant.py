"""Whose each source is.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """What was read so far counts as the tenant's that the first pull afterwards finds."""
    op.create_table(
        "tenant",
        sa.Column("source", sa.String(32), primary_key=True),
        sa.Column("external_id", sa.String(200), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.Column("label", sa.String(400), nullable=False),
        sa.Column("since", models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
    )


def downgrade() -> None:
    """Forgets it."""
    op.drop_table("tenant")
