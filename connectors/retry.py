"""One policy for trying again: what is worth it, how often, and for how long."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import stamina

from connectors.base import RateLimited, SourceUnavailable

T = TypeVar("T")
ATTEMPTS = 4
LONGEST_WAIT_SECONDS = 90.0


def _worth_it(error: Exception) -> bool | dt.timedelta:
    if isinstance(error, RateLimited):
        # More than this is no burst limit; the pull ends here and the next one continues at the cursor.
        return dt.timedelta(seconds=error.seconds) if error.seconds <= LONGEST_WAIT_SECONDS else False
    return isinstance(error, SourceUnavailable)


def retrying(call: Callable[[], T]) -> T:
    """Call until it succeeds: waits as long as the source asks, else with growing pauses and jitter.

    Raises what the last attempt raised; errors that are not worth another attempt at once.
    """
    for attempt in stamina.retry_context(on=_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=5):
        with attempt:
            return call()
    raise AssertionError("unreachable: the last attempt either returns or raises")
