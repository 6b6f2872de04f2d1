"""The floor: nothing about a few people, also by subtraction."""

from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.share.floor import NOBODY, pooled, shown, shown_beside

TEAMS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(TEAMS, st.integers(0, 6), st.integers(3, 6))
def test_no_sum_and_no_difference_is_about_fewer_than_the_floor(sizes: list[int], others: int, least: int) -> None:
    """Everything that can be had from the figures: each part, the whole, and the whole less all parts that are shown."""
    start, parts = 0, {}
    for n, size in enumerate(sizes):
        parts[f"t{n}"] = set(range(start, start + size))
        start += size
    whole = set(range(start + others))
    seen, allowed = shown(whole, parts, least)
    if not seen:
        assert len(whole) < least
        assert allowed == []
        return
    assert all(len(parts[key]) >= least for key in allowed)
    rest = len(whole) - sum(len(parts[key]) for key in allowed)
    assert rest == 0 or rest >= least


def test_a_lone_small_team_takes_the_smallest_other_one_with_it() -> None:
    parts = {"large": set(range(10)), "middle": set(range(10, 16)), "one": {16}}
    assert shown(set(range(17)), parts, 5) == (True, ["large"])
    assert shown(set(range(16)), {key: parts[key] for key in ("large", "middle")}, 5) == (True, ["large", "middle"])


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(1, 15), max_size=9)), st.integers(1, 6))
def test_of_parts_that_share_people_none_and_no_rest_is_about_fewer_than_the_floor(
    parts: dict[str, set[int]], least: int
) -> None:
    allowed = shown_beside(parts, least)
    assert all(len(parts[key]) >= least for key in allowed)
    rest = set[int]().union(*(people for key, people in parts.items() if key not in allowed))
    assert not rest or len(rest) >= least or not allowed


@given(st.dictionaries(st.sampled_from(["", *"abcde"]), st.sets(st.integers(1, 12), max_size=9)), st.integers(1, 6))
def test_what_who_changes_team_did_in_the_one_that_is_not_shown_is_no_difference_of_two_figures(
    parts: dict[str, set[int]], least: int
) -> None:
    """Of a week in which people were in one team, then in another or in none (''): the whole less all parts that are shown."""
    whole = set[int]().union(*parts.values())
    seen, allowed = shown(whole, parts, least)
    rest = set[int]().union(*(people for key, people in parts.items() if key not in allowed))
    assert seen == (len(whole) >= least)
    assert "" not in allowed
    assert all(len(parts[key]) >= least for key in allowed)
    assert not rest or len(rest) >= least or not allowed


def test_two_days_in_a_team_of_one_are_not_told_by_the_company_less_the_others() -> None:
    """She was alone in `lab` (or in no team) until Wednesday, and is one of `app` since."""
    app, ops = {1, 2, 3, 4, 5, 6}, set(range(10, 16))
    for before in ("lab", ""):
        parts = {"app": app, "ops": ops, before: {6}}
        assert shown(app | ops, parts, 5) == (True, ["app"])
        assert shown({*app, *ops, 20}, {**parts, "care": {20}}, 2) == (True, ["app", "ops"])


WEEK = date(2026, 10, 5)
WORKED = st.lists(st.dictionaries(st.integers(1, 7), st.floats(0.1, 5), max_size=7), min_size=1, max_size=10)


@given(WORKED, st.integers(1, 5))
def test_pooled_weeks_add_up_and_none_tells_of_too_few(weeks: list[dict[int, float]], least: int) -> None:
    cells = {WEEK + timedelta(weeks=n): people for n, people in enumerate(weeks) if people}
    found = pooled(cells, least)
    assert sum(found.values()) == pytest.approx(sum(sum(people.values()) for people in cells.values()))
    if len({person for people in cells.values() for person in people}) < least:
        assert len(set(found.values())) <= 1  # one pool
        return
    # Neighbouring weeks of one value are one pool; in each at least so many worked.
    values: list[tuple[float, set[int]]] = []
    for week in sorted(found):
        if not values or values[-1][0] != found[week]:
            values.append((found[week], set()))
        values[-1][1].update(cells.get(week, {}))
    assert all(len(people) >= least for _, people in values)


def test_a_week_in_which_enough_worked_is_told_as_it_was() -> None:
    few = {WEEK: {**dict.fromkeys(range(4), 1.0), NOBODY: 8.0}, WEEK + timedelta(weeks=1): {NOBODY: 2.0}}
    assert pooled(few, 5) == dict.fromkeys(few, 7.0)  # those who are forgotten are no fifth person
    cells = {WEEK: dict.fromkeys(range(5), 1.0), WEEK + timedelta(weeks=1): dict.fromkeys(range(6), 2.0)}
    assert pooled(cells, 5) == {WEEK: 5.0, WEEK + timedelta(weeks=1): 12.0}
