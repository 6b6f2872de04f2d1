"""Never above the speed a vendor allows: one moving window a bucket, shared through Redis by all workers where there is one.

A 429 closes the bucket for everybody until the time the vendor names; where that is far off (an hour's or a day's requests are
used up), whoever asks is told so instead of standing still. The counting is the `limits` library's
(https://limits.readthedocs.io); with a moving window no minute ever holds more than its share, also not across the
full hour, so a vendor's token bucket of the same rate never refuses.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from connectors.counting import ThisProcess
from connectors.errors import RateLimited

log = structlog.get_logger()
LONGEST_WAIT_SECONDS = 90.0
"""A longer wait is not a burst limit: the pull ends here and the next one continues at the cursor."""
_TOLD_FROM_SECONDS = 10.0
_AWAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` requests in any `seconds`."""

    amount: int
    seconds: int

    @classmethod
    def per_minute(cls, amount: float) -> "Rate":
        """This many per minute; high rates are spread over the seconds instead of allowing one burst per minute."""
        return cls(max(1, int(amount / 60)), 1) if amount >= 300 else cls(max(1, int(amount)), 60)

    @classmethod
    def per_second(cls, amount: float) -> "Rate":
        """This many per second; below one, a single request in the corresponding number of seconds."""
        return cls(int(amount), 1) if amount >= 1 else cls(1, max(1, round(1 / amount)))


class Limiter:
    """Buckets by name, which begins with the source's. Without `url`, or while Redis does not answer, they count in this process
    only."""

    def __init__(
        self,
        url: str | None = None,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now, self._sleep = now, sleep
        self._here: Storage = ThisProcess(now)
        self._lock = threading.Lock()
        self._shared: Storage | None = None
        self._away_until = 0.0
        self.waited = 0.0
        if url and url.startswith(("redis://", "rediss://", "redis+unix://")):
            try:
                self._shared = RedisStorage(url, wrap_exceptions=True)
            except (ConfigurationError, StorageError) as error:
                log.warning("rate limits are counted in this process only", reason=type(error).__name__)

    def take(self, bucket: str, rate: Rate) -> None:
        """Block until one more request may be made. Raises RateLimited if that takes longer than LONGEST_WAIT_SECONDS."""
        item = RateLimitItemPerSecond(rate.amount, rate.seconds, namespace="leeway")
        told = False
        while (wait := self._try(bucket, item)) > 0:
            if wait >= _TOLD_FROM_SECONDS and not told:
                log.info("waiting for the rate limit", bucket=bucket, seconds=round(wait))
                told = True
            with self._lock:
                self.waited += wait
            self._sleep(wait)

    def pause(self, bucket: str, seconds: float) -> None:
        """Block all requests for this long, as a 429 or a `remaining: 0` asks for."""
        for storage in self._storages():
            try:
                storage.clear(f"leeway:pause:{bucket}")
                storage.incr(f"leeway:pause:{bucket}", max(1, round(seconds + 0.5)))
                return
            except StorageError:
                self._lost()

    def _try(self, bucket: str, item: RateLimitItem) -> float:
        for storage in self._storages():
            try:
                name = f"leeway:pause:{bucket}"
                if storage.get(name):
                    left = max(0.05, storage.get_expiry(name) - self._now())
                    if left > LONGEST_WAIT_SECONDS + 1:  # a pause is kept in whole seconds, rounded up
                        raise RateLimited(bucket.partition(" ")[0], left)
                    return left
                window = MovingWindowRateLimiter(storage)
                if window.hit(item, bucket):
                    return 0.0
                return max(0.01, window.get_window_stats(item, bucket).reset_time - self._now())
            except StorageError:
                self._lost()
        raise AssertionError("unreachable: the process's own storage always answers")

    def _storages(self) -> list[Storage]:
        if self._shared is None or self._now() < self._away_until:
            return [self._here]
        return [self._shared, self._here]

    def _lost(self) -> None:
        log.warning("Redis does not answer; rate limits are counted in this process only for a while")
        self._away_until = self._now() + _AWAY_SECONDS
