"""How sure a difference is, where people wander for weeks and teams push together: as sure as it turns out to be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.drift.change_test import changes
from pipeline.drift.noise import spread
from pipeline.drift.sums import Sums, team_codes

DAYS, PEOPLE, TEAM = 150, 24, 6
TEAMS = [f"t{n // TEAM}" for n in range(PEOPLE)]
WINDOWS = np.array([8, 16, 32])


def wanders(rng: np.random.Generator, rows: int, stays: float) -> NDArray[np.float64]:
    """(rows, days): standard normal on each day, of which a part stays from day to day."""
    found = rng.normal(size=(rows, DAYS))
    for day in range(1, DAYS):
        found[:, day] = stays * found[:, day - 1] + np.sqrt(1 - stays**2) * found[:, day]
    return found


def ratios(stays: float, together: float, runs: int = 150) -> NDArray[np.float64]:
    """The ratio of each difference to its error where nothing changes; a part of the variance is the teams'."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        own, teams = wanders(rng, PEOPLE, stays), wanders(rng, PEOPLE // TEAM, stays)
        share = 0.5 + 0.15 * (np.sqrt(1 - together) * own + np.sqrt(together) * teams.repeat(TEAM, 0))
        share = np.clip(share + rng.normal(0, 0.1, share.shape), 0, 1)
        sums = Sums.of(share, np.ones_like(share), teams=team_codes(TEAMS))
        found.append(changes(sums, DAYS - WINDOWS, spread(sums, 10, 110)).z)
    return np.array(found)


@pytest.mark.parametrize("stays", [0.8, 0.97])
def test_a_difference_is_as_sure_as_it_turns_out_to_be_however_slowly_people_wander(stays: float) -> None:
    spread_out = ratios(stays, 0).std(0)
    assert (spread_out < 1.1).all()
    assert (spread_out > 0.85).all()


def test_people_of_one_team_who_wander_together_are_fewer_than_they_seem() -> None:
    assert (ratios(0.9, 0.3).std(0) < 1.35).all()  # by person alone it is 1.5 to 1.6


def test_who_is_in_no_team_is_alone() -> None:
    assert len(set(team_codes(["a", "", "a", "", "b"]).tolist())) == 4


@pytest.mark.parametrize("days", [0, 1, 2, 20])
def test_a_history_that_is_short_or_empty_has_a_finite_error(days: int) -> None:
    share = np.random.default_rng(1).random((PEOPLE, 60))
    share[:, :5] = 0
    total = np.ones_like(share)
    total[:, :5] = 0
    sums = Sums.of(share, total, np.stack([total - share, np.zeros_like(share)]), team_codes(TEAMS))
    found = changes(sums, np.array([30, 40]), spread(sums, 0, days))
    assert np.isfinite(found.sure).all()
    assert (found.error > 0).all()
