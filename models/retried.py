"""Columns for rows that are delivered somewhere and may be refused; `alerts.retry` has the rule."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column


class Retried:
    """`error` is the reason the last attempt failed; `refused` counts consecutive permanent refusals by `refused_by` (a hash).

    Delivery is not attempted there before `not_before`.
    """

    error: Mapped[str] = mapped_column(Text, default="")
    refused: Mapped[int] = mapped_column(default=0)
    refused_by: Mapped[str] = mapped_column(String(64), default="")
    not_before: Mapped[datetime | None]
