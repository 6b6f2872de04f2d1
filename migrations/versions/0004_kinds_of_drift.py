"""Shifts between objectives and faults of the data are kept beside drifts; a drift's start has an interval.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("drift") as batch:
        batch.add_column(sa.Column("subject", sa.String(64), nullable=False, server_default=""))
        batch.add_column(sa.Column("start_low", sa.Date(), nullable=True))
        batch.add_column(sa.Column("start_high", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("drift") as batch:
        for column in ("start_high", "start_low", "subject"):
            batch.drop_column(column)
