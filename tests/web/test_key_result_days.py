"""Person-days of key results: none that is about few people, and none that the others beside it give away."""

from web.key_result_days import KeyResultDays

SIX, ONE, FIVE = frozenset(range(6)), frozenset({9}), frozenset(range(10, 15))
KEYS = ["O1.1", "O1.2", "O1.3"]


def test_a_key_result_of_one_person_is_not_shown_nor_is_the_one_that_gives_it_away() -> None:
    worked = {("app", "O1.1"): SIX, ("app", "O1.2"): ONE}
    days = KeyResultDays(
        {("app", "O1.1"): 30.0, ("app", "O1.2"): 7.0, ("app", "O1.3"): 0.4}, worked, {"app": SIX | ONE}
    )
    found = days.beside_each_other(KEYS, "company", 5)
    assert found == {"O1.1": None, "O1.2": None, "O1.3": 0.4}  # what nobody is likely to work on tells of nobody
    more = KeyResultDays(
        {**days.days, ("ops", "O1.2"): 12.0}, {**worked, ("ops", "O1.2"): FIVE}, {"app": SIX | ONE, "ops": FIVE}
    )
    assert more.beside_each_other(KEYS, "company", 5) == {"O1.1": 30.0, "O1.2": 19.0, "O1.3": 0.4}
    assert more.beside_each_other(KEYS, "ops", 5) == {"O1.1": 0, "O1.2": 12.0, "O1.3": 0}


def test_what_nobody_likely_worked_on_in_a_team_of_one_at_work_is_that_ones() -> None:
    days = KeyResultDays({("app", "O1.1"): 0.9, ("ops", "O1.1"): 0.7}, {}, {"app": ONE, "ops": FIVE})
    assert days.beside_each_other(["O1.1"], "app", 5) == {"O1.1": None}
    assert days.by_team("O1.1", ["app", "ops"], 5) == {"app": None, "ops": None}  # the company's less the other's
    assert days.by_team("O1.1", ["app", "ops"], 1) == {"app": 0.9, "ops": 0.7}


def test_a_teams_cell_of_few_is_not_shown_beside_the_companys() -> None:
    days = KeyResultDays(
        {("app", "O1.1"): 30.0, ("ops", "O1.1"): 2.0},
        {("app", "O1.1"): SIX, ("ops", "O1.1"): frozenset({20, 21})},
        {"app": SIX, "ops": FIVE | {20, 21}},
    )
    assert days.by_team("O1.1", ["app", "ops", "care"], 5) == {"app": None, "ops": None, "care": 0.0}
    assert days.by_team("O1.1", ["app", "ops"], 2) == {"app": 30.0, "ops": 2.0}
