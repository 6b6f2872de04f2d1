"""Clocks that a test sets."""

import threading
import time


class SetClock:
    """Time that passes only while somebody sleeps, however slow the machine is."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.slept.append(seconds)


class Hurried:
    """The real time, and on top of it what somebody wanted to sleep: nobody waits, and what waits for a time finds it come."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        return time.time() + self.skipped

    __call__ = time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.skipped += seconds
