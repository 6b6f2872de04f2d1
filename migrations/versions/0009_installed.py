"""Which version of Leeway brought the database to which revision, for the sentence that an older version says.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


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
