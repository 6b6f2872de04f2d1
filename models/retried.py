"""What a row that is delivered somewhere keeps of its refusals; `alerts.retry` has the rule."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column


class Retried:
    """`error` is why the last attempt failed; `refused` how often in a row it was refused for good, by `refused_by` (a hash).

    It is not tried there before `not_before`.
    """

    error: Mapped[str] = mapped_column(Text, default="")
    refused: Mapped[int] = mapped_column(default=0)
    refused_by: Mapped[str] = mapped_column(String(64), default="")
    not_before: Mapped[datetime | None]
