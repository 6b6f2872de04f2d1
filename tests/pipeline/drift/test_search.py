"""What is worth raising: a fall that is there all through, and not one week of it."""

import numpy as np

from pipeline.drift.noise import spread
from pipeline.drift.search import Found, Wanted, search
from pipeline.drift.sums import Sums
from pipeline.drift.tuning import TUNING

PEOPLE, DAYS = 60, 130


SEEDS = range(4)


def searched(seed: int, *lower: tuple[int, float]) -> Found | None:
    """What is raised at the end of so many days by which the share is so much lower, one after the other."""
    share = np.full(DAYS, 0.6)
    share[DAYS - sum(days for days, _ in lower) :] -= np.concatenate([np.full(*one) for one in lower])
    own = np.random.default_rng(seed).normal(0, 0.22, (PEOPLE, DAYS))
    sums = Sums.of((share + own).clip(0, 1), np.ones((PEOPLE, DAYS)))
    return search(sums, lambda: spread(sums, 0, 80), Wanted(0.4, 0.03, 5), TUNING)


def test_a_fall_is_raised_that_is_there_all_through() -> None:
    for seed in SEEDS:
        found = searched(seed, (15, 0.12))
        assert found is not None
        assert abs(found.change.first - (DAYS - 15)) <= 2


def test_a_week_that_is_far_worse_than_all_that_follows_is_no_fall() -> None:
    assert [searched(seed, (5, 0.25), (20, 0.07)) for seed in SEEDS] == [None] * len(SEEDS)


def test_a_dip_after_weeks_that_were_a_little_lower_is_no_fall_since_then() -> None:
    assert [searched(seed, (30, 0.06), (5, 0.2)) for seed in SEEDS] == [None] * len(SEEDS)
