"""The forecast: what it says of series whose way is plain, when it is silent, and how often its interval holds."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from benchmarks.forecast import EACH, SHAPES, judged
from pipeline.progress.forecast import LEAST_DAYS, LEAST_POINTS, forecast

FIRST, END = date(2026, 10, 1), date(2027, 1, 1)


def points(of: Callable[[int], float], days: int, every: int = 1) -> list[tuple[date, float]]:
    return [(FIRST + timedelta(day), of(day)) for day in range(0, days + 1, every)]


def test_an_even_pace_goes_on() -> None:
    found = forecast(points(lambda day: 10 + 0.5 * day, 46), END, 50)
    assert found is not None
    assert found.middle == pytest.approx(10 + 0.5 * 92, rel=0.02)
    assert found.low < found.middle < found.high
    assert found.high - found.low < 20


def test_what_falls_is_forecast_as_what_rises() -> None:
    up = forecast(points(lambda day: 10 + 0.5 * day, 46), END)
    down = forecast(points(lambda day: 90 - 0.5 * day, 46), END)
    assert up is not None
    assert down is not None
    assert (down.low, down.middle, down.high) == pytest.approx((100 - up.high, 100 - up.middle, 100 - up.low))


def test_a_late_start_and_a_ceiling_are_carried_on() -> None:
    late = forecast(points(lambda day: (day / 92) ** 2, 46), END)
    near = forecast(points(lambda day: 1 - 0.5 ** (day / 20), 46), END)
    assert late is not None
    assert near is not None
    assert late.middle == pytest.approx(1, abs=0.15)  # the even pace ends at 0.5
    assert near.low < 1 - 0.5 ** (92 / 20) < near.high
    assert near.middle < 1.4  # the even pace ends at 1.6


def test_what_stands_still_stays_and_what_is_over_is_known() -> None:
    still = forecast(points(lambda day: 7.0, 46), END, 8)
    over = forecast(points(lambda day: float(day), 92), END, 90)
    assert still is not None
    assert over is not None
    assert (still.low, still.high, still.reach) == (7, 7, 0)
    assert (over.low, over.high, over.reach) == (92, 92, 1)


def test_a_target_below_the_start_is_reached_from_above() -> None:
    found = forecast(points(lambda day: 90 - 0.5 * day, 46), END, 60, start=90)
    assert found is not None
    assert found.reach is not None
    assert found.reach > 0.9


def test_it_is_too_early_with_few_points_or_days() -> None:
    assert forecast(points(float, LEAST_DAYS - 1), END) is None
    assert forecast(points(float, 40, 14), END) is None
    assert len(points(float, 40, 10)) == LEAST_POINTS
    assert forecast(points(float, 40, 10), END) is not None
    far = FIRST + timedelta(days=40 * 5)
    assert forecast(points(float, 40, 10), far) is not None
    assert forecast(points(float, 40, 10), far + timedelta(days=1)) is None


def test_the_same_series_gives_the_same_figures() -> None:
    given = points(lambda day: day**1.3, 46)
    assert forecast(given, END) == forecast(given, END)


def test_a_series_in_other_units_gives_the_same_in_those() -> None:
    one = forecast(points(lambda day: day**1.3, 46), END)
    many = forecast(points(lambda day: 1000 * day**1.3, 46), END)
    assert one is not None
    assert many is not None
    assert many.middle == pytest.approx(1000 * one.middle)


def test_intervals_hold_on_the_key_results_that_were_set_aside() -> None:
    counts = {shape: judged(shape, range(0, EACH, 2))[:2] for shape in SHAPES}
    rates = {shape: held / count for shape, (count, held) in counts.items()}
    assert 0.8 <= sum(held for _, held in counts.values()) / sum(count for count, _ in counts.values()) <= 0.95
    assert min(rates.values()) >= 0.8, rates
