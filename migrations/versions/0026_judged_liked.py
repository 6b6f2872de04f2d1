"""What the match alone likes best of a stream that the judge read: where both say the same, that may be one error.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """It is learned again with the next cycle; until then the answers do not count."""
    with op.batch_alter_table("stream_judged") as table:
        table.add_column(sa.Column("liked", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Version 1 of the method does not read it."""
    with op.batch_alter_table("stream_judged") as table:
        table.drop_column("liked")
