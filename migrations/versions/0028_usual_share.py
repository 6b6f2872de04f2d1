"""Beside each share what was read, of which it is the likeliest truth; and what a scope's shares usually are.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """All weeks are computed again with the next cycle; until then they stand as they were."""
    op.create_table(
        "usual_share",
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("stretch", sa.Float(), nullable=False),
        sa.Column("shares", sa.JSON(), nullable=False),
    )
    with op.batch_alter_table("share") as table:
        for name in ("read", "half"):
            table.add_column(sa.Column(name, sa.Float(), nullable=False, server_default="0"))
    share = sa.table("share", *(sa.column(name, sa.Float()) for name in ("share", "low", "high", "read", "half")))
    below, above = share.c.share - share.c.low, share.c.high - share.c.share
    # A week that waits for its work stands as it was while others are settled anew: read as nothing it would be told as nothing.
    op.execute(share.update().values(read=share.c.share, half=sa.case((below > above, below), else_=above)))


def downgrade() -> None:
    """Shares are again what was read, once they are computed."""
    with op.batch_alter_table("share") as table:
        for name in ("half", "read"):
            table.drop_column(name)
    op.drop_table("usual_share")
