"""Times from a source: parsed strictly, and accepted only within bounds.

One typing error (a worklog of the year 26) would otherwise stretch the history by two thousand years.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=366)
"""Planned work may be dated ahead, and a source's clock may be wrong."""
_LATEST_AT_START = datetime.fromtimestamp(time.time(), UTC) + AHEAD
"""What was not too far ahead then is not now; most times are asked about this alone."""
_LOOKS_LIKE_A_TIME = re.compile(r"[+-]?\d{1,6}-\d\d-\d\dT")


class ImplausibleTime(ValueError):
    """A time that is written as one but at which nothing can have happened."""


def in_utc(text: str) -> datetime:
    """An ISO 8601 time with its zone, in UTC, however far off. Raises ValueError, TypeError or OverflowError for none."""
    return _zoned(datetime.fromisoformat(text), text).astimezone(UTC)


def _zoned(at: datetime, text: str) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    return at


def millis(at: datetime) -> int:
    """The time in whole milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def read_time(text: str) -> datetime:
    """An ISO 8601 time with its zone, in UTC.

    Raises ValueError or TypeError for what is none, of which ImplausibleTime for one of the year 26 or 51502.
    """
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not UTC and at.tzinfo is not None:
            at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        if _LOOKS_LIKE_A_TIME.match(text):
            raise ImplausibleTime(f"dated {text[:40]}: correct it in the source") from None
        raise
    return plausible(_zoned(at, text))


def plausible(at: datetime) -> datetime:
    """The same time. Raises ImplausibleTime where it lies before EARLIEST or more than AHEAD in the future."""
    if not is_plausible(at):
        raise ImplausibleTime(f"dated {at.year:04d}-{at:%m-%d}: correct it in the source")
    return at


def is_plausible(at: datetime) -> bool:
    """Return True if something can have happened then."""
    if EARLIEST <= at <= _LATEST_AT_START:
        return True
    return EARLIEST <= at <= datetime.fromtimestamp(time.time(), UTC) + AHEAD


def skew_of(date: str | None) -> float | None:
    """A server's clock less ours in seconds, from its Date header; None where there is none, or none that can be read."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time() if date else None
    except (TypeError, ValueError, OverflowError):  # a proxy wrote it
        return None
