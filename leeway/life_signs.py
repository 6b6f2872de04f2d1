"""Signs of life of Celery's processes, which `leeway.alive` reads. A worker that is busy for an hour leaves them as an idle one
does; one that has lost its broker, hangs, or takes no message though it has a hand free, does not."""

import time
from contextlib import suppress
from functools import cache
from typing import Any

import structlog
from celery import bootsteps
from celery.beat import Scheduler

from leeway import alive

log = structlog.get_logger()
EVERY = 15.0
"""Seconds between two signs of a worker."""
GOOD_FOR = 180.0
"""Seconds that one holds; so long a worker may also be without its broker."""
SILENT = 60.0
"""A worker that has a hand free asks its queue each second; after so many it is one that has ceased to."""


def _leave(name: str, good_for: float, broker: bool = True) -> None:
    try:
        alive.sign(name, good_for, broker)
    except OSError as error:  # work goes on; the check says the same
        _say(str(error))


@cache
def _say(reason: str) -> None:
    """Once, not four times a minute."""
    log.warning("a sign of life could not be left", reason=reason)


class WorkerSigns(bootsteps.StartStopStep):  # type: ignore[misc]
    """A step of the worker's consumer: started with each connection to the broker, run by the loop that hears it, and stopped
    when it is lost. A step of the worker itself would leave no sign any more after the first connection that was lost."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        self._timers: list[Any] = []

    def start(self, consumer: Any) -> None:
        """A connection is there: the first sign comes with the loop's first turn."""
        again = consumer.timer.call_repeatedly(EVERY, self._sign, (consumer,))
        self._timers = [consumer.timer.call_after(0, self._sign, (consumer,)), again]

    def stop(self, consumer: Any) -> None:
        """The connection is lost, or the worker is told to end: from now on the sign grows old."""
        if self._timers:  # once, however often it fails to connect after that
            _leave(_name(consumer), GOOD_FOR, broker=False)
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def shutdown(self, consumer: Any) -> None:
        """The worker ends as it was asked to."""
        with suppress(OSError):
            alive.end(_name(consumer))

    def _sign(self, consumer: Any) -> None:
        if hears(consumer.task_consumer.channel):
            _leave(_name(consumer), GOOD_FOR)


def _name(consumer: Any) -> str:
    return str(consumer.hostname).partition("@")[0]


def hears(channel: Any) -> bool:
    """Return True if it asks its queue, or has its hands full.

    After a lost connection workers were seen that answered a ping and took no work any more.
    """
    asked = getattr(channel, "_brpop_sent_at", None)  # Redis alone has it, of some versions
    return asked is None or not channel.qos.can_consume() or time.monotonic() - asked < SILENT


class WakingScheduler(Scheduler):  # type: ignore[misc]
    """Beat's scheduler: each wake that the broker has taken is a sign of life."""

    def setup_schedule(self) -> None:
        """Beat starts, and has until the second wake that is due."""
        super().setup_schedule()
        for entry in self.schedule.values():
            self._leave_for(entry, 2)

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Send it. Raises SchedulingError where the broker does not take it, and then there is no sign."""
        sent = super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        self._leave_for(entry, 4)
        return sent

    def _leave_for(self, entry: Any, wakes: int) -> None:
        _leave("beat", wakes * entry.schedule.run_every.total_seconds() + 60)
