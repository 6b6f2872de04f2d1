"""What key results are measured to be.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Nothing was measured before."""
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_result", sa.String(64), nullable=False),
        sa.Column("binding", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
        sa.UniqueConstraint("key_result", "binding", "day", name=op.f("uq_measurement_key_result_binding_day")),
    )


def downgrade() -> None:
    """Forgets every number."""
    op.drop_table("measurement")
