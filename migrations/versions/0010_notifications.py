"""A drift can be told in many channels: a row each in `notification`; digests are claimed before they are sent; opt-outs.

What Slack was told before moves over, so nothing is told twice.

Revision ID: 0010
Revises: 0009
"""

import json
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0010"
down_revision = "0009"

_TIME = models.base.UtcDateTime(timezone=True)
_drift = sa.table(
    "drift",
    sa.column("id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("raised_on", sa.Date),
    sa.column("channel", sa.String),
    sa.column("message_ts", sa.String),
    sa.column("claimed_at", _TIME),
    sa.column("sent_at", _TIME),
    sa.column("said", sa.JSON),
)
_decision = sa.table("decision", sa.column("kind", sa.String), sa.column("nonce", sa.String))
_OLD = ("channel", "message_ts", "claimed_at", "sent_at", "said")


def upgrade() -> None:
    """Make the tables, carry over what Slack was told, drop the old columns."""
    notification = op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("drift_id", sa.Integer(), sa.ForeignKey("drift.id", ondelete="CASCADE"), nullable=False),
        sa.Column("channel", sa.String(320), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.Column("said_state", sa.String(32), nullable=False),
        sa.Column("said_fall", sa.Integer(), nullable=False),
        sa.Column("claimed_at", _TIME),
        sa.Column("tried_at", _TIME),
        sa.Column("sent_at", _TIME),
        sa.Column("error", sa.Text(), nullable=False),
        sa.UniqueConstraint("drift_id", "channel", name="uq_notification_drift_id_channel"),
    )
    op.create_index("ix_notification_drift_id", "notification", ["drift_id"])
    op.create_table(
        "opt_out",
        sa.Column("address", sa.String(320), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("at", _TIME, nullable=False),
    )
    connection = op.get_bind()
    begun = sa.or_(_drift.c.message_ts.is_not(None), _drift.c.claimed_at.is_not(None))
    rows = [_carried(row) for row in connection.execute(sa.select(_drift).where(begun)).mappings()]
    if rows:
        connection.execute(sa.insert(notification), rows)
    op.execute(
        sa.update(_decision).where(_decision.c.kind == "reminded").values(nonce=_decision.c.nonce.concat(" slack"))
    )
    for name in _OLD:  # not in a batch: on SQLite that makes the table again, and decisions would go with the old one
        op.drop_column("drift", name)
    with op.batch_alter_table("digest") as batch:
        batch.add_column(sa.Column("claimed_at", _TIME))
        batch.alter_column("sent_at", existing_type=_TIME, nullable=True)


def _carried(row: Any) -> dict[str, Any]:
    told = row["message_ts"] is not None
    said = json.loads(row["said"]) if isinstance(row["said"], str) else row["said"] or {}
    return {
        "drift_id": row["id"],
        "channel": "slack ops" if row["kind"] == "data" else "slack",
        "reference": {"channel": row["channel"], "ts": row["message_ts"]} if told else {},
        "said_state": str(said.get("state", "")),
        "said_fall": int(said.get("fall", 0)),
        "claimed_at": None if told else row["claimed_at"],
        "tried_at": None if told else row["claimed_at"],
        "sent_at": (row["sent_at"] or datetime.combine(row["raised_on"], time(12), UTC)) if told else None,
        "error": "",
    }


def downgrade() -> None:
    """Slack's rows go back into `drift`; what other channels were told is lost."""
    with op.batch_alter_table("digest") as batch:
        batch.drop_column("claimed_at")
    op.execute("DELETE FROM digest WHERE sent_at IS NULL")
    with op.batch_alter_table("digest") as batch:
        batch.alter_column("sent_at", existing_type=_TIME, nullable=False)
    op.add_column("drift", sa.Column("channel", sa.String(64)))
    op.add_column("drift", sa.Column("message_ts", sa.String(64)))
    op.add_column("drift", sa.Column("claimed_at", _TIME))
    op.add_column("drift", sa.Column("sent_at", _TIME))
    op.add_column("drift", sa.Column("said", sa.JSON(), nullable=False, server_default="{}"))
    notification = sa.table(
        "notification",
        sa.column("drift_id", sa.Integer),
        sa.column("channel", sa.String),
        sa.column("reference", sa.JSON),
        sa.column("said_state", sa.String),
        sa.column("said_fall", sa.Integer),
        sa.column("sent_at", _TIME),
    )
    connection = op.get_bind()
    slack = sa.select(notification).where(notification.c.channel.in_(("slack", "slack ops")))
    for row in connection.execute(slack.where(notification.c.sent_at.is_not(None))).mappings():
        values = {
            "channel": row["reference"].get("channel"),
            "message_ts": row["reference"].get("ts"),
            "sent_at": row["sent_at"],
            "said": {"state": row["said_state"], "fall": row["said_fall"]},
        }
        connection.execute(sa.update(_drift).where(_drift.c.id == row["drift_id"]).values(**values))
    op.execute("UPDATE decision SET nonce = replace(nonce, ' slack', '') WHERE kind = 'reminded'")
    op.drop_table("opt_out")
    op.drop_table("notification")
