"""One retry policy: what is worth retrying, how often, and for how long."""

import datetime as dt
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import stamina

from connectors.base import RateLimited, SourceUnavailable
from connectors.limits import LONGEST_WAIT_SECONDS, Limiter, Rate

T = TypeVar("T")
ATTEMPTS = 4


def _worth_it(error: Exception) -> bool | dt.timedelta:
    if isinstance(error, RateLimited):
        return dt.timedelta(seconds=error.seconds) if error.seconds <= LONGEST_WAIT_SECONDS else False
    return isinstance(error, SourceUnavailable) and not error.permanent


def retrying(call: Callable[[], T], limiter: Limiter, bucket: str, rate: Rate) -> T:
    """Call until it succeeds: within the rate, waits as long as the source asks, else with growing pauses and jitter.

    Raises what the last attempt raised; errors that are not worth another attempt at once.
    """

    def once() -> T:
        limiter.take(bucket, rate)
        try:
            return call()
        except RateLimited as error:
            limiter.pause(bucket, error.seconds)  # for every stream and worker, not for this call alone
            raise

    first: list[Exception] = []
    try:  # most calls succeed at once, and the machinery of the retries would cost as much as a fast answer
        return once()
    except (RateLimited, SourceUnavailable) as error:
        if ATTEMPTS < 2 or error.permanent:
            raise
        first.append(error)
    for attempt in stamina.retry_context(on=_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=5):
        with attempt:
            if first:
                raise first.pop()  # the attempt above was the first
            return once()
    raise AssertionError("unreachable: the last attempt either returns or raises")


def seconds_of(retry_after: str | None, otherwise: float) -> float:
    """Return a Retry-After header in seconds; it may also be a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return otherwise
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return otherwise
