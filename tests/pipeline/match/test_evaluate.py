"""The figures on a company's own labels."""

import numpy as np
import pytest

from pipeline.match.evaluate import figures

KEYS = ["O1.1", "O2.1"]
IN_TOP = {"O1.1": True, "O2.1": False}


def test_the_figures_of_four_answers_by_hand() -> None:
    found = np.array([[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1]], np.float32)
    result = figures(found, ["O1.1", "O2.1", None, "O2.1"], KEYS, IN_TOP)
    assert result.items == 4
    assert result.accuracy == 0.75
    assert result.on_goal_f1 == 1
    assert result.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert result.counted_top_error == pytest.approx(25)
    assert result.expected_top_error == pytest.approx(100 * (2.0 / 4 - 0.25), abs=1e-4)
    # 0.9 right; 0.8 right once of twice; 0.7 right
    assert result.calibration_error == pytest.approx((0.1 + 2 * 0.3 + 0.3) / 4, abs=1e-5)
    assert [(one.count, one.right) for one in result.bins] == [(1, 1.0), (2, 0.5), (1, 1.0)]


def test_sure_and_right_is_perfect() -> None:
    result = figures(np.eye(3, dtype=np.float32), ["O1.1", "O2.1", None], KEYS, IN_TOP)
    assert (result.accuracy, result.macro_f1, result.calibration_error, result.counted_top_error) == (1, 1, 0, 0)
