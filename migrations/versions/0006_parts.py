"""What is pending, in pieces: marks on work items, parts of stages, spans in progress, effort by day and objective.

Everything computed is made again by the first cycle after this: the marks begin set, and no basis is known.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _work_item() -> sa.ForeignKey:
    return sa.ForeignKey("work_item.id", ondelete="CASCADE")


def _person() -> sa.ForeignKey:
    return sa.ForeignKey("person.id", ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("work_item", sa.Column("unmatched", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("work_item", sa.Column("effort_from", sa.Date(), server_default="0001-01-01"))
    op.create_index("ix_work_item_unmatched", "work_item", ["unmatched"])
    op.create_index("ix_work_item_effort_from", "work_item", ["effort_from"])
    op.add_column("match", sa.Column("none", sa.Float(), nullable=False, server_default="0"))
    op.add_column("cycle", sa.Column("stage", sa.String(32)))
    op.execute("DELETE FROM cycle WHERE finished_at IS NULL")
    op.create_table(
        "span",
        sa.Column("work_item_id", sa.Integer(), _work_item(), primary_key=True),
        sa.Column("person_id", sa.Integer(), _person(), primary_key=True),
        sa.Column("first", sa.Date(), primary_key=True),
        sa.Column("last", sa.Date(), primary_key=True),
    )
    op.create_index("ix_span_last", "span", ["last"])
    op.create_table(
        "day_work",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("person_id", sa.Integer(), _person(), primary_key=True),
        sa.Column("by_objective", sa.JSON(), nullable=False),
        sa.Column("by_source", sa.JSON(), nullable=False),
    )
    op.create_table(
        "part",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.UniqueConstraint("stage", "name", name="uq_part_stage_name"),
    )
    op.create_table(
        "basis",
        sa.Column("stage", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
    )
    op.create_table(
        "dead_task",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("task", sa.String(100), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", models.base.UtcDateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(128), primary_key=True),
        sa.Column("value", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    for table in ("tally", "dead_task", "basis", "part", "day_work", "span"):
        op.drop_table(table)
    op.drop_column("cycle", "stage")
    op.drop_column("match", "none")
    op.drop_index("ix_work_item_effort_from", "work_item")
    op.drop_index("ix_work_item_unmatched", "work_item")
    op.drop_column("work_item", "effort_from")
    op.drop_column("work_item", "unmatched")
