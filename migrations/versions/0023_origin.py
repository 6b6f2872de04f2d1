"""Where a version of the register comes from.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Those that are there were loaded from a file."""
    op.add_column("register_version", sa.Column("origin", sa.String(16), nullable=True))


def downgrade() -> None:
    """Forgets it."""
    op.drop_column("register_version", "origin")
