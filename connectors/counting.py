"""Count requests in this process only: a storage for the `limits` library that starts no threads.

The library's own MemoryStorage 5.8 forgets old requests in a thread that it starts after nearly each request, which
costs as much as the rest of it, and two callers can start one thread twice
(https://github.com/alisaifee/limits/pull/352). Here a bucket holds no more times than its limit, and needs none.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from limits.storage import MovingWindowSupport, Storage


class ThisProcess(Storage, MovingWindowSupport):
    """The moments of the last requests by bucket, and counters with an end. `now` is the time in seconds."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now, self._lock = now, threading.RLock()
        self._taken: dict[str, deque[float]] = {}
        self._counters: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None: what is in memory always answers."""
        return ()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note `amount` requests where fewer than `limit` lie within the last `expiry` seconds."""
        with self._lock:
            now = self._now()
            taken = self._taken.setdefault(key, deque())
            while taken and taken[0] < now - expiry:
                taken.popleft()
            if len(taken) + amount > limit:
                return False
            taken.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest request of the window was made, and how many it holds."""
        with self._lock:
            now = self._now()
            inside = [at for at in self._taken.get(key, ()) if at >= now - expiry]
            return (inside[0], len(inside)) if inside else (now, 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count on; a new counter ends after `expiry` seconds."""
        with self._lock:
            count, end = self._counters.get(key, (0, 0.0))
            now = self._now()
            count, end = (count + amount, end) if end > now else (amount, now + expiry)
            self._counters[key] = count, end
            return count

    def get(self, key: str) -> int:
        """The counter; one that has ended is none."""
        count, end = self._counters.get(key, (0, 0.0))
        return count if end > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """When the counter ends; now where there is none."""
        return self._counters.get(key, (0, self._now()))[1]

    def clear(self, key: str) -> None:
        """Forget a bucket and a counter."""
        with self._lock:
            self._taken.pop(key, None)
            self._counters.pop(key, None)

    def check(self) -> bool:
        """Return True: it is there."""
        return True

    def reset(self) -> int:
        """Forget all; returns how much there was."""
        with self._lock:
            count = len(self._taken) + len(self._counters)
            self._taken.clear()
            self._counters.clear()
            return count
