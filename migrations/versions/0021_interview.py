"""Alignment interviews: rounds, sealed answers, results.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Nobody was interviewed before."""
    op.create_table(
        "interview_round",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_interview_round")),
    )
    op.create_table(
        "interview_answer",
        sa.Column("round", sa.String(16), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("round", "by", name=op.f("pk_interview_answer")),
    )
    op.create_table(
        "interview_result",
        sa.Column("round", sa.String(16), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("round", "about", name=op.f("pk_interview_result")),
    )


def downgrade() -> None:
    """Forgets every interview."""
    for table in ("interview_result", "interview_answer", "interview_round"):
        op.drop_table(table)
