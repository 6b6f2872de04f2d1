"""Whom Leeway asks, and how sure owners are of their key results.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Nobody was asked before."""
    op.create_table(
        "ask",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("round", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("refused_by", sa.String(64), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "round", "recipient", name=op.f("pk_ask")),
    )
    op.create_table(
        "confidence",
        sa.Column("key_result", sa.String(64), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_result", "week", name=op.f("pk_confidence")),
    )


def downgrade() -> None:
    """Forgets every answer."""
    op.drop_table("confidence")
    op.drop_table("ask")
