"""How far back the first pull of a stream went.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Unknown for streams that were pulled before."""
    op.add_column("stream_cursor", sa.Column("horizon", sa.Date(), nullable=True))


def downgrade() -> None:
    """The version before counts fragments of what came earlier as effort."""
    op.drop_column("stream_cursor", "horizon")
