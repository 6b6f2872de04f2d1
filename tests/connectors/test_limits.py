"""Rate limits: counted together, paused together, and alone where Redis is gone."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.counting import ThisProcess
from connectors.errors import RateLimited
from connectors.limits import Limiter, Rate
from connectors.retry import retrying, seconds_of
from tests.conftest import redis_server
from tests.connectors.clock import SetClock

pytestmark = pytest.mark.usefixtures("real_clock")


class Clock:
    """Time that passes only while somebody waits; the counting library reads the real one, so sleeps are real too."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.05))


class Waits(Exception):
    """Somebody has to wait."""


def waits(_seconds: float) -> None:
    """Instead of waiting, where nothing is asked of the time that passes: a slow machine decides no test."""
    raise Waits


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis"), port="0") as server:
        yield f"redis+unix://{server.socket_file}"


def spent(limiter: Limiter, bucket: str, rate: Rate, times: int) -> float:
    start = time.monotonic()
    for _ in range(times):
        limiter.take(bucket, rate)
    return time.monotonic() - start


@pytest.mark.parametrize("shared", [False, True])
def test_no_second_holds_more_than_the_rate(shared: bool, redis_url: str) -> None:
    limiter = Limiter(redis_url if shared else None)
    assert spent(limiter, f"a{shared}", Rate(5, 1), 11) >= 2.0
    assert limiter.waited > 0


def test_two_workers_share_one_bucket(redis_url: str) -> None:
    first, second, rate = Limiter(redis_url), Limiter(redis_url, sleep=waits), Rate(5, 60)
    for _ in range(5):
        first.take("b", rate)
    assert first.waited == 0
    with pytest.raises(Waits):
        second.take("b", rate)


def test_a_pause_stops_everybody_in_that_bucket_alone(redis_url: str) -> None:
    first, second = Limiter(redis_url), Limiter(redis_url, sleep=waits)
    first.pause("c", 60)
    second.take("d", Rate(5, 1))
    with pytest.raises(Waits):
        second.take("c", Rate(5, 1))


def test_a_pause_holds_for_all_threads_of_one_process() -> None:
    limiter, waited = Limiter(sleep=waits), []
    limiter.pause("e", 60)

    def ask() -> None:
        with pytest.raises(Waits):
            limiter.take("e", Rate(100, 1))
        waited.append(True)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 3


@pytest.mark.parametrize("shared", [False, True])
def test_who_is_asked_to_wait_for_hours_is_told_and_keeps_nobody_standing_airbyte_9499_posthog_64726(
    shared: bool, redis_url: str
) -> None:
    """A day's or an hour's requests that are used up held up every stream and source behind them."""
    clock = Clock()
    limiter, bucket = Limiter(redis_url if shared else None, sleep=clock.sleep), f"jira{shared}"

    def refused() -> None:
        raise RateLimited("jira", 3_600)

    with pytest.raises(RateLimited):
        retrying(refused, limiter, bucket, Rate(5, 1))
    with pytest.raises(RateLimited, match=r"wait 3\d{3} s") as told:
        retrying(lambda: "another stream's", limiter, bucket, Rate(5, 1))
    assert told.value.source == bucket
    assert not clock.slept
    assert retrying(lambda: "another source's", limiter, f"slack{shared}", Rate(5, 1))


def test_without_redis_it_counts_alone(tmp_path: Path) -> None:
    clock = SetClock()
    limiter = Limiter(f"redis+unix://{tmp_path}/nothing.sock", now=clock.time, sleep=clock.sleep)
    start = clock.now
    for _ in range(5):
        limiter.take("f", Rate(5, 1))
    assert clock.now == start
    limiter.take("f", Rate(5, 1))
    assert 1.0 <= clock.now - start < 1.1


@pytest.mark.parametrize(("given", "expected"), [("7", 7), ("0", 0), (None, 3), ("soon", 3), ("-2", 0)])
def test_retry_after(given: str | None, expected: float) -> None:
    assert seconds_of(given, 3) == expected


def test_retry_after_as_a_date() -> None:
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT", 3) == 0


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (Rate.per_minute(50), Rate(50, 60)),
        (Rate.per_minute(600), Rate(10, 1)),
        (Rate.per_minute(0.5), Rate(1, 60)),
        (Rate.per_second(4), Rate(4, 1)),
        (Rate.per_second(0.25), Rate(1, 4)),
    ],
)
def test_rates_in_words(rate: Rate, expected: Rate) -> None:
    assert rate == expected


def test_threads_that_ask_at_the_same_time_get_no_more_than_the_rate_and_start_no_others() -> None:
    clock = SetClock()
    limiter = Limiter(now=clock.time, sleep=clock.sleep)
    begin, taken, there = clock.now, [], threading.active_count()

    def ask() -> None:
        for _ in range(50):
            limiter.take("t", Rate(40, 1))
            taken.append(clock.now)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert threading.active_count() <= there + 4
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert len(taken) == 200
    assert clock.now >= begin + 4


def test_what_is_counted_here_is_forgotten_when_its_time_is_over() -> None:
    clock = SetClock()
    here = ThisProcess(clock.time)
    assert [here.acquire_entry("a", 3, 10) for _ in range(4)] == [True, True, True, False]
    assert here.get_moving_window("a", 3, 10) == (clock.now, 3)
    assert here.incr("b", 5) == 1
    clock.now += 5.5
    assert here.get("b") == 0
    assert here.incr("b", 5) == 1
    clock.now += 5
    assert here.acquire_entry("a", 3, 10)
    assert here.get_moving_window("a", 3, 10) == (clock.now, 1)
    assert here.reset() == 2
