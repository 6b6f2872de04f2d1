"""The audit: which items were drawn for which team and week.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_draw",
        sa.Column("week", sa.Date(), primary_key=True),
        sa.Column("team", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("work_item_id", sa.Integer(), sa.ForeignKey("work_item.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_audit_draw_work_item_id", "audit_draw", ["work_item_id"])


def downgrade() -> None:
    op.drop_table("audit_draw")
