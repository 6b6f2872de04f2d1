"""Keys that items had before, by which texts still name them.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Jira is read once more, which finds them."""
    op.create_table(
        "former_key",
        sa.Column("source", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("external_id", sa.String(128), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_former_key_key", "former_key", ["key"])


def downgrade() -> None:
    """Forgets them."""
    op.drop_table("former_key")
