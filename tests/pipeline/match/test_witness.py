"""What a judge's answers are found to be worth: nothing by chance, more with accuracy and with what was confirmed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.match.witness import UNPROVEN, ratios_of, told, weigh

Array = NDArray[np.float64]
SIZE = 5


def streams(seed: int, right: float, confirmed: int, wrong_on_none: bool = False) -> tuple[Array, Array, Array, Array]:
    """Answers, beliefs that are right in six of ten, known truth, and all truth, of two hundred streams."""
    draw = np.random.default_rng(seed)
    true = draw.integers(0, SIZE, 200)
    seen = np.where(draw.random(200) < 0.6, true, draw.integers(0, SIZE, 200))
    believed = np.full((200, SIZE), 0.05) + 0.75 * np.eye(SIZE)[seen]
    answer = np.where(draw.random(200) < right, true, draw.integers(0, SIZE, 200))
    if wrong_on_none:
        answer = np.where(true == SIZE - 1, believed[:, :-1].argmax(1), answer)
    said = np.full((200, SIZE), 0.05) + 0.75 * np.eye(SIZE)[answer]
    truth = np.eye(SIZE)[true]
    known = truth.copy()
    known[confirmed:] = 0
    return said, believed, known, truth


def score(found: Array, truth: Array) -> float:
    return float(np.log((found * truth).sum(1)).mean())


@pytest.mark.parametrize("confirmed", [0, 10, 40])
def test_chance_changes_nothing_and_accuracy_helps(confirmed: int) -> None:
    for seed in range(5):
        said, believed, known, truth = streams(seed, 0.0, confirmed)
        weight = weigh(said, believed, known)
        assert np.abs(told(believed, ratios_of(weight, said), weight) - believed).max() < 0.05
        gains = []
        for right in (0.6, 0.9):
            said, believed, known, truth = streams(seed, right, confirmed)
            weight = weigh(said, believed, known)
            gains.append(score(told(believed, ratios_of(weight, said), weight), truth) - score(believed, truth))
        assert gains[1] > gains[0] > 0


def test_the_say_grows_with_what_was_confirmed_and_is_small_without() -> None:
    says = [weigh(*streams(1, 0.9, confirmed)[:3]) for confirmed in (0, 10, 40, 200)]
    assert (says[0].whether, says[0].which) == (UNPROVEN, UNPROVEN)
    assert says[0].knows_goal < 0.7
    assert UNPROVEN < says[1].which < says[2].which < says[3].which <= 1


def test_one_that_takes_side_projects_for_goals_has_no_say_in_whether_work_serves_any() -> None:
    said, believed, known, _ = streams(3, 0.95, 60, wrong_on_none=True)
    weight = weigh(said, believed, known)
    assert weight.knows_none == 0
    assert weight.whether < 0.1
    found = told(believed, ratios_of(weight, said), weight)
    assert abs(found[:, -1].mean() - believed[:, -1].mean()) < 0.01


def test_beliefs_stay_beliefs() -> None:
    said, believed, known, _ = streams(2, 0.8, 30)
    weight = weigh(said, believed, known)
    believed[:3] = np.eye(SIZE)[[0, 2, 4]]
    found = told(believed, ratios_of(weight, said), weight)
    assert np.allclose(found.sum(1), 1)
    assert found.min() >= 0
