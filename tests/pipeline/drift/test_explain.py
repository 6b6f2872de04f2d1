"""What took the place, by theme: the points are the scope's own, and so are the teams that are named with them."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.vocabulary import COMPANY
from pipeline.drift.explain import by_theme
from pipeline.drift.observations import Observations
from pipeline.drift.themes import Theme

DAYS = [date(2026, 6, 1) + timedelta(days=n) for n in range(4)]
SEEN = Observations(DAYS, ["O1"], ["app", "shop"], np.ones((2, 2, 4)))
THEME = Theme(
    "A side product",
    (1, 2),
    4.0,
    DAYS[2],
    (("app", 3.0), ("shop", 1.0)),
    ("first board",),
    {DAYS[2]: 2.0, DAYS[3]: 2.0},
)


@pytest.mark.parametrize(
    ("scope", "points", "teams"), [(COMPANY, 50.0, ["app", "shop"]), ("shop", 25.0, ["shop"]), ("app", 75.0, ["app"])]
)
def test_a_themes_points_and_teams_are_those_of_the_scope(scope: str, points: float, teams: list[str]) -> None:
    (row,) = by_theme([THEME], SEEN, scope, np.array([0, 1]), np.array([2, 3]))
    assert row["points"] == points
    assert row["teams"] == teams
