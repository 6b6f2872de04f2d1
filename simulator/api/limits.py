"""Token buckets that answer 429 as the vendors do."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """Allows `rate` requests a second with bursts of `burst`; `speed` makes its time run faster than ours."""

    rate: float
    burst: float
    speed: float = 1.0
    now: Callable[[], float] = time.monotonic
    level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self._at = self.burst, self.now()

    def take(self) -> int:
        """0 if the request may pass, else the whole seconds after which it may (Retry-After)."""
        now = self.now()
        rate = self.rate * self.speed
        self.level = min(self.burst, self.level + (now - self._at) * rate)
        self._at = now
        if self.level >= 1:
            self.level -= 1
            return 0
        return max(1, math.ceil((1 - self.level) / rate))


class Limits:
    """One bucket a name, made at its first use."""

    def __init__(self, rate: float, burst: float, speed: float) -> None:
        self._rate, self._burst, self._speed = rate, burst, speed
        self._buckets: dict[str, Bucket] = {}
        self.refused = 0

    def left(self, name: str = "") -> int:
        """Requests that would pass now."""
        bucket = self._buckets.get(name)
        return int(bucket.level) if bucket else int(self._burst)

    def take(self, name: str = "") -> int:
        """See Bucket.take."""
        wait = self._buckets.setdefault(name, Bucket(self._rate, self._burst, self._speed)).take()
        self.refused += bool(wait)
        return wait
