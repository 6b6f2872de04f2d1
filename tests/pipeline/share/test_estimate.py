"""Shares from probabilities, with their interval."""

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

import migrations
from models import Effort, connect
from models.vocabulary import COMPANY
from pipeline.effort.spent import Spent
from pipeline.queue.rounding import rounded
from pipeline.register.document import parse
from pipeline.register.membership import Stay, Teams
from pipeline.share.audit import Correction
from pipeline.share.estimate import TOP, Z90, Worked, shares, with_unseen
from pipeline.share.load import load_matched
from pipeline.share.prior import company_prior
from pipeline.share.stage import _DRAWN, _Sums
from simulator.company import register_yaml
from tests.conftest import TODAY

NAMES = ["O1", "O2"]


def rows(*parts: tuple[float, list[float]]) -> dict[str, tuple[float, float, float]]:
    worked = [Worked(i, i, days) for i, (days, _) in enumerate(parts)]
    found = shares(worked, {i: np.array(p) for i, (_, p) in enumerate(parts)}, NAMES, frozenset({"O1"}))
    return {row.objective: (row.share, row.low, row.high) for row in found}


def test_a_share_is_the_expected_one_not_the_count_of_likeliest_labels() -> None:
    found = rows((1, [0.6, 0, 0.4]), (1, [0.6, 0, 0.4]), (2, [0, 1, 0]))
    assert round(found["O1"][0], 6) == 0.3
    assert round(found["O2"][0], 6) == 0.5
    assert found["O1"][0] == found[TOP][0]


def test_uncertain_matches_widen_the_interval() -> None:
    sure, unsure = rows((1, [1, 0, 0]), (1, [0, 0, 1])), rows((1, [0.5, 0, 0.5]), (1, [0.5, 0, 0.5]))
    assert sure["O1"][0] == unsure["O1"][0] == 0.5
    assert unsure["O1"][2] - unsure["O1"][1] > 2 * (sure["O1"][2] - sure["O1"][1])


def test_errors_of_one_tree_fall_together() -> None:
    p = {i: np.array([0.5, 0, 0.5]) for i in range(40)}
    apart = shares([Worked(i, i, 1) for i in range(40)], p, NAMES, frozenset({"O1"}))[0]
    together = shares([Worked(i, 0, 1) for i in range(40)], p, NAMES, frozenset({"O1"}))[0]
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_work_that_leaves_no_trace_is_off_the_plan_and_nobody_knows_exactly_how_much() -> None:
    people = [Worked(i, i, 1) for i in range(400)]
    p = {i: np.array([0.0, 0.0, 1.0]) if i % 2 else np.array([1.0, 0.0, 0.0]) for i in range(400)}
    audited = Correction(np.zeros(4), np.zeros(4))
    seen, real = (
        {row.objective: row for row in shares(people, p, NAMES, frozenset({"O1"}), audited, unseen=unseen)}
        for unseen in (0.0, 0.1)
    )
    assert [round(seen[name].share, 6) for name in ("O1", "", TOP)] == [0.5, 0.5, 0.5]
    assert [round(real[name].share, 6) for name in ("O1", "", TOP)] == [0.45, 0.55, 0.45]
    prior = company_prior()
    effort_alone = 2 * Z90 * (prior.effort_level**2 + prior.week**2) ** 0.5
    assert seen[TOP].high - seen[TOP].low == pytest.approx(effort_alone)  # everything else is known here
    assert real[TOP].high - real[TOP].low > 0.92 * effort_alone  # 0.9 of it, and what is not known of the unseen part
    assert real[TOP].low < 0.44
    assert real[TOP].high > 0.46


@given(st.lists(st.lists(st.floats(0, 9), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(0, 0.3))
def test_the_unseen_part_is_taken_from_all_alike_and_changes_no_total(days: list[list[float]], unseen: float) -> None:
    seen = np.array(days)
    real = with_unseen(seen, unseen)
    assert real.sum(-1) == pytest.approx(seen.sum(-1))
    assert real[:, :-1] == pytest.approx(seen[:, :-1] * (1 - unseen))
    assert (real >= 0).all()


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_shares_add_up_to_one_and_lie_in_their_intervals(parts: list[tuple[float, float, float]]) -> None:
    found = rows(*[(days, [a, (1 - a) * b, (1 - a) * (1 - b)]) for days, a, b in parts])
    assert abs(sum(share for name, (share, _, _) in found.items() if name != TOP) - 1) < 1e-6
    assert all(0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1 for share, low, high in found.values())


def test_nothing_worked_is_no_share() -> None:
    assert shares([], {}, NAMES, frozenset()) == []


def test_an_item_without_a_match_serves_none() -> None:
    found = {r.objective: r.share for r in shares([Worked(1, 1, 2)], {}, NAMES, frozenset({"O1"}))}
    assert found == {"O1": 0, "O2": 0, "": 1, TOP: 0}


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_a_sum_of_decimals_is_kept_the_same_in_whatever_order_it_was_summed(
    parts: list[int], shuffle: random.Random
) -> None:
    # Multiples of half of the last digit kept: each second sum lies exactly half way.
    terms = [part * 5e-10 for part in parts]
    again = shuffle.sample(terms, len(terms))
    assert rounded(sum(terms), 9) == rounded(sum(again), 9)


def test_postgresql_finds_the_items_of_a_week_in_one_pass(postgres_url: str) -> None:
    """Two lists of ids joined by OR are a subplan, which it may run through once for every item: minutes with a million."""
    engine, plans = connect(postgres_url), []
    migrations.upgrade(engine)

    def explained(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT work_item.id"):
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    event.listen(engine, "before_cursor_execute", explained)
    with Session(engine) as session:
        load_matched(session, parse(register_yaml(TODAY)), select(Effort.work_item_id), _DRAWN)
    engine.dispose()
    assert len(plans) == 1
    assert "SubPlan" not in plans[0]


def test_a_weeks_sums_are_those_of_its_rows_one_by_one() -> None:
    rng = np.random.default_rng(4)
    days = [date(2026, 5, 4) + timedelta(days=n) for n in range(5)]
    teams = Teams({1: "a", 2: None}, {3: [Stay("a", date.min, days[1]), Stay("b", days[2], None)]})
    rows = [(days[n % 5], 1 + n % 3, int(rng.integers(9)), float(rng.random())) for n in range(200)]
    worked: dict[str, Counter[int]] = defaultdict(Counter)
    people: dict[str, Counter[int]] = defaultdict(Counter)
    unknown: Counter[str] = Counter()
    for day, person, item, amount in rows:
        team = teams.on(person, day) or ""
        for scope in (COMPANY, team):
            worked[scope][item] += amount
            people[scope][person] += amount
        if item not in {2, 3}:
            unknown[team] += amount
    day, person, item, amounts = (np.array(column) for column in zip(*rows, strict=True))
    spent = Spent(np.array([one.toordinal() for one in day]), person, item, amounts)
    found = _Sums(spent, teams, {2, 3})
    for by_id, columns in ((worked, found.worked), (people, found.by_person)):
        sums = {scope: dict(zip(*(part.tolist() for part in some), strict=True)) for scope, some in columns.items()}
        assert {scope: pytest.approx(dict(some)) for scope, some in by_id.items()} == sums
    assert found.unknown == pytest.approx(dict(unknown))
    assert _Sums(spent.where(amounts < 0), teams, set()).worked == {}
