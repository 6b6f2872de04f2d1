"""Children by their parent, for matching what hangs together with the news.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """An index."""
    op.create_index("ix_work_item_parent", "work_item", ["source", "parent"])


def downgrade() -> None:
    """The version before finds them by reading all."""
    op.drop_index("ix_work_item_parent", "work_item")
