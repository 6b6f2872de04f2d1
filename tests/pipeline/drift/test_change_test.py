"""How sure a fall is, and since when: with what took its place, and without."""

from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.drift import change_test as module
from pipeline.drift.change_test import HINT, Changes, changes, likeliest
from pipeline.drift.noise import spread
from pipeline.drift.sums import Sums

DAYS, BEGAN = 120, 100
CALM = (0.6, 0.05, 0.25, 0.1)
FALLEN = (0.42, 0.23, 0.25, 0.1)


def effort(seed: int, people: int = 12, after: tuple[float, ...] = CALM) -> NDArray[np.float64]:
    """(things, people, days): each person has a task for four days, then another; the first thing is what is looked at."""
    rng = np.random.default_rng(seed)
    found = np.zeros((len(CALM), people, DAYS))
    edges = np.cumsum([CALM, after], axis=1).tolist()  # Generator.choice draws the same in ten times the time
    for p in range(people):
        offset = int(rng.integers(4))
        for d in range(DAYS):
            if d == 0 or (d + offset) % 4 == 0 or d == BEGAN:
                task = min(bisect_right(edges[d >= BEGAN], rng.random()), len(CALM) - 1)
            found[task, p, d] = 1
    return found


def compare(work: NDArray[np.float64], *, with_others: bool = True, first: int = 0) -> Changes:
    """Each first day from `first` on, or from the day that it began on."""
    sums = Sums.of(work[0], work.sum(0), work[1:] if with_others else None)
    return changes(sums, np.arange(first or BEGAN, DAYS - 7), spread(sums, 0, 80))


def test_a_fall_that_one_small_thing_took_is_surer_and_its_start_nearer() -> None:
    surer, error = [], {True: [], False: []}
    for seed in range(40):
        work = effort(seed, after=FALLEN)
        found = compare(work)
        surer.append(found.sure[0] - found.z[0])
        for with_others, errors in error.items():
            around = compare(work, with_others=with_others, first=60)
            errors.append(abs(int(around.first[likeliest(around)[0]]) - BEGAN))
    assert np.mean(surer) > 0.5
    assert np.mean(error[True]) < 0.8 * np.mean(error[False])


def test_without_a_change_it_is_rarely_sure() -> None:
    sure = [compare(effort(seed)).sure[0] for seed in range(400)]
    # Four looks (the fall, and with each of three): 4 * 0.13 % at most from three standard errors on, were they normal.
    assert np.mean(np.array(sure) > 3) <= 0.015


def test_what_moves_between_other_things_is_no_fall() -> None:
    for seed in range(20):
        found = compare(effort(seed, after=(0.6, 0.3, 0.0, 0.1)), first=60)
        calm = found.z < HINT
        assert (found.sure[calm] == found.z[calm]).all()
        assert calm.any()


@pytest.mark.parametrize("seed", range(6))
def test_days_without_a_hint_are_left_out_and_the_others_are_as_they_are_among_all(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = effort(seed, after=(0.55, 0.1, 0.25, 0.1))
    found = compare(work, first=60).sure
    monkeypatch.setattr(module, "HINT", -np.inf)
    every = compare(work, first=60)
    assert np.array_equal(found, np.where(every.z >= HINT, every.sure, every.z))  # to the last digit


@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10), turn=st.permutations([1, 2, 3]))
@settings(max_examples=25, deadline=None)
def test_neither_the_unit_of_effort_nor_the_order_of_things_matters(seed: int, scale: float, turn: list[int]) -> None:
    work = effort(seed, after=FALLEN)
    found, other = compare(work), compare(scale * work[[0, *turn]])
    assert other.sure == pytest.approx(found.sure, rel=1e-6)
    assert other.z == pytest.approx(found.z, rel=1e-6)
    assert likeliest(other) == likeliest(found)


def test_of_people_who_are_all_alike_more_are_surer_though_never_certain() -> None:
    few, many = (compare(np.tile(np.reshape(CALM, (-1, 1, 1)), (1, people, DAYS))).error[0] for people in (60, 240))
    assert 0 < many < 0.6 * few


def test_something_that_nobody_does_changes_little() -> None:
    work = effort(3, after=FALLEN)
    idle = np.concatenate([work, np.zeros_like(work[:1])])
    found, other = compare(work), compare(idle)
    assert np.isfinite(other.sure).all()
    assert np.abs(other.sure - found.sure).max() < 0.3
