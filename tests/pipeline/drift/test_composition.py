"""Behaviour and mix: like compared with like, and nothing divided by nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.drift.composition import common, decompose, standardised

PEOPLE = 6
amounts = st.lists(st.floats(0, 20).filter(lambda x: x == 0 or x > 1e-3), min_size=PEOPLE, max_size=PEOPLE).map(
    np.array
)
parts = st.lists(st.floats(0, 1), min_size=PEOPLE, max_size=PEOPLE).map(np.array)


@given(amounts, parts, amounts, parts)
def test_behaviour_and_mix_add_up_to_the_observed_change_whoever_is_there(
    before: NDArray[np.float64], own0: NDArray[np.float64], after: NDArray[np.float64], own1: NDArray[np.float64]
) -> None:
    found = decompose(before * own0, before, after * own1, after)
    assert np.isfinite([found.before, found.after, found.behaviour, found.mix]).all()
    assert found.behaviour + found.mix == pytest.approx(found.after - found.before, abs=1e-9)


@given(amounts, amounts, parts)
def test_who_does_the_same_as_before_has_no_behaviour_that_changed(
    before: NDArray[np.float64], after: NDArray[np.float64], own: NDArray[np.float64]
) -> None:
    assert decompose(before * own, before, after * own, after).behaviour == pytest.approx(0, abs=1e-9)


@given(amounts, parts, parts)
def test_where_the_same_people_work_as_much_all_of_a_change_is_behaviour(
    total: NDArray[np.float64], own0: NDArray[np.float64], own1: NDArray[np.float64]
) -> None:
    assert decompose(total * own0, total, total * own1, total).mix == pytest.approx(0, abs=1e-9)


def test_builders_on_leave_are_mix_and_what_the_others_do_is_behaviour() -> None:
    whole, top = np.array([5.0, 5, 5, 5]), np.array([5.0, 5, 1, 1])
    away, others = np.array([0.0, 0, 5, 5]), np.array([0.0, 0, 0.5, 0.5])
    found = decompose(top, whole, others, away)
    assert (found.before, found.after) == (0.6, 0.1)
    assert found.behaviour == pytest.approx(-0.1)
    assert found.mix == pytest.approx(-0.4)


def test_people_who_have_nobody_in_common_have_nothing_to_compare() -> None:
    same = common(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert same.mass == 0
    assert same.weights.tolist() == [0, 0]
    gone = decompose(np.array([1.0]), np.array([2.0]), np.array([0.0]), np.array([0.0]))
    assert (gone.before, gone.after, gone.behaviour, gone.mix) == (0, 0, 0, 0)


def test_what_all_things_gain_is_what_they_lose() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.random((4, PEOPLE)), rng.random((4, PEOPLE))
    after[:, 0] = 0
    found, same = standardised(before, after)
    assert found.sum() == pytest.approx(0)
    assert same.weights[0] == 0
