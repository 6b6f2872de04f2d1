"""How far back a stream has been read.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Of a stream whose past is still being read the next page says it."""
    op.add_column("stream_cursor", sa.Column("reached", sa.Date(), nullable=True))


def downgrade() -> None:
    """Forgets it."""
    op.drop_column("stream_cursor", "reached")
