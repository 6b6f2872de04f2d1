"""Teams over time: dates, new registers, leavers."""

import itertools
from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.register.changes import flatten, rebuild
from pipeline.register.document import Register, RegisterError, hints, parse
from pipeline.register.stays import Stay, spells, stays

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)
DAY = timedelta(days=1)


def register(**members: str) -> Register:
    """One with teams a and b; members by name, as YAML."""
    teams = "".join(f"  - {{key: {key}, name: {key.upper()}, members: [{rows}]}}\n" for key, rows in members.items())
    return parse(
        "period: {name: Q, start: 2026-04-01, end: 2026-12-31}\nteams:\n"
        + teams
        + "objectives: [{key: O1, title: Grow, priority: 1, key_results: [{key: O1.1, title: Sell ten more boats}]}]\n"
    )


def test_a_new_register_moves_nobodys_past() -> None:
    before, after = register(a="x@c.example", b=""), register(a="", b="x@c.example")
    found = stays([(date.min, before), (JUNE, after)])
    assert found["x@c.example"] == [Stay("a", date.min, JUNE - DAY), Stay("b", JUNE)]


def test_who_is_no_longer_listed_has_left_on_the_day_of_the_new_register() -> None:
    found = stays([(date.min, register(a="x@c.example")), (JUNE, register(a="y@c.example"))])
    assert found["x@c.example"] == [Stay("a", date.min, JUNE - DAY)]
    assert found["y@c.example"] == [Stay("a", JUNE)]


def test_dates_count_also_for_days_before_the_register_was_loaded() -> None:
    moved = register(a="{email: x@c.example, to: 2026-05-31}", b="{email: x@c.example, from: 2026-06-01}")
    assert stays([(date.min, moved)])["x@c.example"] == [Stay("a", date.min, JUNE - DAY), Stay("b", JUNE)]
    late = stays([(date.min, register(a="x@c.example", b="")), (JULY, moved)])
    assert late["x@c.example"] == [Stay("a", date.min, JUNE - DAY), Stay("b", JUNE)]


def test_a_joiner_is_in_no_team_before_and_a_leaver_in_none_after() -> None:
    found = stays([(date.min, register(a="{email: x@c.example, from: 2026-05-01, to: 2026-06-30}"))])
    assert found["x@c.example"] == [Stay("a", MAY, JULY - DAY)]


@pytest.mark.parametrize("turned", [False, True])
def test_who_comes_back_stands_in_the_team_twice_bendyworks_payroll_197(turned: bool) -> None:
    entries = ["{email: x@c.example, to: 2026-04-30}", "{email: X@c.example, part: 0.5, from: 2026-06-01}"]
    back = register(a=", ".join(entries[::-1] if turned else entries))
    found = [Stay("a", date.min, MAY - DAY), Stay("a", JUNE)]
    assert stays([(date.min, back)])["x@c.example"] == found
    assert stays([(date.min, register(a="x@c.example")), (JULY, back)])["x@c.example"] == found
    parts = [(first, last, member.part) for _, _, member, first, last in spells(back)]
    assert parts == [(date.min, MAY - DAY, 1.0), (JUNE, date.max, 0.5)]
    assert not [one for one in hints(back, JUNE, 5) if "at once" in one]
    assert rebuild(flatten(back)) == back


@pytest.mark.parametrize(
    "entries",
    [
        "x@c.example, {email: x@c.example, from: 2026-06-01}",
        "{email: x@c.example, to: 2026-06-01}, {email: x@c.example, from: 2026-06-01}",
        "{email: x@c.example, to: 2026-06-01}, {email: y@c.example}, {email: x@c.example, from: soon}",
    ],
)
def test_one_listed_twice_in_a_team_for_the_same_days_is_a_fault_wca_425(entries: str) -> None:
    with pytest.raises(
        RegisterError, match=r"members\[[12]\]: x@c.example is listed already, in line 3.*`to:`.*`from:`"
    ):
        register(a=entries)


@given(st.lists(st.tuples(st.sampled_from([MAY, JUNE, JULY]), st.sampled_from(["a", "b", ""])), min_size=1, max_size=3))
def test_stays_never_overlap_and_follow_each_other(moves: list[tuple[date, str]]) -> None:
    plans = []
    for n, (at, team) in enumerate(sorted(moves)):
        plans.append(
            (
                date.min if n == 0 else at,
                register(**{key: "x@c.example" if key == team else "z@c.example" for key in "ab"}),
            )
        )
    found = stays(plans).get("x@c.example", [])
    assert all(one.last is not None and one.last < other.first for one, other in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("x@c.example", "x@c.example", True),
        ("{email: x@c.example, to: 2026-12-01}", "X@c.example", True),
        ("x@c.example", "{email: x@c.example, from: 2026-07-01}", False),
        ("{email: x@c.example, from: 2026-07-01}", "{email: x@c.example, to: 2026-06-30}", False),
        ("x@c.example", "y@c.example", False),
    ],
)
def test_who_is_listed_in_two_teams_for_the_same_days_is_told_where_they_count(a: str, b: str, said: bool) -> None:
    told = [one for one in hints(register(a=a, b=b), JUNE, 5) if "at once" in one]
    assert len(told) == said
    assert all(one.startswith("x@c.example: in teams a, b at once") and "here b." in one for one in told)
