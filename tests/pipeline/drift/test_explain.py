"""What took the place, by theme: the points are the scope's own, and so are the teams that are named with them."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.vocabulary import COMPANY
from pipeline.drift.explain import by_team, by_theme, levels, teams_to_show
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


@pytest.mark.parametrize(
    ("sizes", "absent", "told"),
    [
        ({"app": 6, "shop": 6}, {}, {"app", "shop"}),
        ({"app": 6, "shop": 6}, {"shop": 2}, set()),  # the company less app would be four people
        ({"app": 6, "shop": 6, "ops": 6}, {"shop": 2, "ops": 4}, {"app"}),
        ({"app": 6, "shop": 4, "": 2}, {}, {"app"}),
        ({"app": 6, "shop": 7, "": 1, "ops": 1}, {}, {"shop"}),
    ],
)
def test_a_team_is_told_of_where_enough_of_it_worked_before_and_since_llmgateway_3169(
    sizes: dict[str, int], absent: dict[str, int], told: set[str]
) -> None:
    """Of what a fall is explained with; those who are listed and were not there are no people that a figure is of."""
    teams = [team for team, size in sizes.items() for _ in range(size)]
    effort = np.ones((2, len(teams), 4))
    effort[0, :, 2:] = np.linspace(0, 0.9, len(teams))[:, None]
    for team, many in absent.items():
        effort[:, teams.index(team) : teams.index(team) + many, 2:] = 0
    seen = Observations(DAYS, ["O1"], teams, effort, people=list(range(len(teams))))
    base, span, top = np.array([0, 1]), np.array([2, 3]), frozenset(["O1"])
    assert teams_to_show(seen, base, span, 5) == told
    whole, rows = by_team(seen, top, base, span), by_team(seen, top, base, span, told)
    assert {row.team for row in rows} == told | ({""} if told != set(teams) else set())
    assert sum(row.points for row in rows) == pytest.approx(sum(row.points for row in whole))
    assert set(levels(seen, base, span, top, told)) == {COMPANY, *told}
