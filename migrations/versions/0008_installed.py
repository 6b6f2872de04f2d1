"""Which version of Leeway brought the database to which revision, for the sentence that an older version says.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A table."""
    op.create_table(
        "installed",
        sa.Column("revision", sa.String(32), primary_key=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """The version before did not say."""
    op.drop_table("installed")
