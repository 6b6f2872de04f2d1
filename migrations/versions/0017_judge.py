"""A judge of whole streams: its answers, its budget, its weight.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing was asked before."""
    op.create_table(
        "judge_answer",
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("quotes", sa.JSON(), nullable=False),
        sa.Column("fault", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("content", name=op.f("pk_judge_answer")),
    )
    op.create_table(
        "stream_judged",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name=op.f("fk_stream_judged_stream_id_stream"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["content"],
            ["judge_answer.content"],
            name=op.f("fk_stream_judged_content_judge_answer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_stream_judged")),
    )
    op.create_index(op.f("ix_stream_judged_content"), "stream_judged", ["content"])
    op.create_table(
        "judge_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_judge_day")),
    )
    op.create_table(
        "judge_state",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("weight", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_judge_state")),
    )
    op.add_column("match", sa.Column("alone", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Forgets what was answered."""
    op.drop_column("match", "alone")
    for table in ("judge_state", "judge_day", "stream_judged", "judge_answer"):
        op.drop_table(table)
