"""Where the detector's walk through the days stood, so that it resumes there.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Empty: the first walk goes through all days."""
    op.create_table(
        "walked",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """All days are walked again."""
    op.drop_table("walked")
