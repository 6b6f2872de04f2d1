"""A digest keeps why it was not taken; digests and alerts keep how often they were refused, and until when they wait.

Revision ID: 0019
Revises: 0018
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0019"
down_revision = "0018"

_NEW = ("refused", "refused_by", "not_before")


def upgrade() -> None:
    """Nothing waits; what failed before is tried at once, as before."""
    for table in ("notification", "digest"):
        columns: list[sa.Column[Any]] = [
            sa.Column("refused", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("refused_by", sa.String(64), nullable=False, server_default=""),
            sa.Column("not_before", UtcDateTime(), nullable=True),
        ]
        if table == "digest":
            columns.append(sa.Column("error", sa.Text(), nullable=False, server_default=""))
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)


def downgrade() -> None:
    """The version before tries at every wake, and says in the log alone why a digest was not taken."""
    for table in ("notification", "digest"):
        with op.batch_alter_table(table) as batch:
            for name in (*_NEW, *(["error"] if table == "digest" else [])):
                batch.drop_column(name)
