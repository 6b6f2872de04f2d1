"""What a judge's answers are found to be worth: nothing by chance, more with accuracy and with what was confirmed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.match.witness import Weight, liked, ratios_of, told, weigh

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


def after(believed: Array, said: Array, weight: Weight) -> Array:
    return told(believed, ratios_of(weight, said, liked(believed)), weight)


def score(found: Array, truth: Array) -> float:
    return float(np.log((found * truth).sum(1)).mean())


@pytest.mark.parametrize("confirmed", [0, 10, 40])
def test_chance_changes_nothing_and_accuracy_helps(confirmed: int) -> None:
    for seed in range(5):
        said, believed, known, truth = streams(seed, 0.0, confirmed)
        weight = weigh(said, believed, known)
        assert np.abs(after(believed, said, weight) - believed).max() < 0.05
        gains = []
        for right in (0.6, 0.9):
            said, believed, known, truth = streams(seed, right, confirmed)
            weight = weigh(said, believed, known)
            gains.append(score(after(believed, said, weight), truth) - score(believed, truth))
        assert gains[1] > gains[0] > 0


def test_what_it_is_found_to_know_grows_with_what_was_confirmed() -> None:
    weights = [weigh(*streams(1, 0.9, confirmed)[:3]) for confirmed in (0, 10, 40, 200)]
    knows = [one.knows_goal for one in weights]
    assert knows[0] > 0.4
    assert knows == sorted(set(knows))
    assert knows[-1] > 0.9
    assert all(0.6 < one.says <= 1 for one in weights)


@pytest.mark.parametrize("confirmed", [0, 10])
def test_one_that_is_right_more_often_than_it_says_is_believed_and_not_taken_for_one_that_copies(
    confirmed: int,
) -> None:
    """It puts 0.8 on what it says, and is right in 96 of 100."""
    said, believed, known, truth = streams(5, 0.95, confirmed)
    weight = weigh(said, believed, known)
    assert weight.sharpness > 1.4
    assert weight.copies < 0.35
    found = after(believed, said, weight)
    off = [float(np.abs((one - truth)[confirmed:, :2].sum(1)).mean()) for one in (believed, found)]
    assert off[1] < off[0] / 2


def test_a_match_that_mixes_goals_up_makes_no_judge_one_sided() -> None:
    """The match is sure of the wrong key result in most work on goals and knows work on none: that is no fault of the judge's."""
    draw = np.random.default_rng(6)
    true = np.append(draw.integers(0, SIZE - 1, 120), np.full(80, SIZE - 1))
    seen = np.where((true < SIZE - 1) & (draw.random(200) < 0.7), draw.integers(0, SIZE - 1, 200), true)
    believed = np.full((200, SIZE), 0.02) + 0.9 * np.eye(SIZE)[seen]
    said = np.full((200, SIZE), 0.05) + 0.75 * np.eye(SIZE)[np.where(draw.random(200) < 0.95, true, 0)]
    weight = weigh(said, believed, np.zeros_like(said))
    assert weight.knows_goal > 0.75
    assert weight.says > 0.85


def test_one_that_takes_side_projects_for_goals_is_not_heard_since_it_would_mend_one_of_two_errors() -> None:
    said, believed, known, _ = streams(3, 0.95, 60, wrong_on_none=True)
    weight = weigh(said, believed, known)
    assert weight.knows_none < 0.1
    assert weight.copies > 0.8
    assert np.abs(after(believed, said, weight) - believed).max() < 0.1


def test_one_that_repeats_the_match_changes_nothing() -> None:
    _, believed, known, _ = streams(4, 0.9, 40)
    weight = weigh(believed, believed, known)
    assert np.abs(after(believed, believed, weight) - believed).max() < 0.1


def test_beliefs_stay_beliefs() -> None:
    said, believed, known, _ = streams(2, 0.8, 30)
    weight = weigh(said, believed, known)
    believed[:3] = np.eye(SIZE)[[0, 2, 4]]
    found = after(believed, said, weight)
    assert np.allclose(found.sum(1), 1)
    assert found.min() >= 0
