"""Streams of work, with the items of each.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Empty until the next analysis."""
    op.create_table(
        "stream",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("named_after", sa.String(200), nullable=True),
        sa.Column("named_hash", sa.String(64), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("key_result", sa.String(64), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stream"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stream_anchor", "stream", ["anchor"])
    op.create_table(
        "stream_item",
        sa.Column("work_item_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_item.id"], name="fk_stream_item_work_item_id_work_item", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["stream.id"], name="fk_stream_item_stream_id_stream", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("work_item_id", name="pk_stream_item"),
    )
    op.create_index("ix_stream_item_stream_id", "stream_item", ["stream_id"])


def downgrade() -> None:
    """What was answered stays as labels."""
    op.drop_table("stream_item")
    op.drop_table("stream")
