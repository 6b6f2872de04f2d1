"""What people decide about a drift, what they are asked, and the keys that sign links.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("work_item_id", sa.Integer(), sa.ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("rank", sa.Integer(), nullable=False),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("drift_id", sa.Integer(), sa.ForeignKey("drift.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(200), nullable=False, unique=True),
    )
    op.create_index("ix_decision_drift_id", "decision", ["drift_id"])
    op.create_table(
        "theme_answer",
        sa.Column("theme", sa.String(200), primary_key=True),
        sa.Column("by", sa.String(64), primary_key=True),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "secret", sa.Column("name", sa.String(64), primary_key=True), sa.Column("value", sa.String(200), nullable=False)
    )
    op.create_table(
        "used_link",
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    with op.batch_alter_table("drift") as batch:
        batch.add_column(sa.Column("snoozed_until", sa.Date(), nullable=True))
        batch.add_column(sa.Column("said", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("drift") as batch:
        batch.drop_column("said")
        batch.drop_column("snoozed_until")
    for table in ("used_link", "secret", "theme_answer", "decision", "question"):
        op.drop_table(table)
