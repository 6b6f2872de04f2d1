"""Groups of accounts, people who were forgotten, texts that were dropped.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("forgotten", sa.Column("digest", sa.String(64), primary_key=True))
    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("groups", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("person") as batch:
        batch.add_column(sa.Column("forgotten", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("work_item") as batch:
        batch.add_column(sa.Column("text_dropped", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("work_item") as batch:
        batch.drop_column("text_dropped")
    with op.batch_alter_table("person") as batch:
        batch.drop_column("forgotten")
    with op.batch_alter_table("account") as batch:
        batch.drop_column("groups")
    op.drop_table("forgotten")
