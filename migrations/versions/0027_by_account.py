"""What somebody did in some weeks, and on which days an item was worked on, is found without reading what all others did.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Some seconds for millions of signals."""
    op.create_index("ix_signal_account", "signal", ["account", "at"])
    op.create_index("ix_effort_work_item_id", "effort", ["work_item_id"])


def downgrade() -> None:
    """They are found as before, only slower."""
    op.drop_index("ix_effort_work_item_id", "effort")
    op.drop_index("ix_signal_account", "signal")
