"""Who loaded a register, and why.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Unknown for versions that were loaded before."""
    op.add_column("register_version", sa.Column("loaded_by", sa.String(200), nullable=True))
    op.add_column("register_version", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Forgets who and why."""
    op.drop_column("register_version", "reason")
    op.drop_column("register_version", "loaded_by")
