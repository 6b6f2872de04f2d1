"""Heartbeats of Celery's processes, read by `leeway.alive`. A worker that is busy for an hour leaves them as an idle one does;
one that has lost its broker, hangs, or has free capacity but takes no message does not."""

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
"""Seconds between a worker's heartbeats."""
GOOD_FOR = 180.0
"""Seconds that a heartbeat is valid; also how long a worker may be without its broker."""
SILENT = 60.0
"""A worker with free capacity polls its queue every second; after this many seconds without a poll it counts as stuck."""


def _leave(name: str, good_for: float, broker: bool = True) -> None:
    try:
        alive.sign(name, good_for, broker)
    except OSError as error:  # work goes on; the check says the same
        _say(str(error))


@cache
def _say(reason: str) -> None:
    """Once, not four times a minute."""
    log.warning("a heartbeat could not be written", reason=reason)


class WorkerSigns(bootsteps.StartStopStep):  # type: ignore[misc]
    """A step of the worker's consumer: started with each connection to the broker, run by the loop that hears it, and stopped
    when it is lost. A step of the worker itself would leave no sign any more after the first connection that was lost."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        self._timers: list[Any] = []

    def start(self, consumer: Any) -> None:
        """Connected: the first heartbeat comes with the loop's first iteration."""
        again = consumer.timer.call_repeatedly(EVERY, self._sign, (consumer,))
        self._timers = [consumer.timer.call_after(0, self._sign, (consumer,)), again]

    def stop(self, consumer: Any) -> None:
        """The connection is lost, or the worker is told to stop: the heartbeat is no longer renewed."""
        if self._timers:  # once, however often it fails to connect after that
            _leave(_name(consumer), GOOD_FOR, broker=False)
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def shutdown(self, consumer: Any) -> None:
        """The worker stops as it was asked to."""
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
    """Beat's scheduler: each wake-up accepted by the broker is a heartbeat."""

    def setup_schedule(self) -> None:
        """Start beat; its first heartbeat is valid until the second wake-up is due."""
        super().setup_schedule()
        for entry in self.schedule.values():
            self._leave_for(entry, 2)

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Send it. Raises SchedulingError, without a heartbeat, if the broker rejects it."""
        sent = super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        self._leave_for(entry, 4)
        return sent

    def _leave_for(self, entry: Any, wakes: int) -> None:
        _leave("beat", wakes * entry.schedule.run_every.total_seconds() + 60)
