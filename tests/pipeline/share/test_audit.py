"""The audit: drawn in proportion to effort, corrects what the match believes, and narrows the interval."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.drift.organisation import Case, generate
from models import AuditDraw, Effort, Label, Match, Share
from models.vocabulary import AUDIT
from pipeline.feedback.labels import keep_one
from pipeline.match.answers import load_answers
from pipeline.register.document import Register, parse
from pipeline.share.audit import Drawn, correction, draw, without_audit
from pipeline.share.audit_store import draw_audit
from pipeline.share.stage import weekly_shares
from tests.pipeline.drift.test_stage import LONG_AGO, PEOPLE, fill, load, register_text

WEEK = date(2025, 3, 3)


@given(st.dictionaries(st.integers(1, 99), st.floats(0.01, 9), min_size=1, max_size=40), st.integers(1, 12))
def test_an_item_is_drawn_as_often_as_its_part_of_the_effort_says(effort: dict[int, float], count: int) -> None:
    total, order = sum(effort.values()), sorted(effort)
    chosen = draw(effort, order, count, (1, 2))
    assert len(chosen) == count
    for item, days in effort.items():  # a systematic sample is off by less than one
        assert abs(chosen.count(item) - count * days / total) < 1 + 1e-9


def test_no_effort_is_never_drawn_and_the_same_seed_draws_the_same() -> None:
    assert draw({1: 0.0, 2: 1.0}, [1, 2], 3, (5,)) == [2, 2, 2]
    assert draw({}, [], 3, (5,)) == []
    effort = dict.fromkeys(range(50), 1.0)
    assert draw(effort, range(50), 5, (7, 1)) == draw(effort, range(50), 5, (7, 1))
    assert draw(effort, range(50), 5, (7, 1)) != draw(effort, range(50), 5, (7, 2))


USUAL = without_audit(3).variance[-1]
"""Variance of the error that is known of companies without an audit."""


def drawn(errors: list[float], week: date = WEEK, team: str = "a") -> list[Drawn]:
    return [Drawn(week, team, i, np.array([e, -e, e])) for i, e in enumerate(errors)]


def test_an_audit_moves_the_share_towards_what_is_true_and_keeps_the_sum() -> None:
    found = correction(WEEK, {"a": 5.0}, drawn([0.2, 0.1] * 40), 3)
    assert 0.1 < found.value[0] < 0.15  # nearly all of the mean error, 0.15
    assert found.value[0] + found.value[1] == pytest.approx(0)
    assert found.variance[-1] < USUAL / 4


def test_hardly_any_audit_changes_nothing_and_more_labels_say_more() -> None:
    few = correction(WEEK, {"a": 5.0}, drawn([0.5, -0.4, 0.3]), 3)
    assert few.value.tolist() == [0, 0, 0]
    assert few.variance == pytest.approx(without_audit(3).variance)
    rng = np.random.default_rng(1)
    widths = [
        correction(WEEK, {"a": 1.0}, drawn(rng.normal(0, 0.4, n).tolist()), 3).variance[-1] for n in (10, 50, 400)
    ]
    assert USUAL > widths[0] > widths[1] > widths[2]


def test_draws_of_one_tree_are_no_many_draws() -> None:
    rows = drawn([0.3, -0.3] * 30)
    together = [Drawn(one.week, one.team, i % 2, one.error) for i, one in enumerate(rows)]
    apart, one = (correction(WEEK, {"a": 1.0}, some, 3).variance[-1] for some in (rows, together))
    assert one > 1.4 * apart


def test_teams_weigh_by_their_effort_and_weeks_by_their_distance() -> None:
    rows = drawn([0.2] * 60, team="a") + drawn([0.0] * 60, team="b")
    heavy, light = (correction(WEEK, {"a": a, "b": 1.0}, rows, 3).value[0] for a in (9.0, 1.0))
    assert heavy > 1.5 * light > 0
    old = drawn([0.2] * 60, WEEK - timedelta(weeks=40)) + drawn([0.0] * 60)
    assert correction(WEEK, {"a": 1.0}, old, 3).value[0] < 0.01


@pytest.fixture
def register(sessions: sessionmaker[Session]) -> Register:
    """A company whose match believes of all work on O1 that it serves nothing."""
    register = load(sessions, register_text(), LONG_AGO)
    text = register_text()
    teams = "teams:\n" + "".join(f"- {{key: team{n:02d}, name: Team {n}}}\n" for n in range(3))
    register = parse(text.replace("teams: []\n", teams))
    fill(sessions, generate(Case("none", PEOPLE), seed=1), 60)
    with sessions.begin() as session:
        for match in session.scalars(select(Match)):
            if "O1.1" in match.probabilities:
                match.probabilities = {}
    return register


def share(sessions: sessionmaker[Session], objective: str, week: date) -> Share:
    with sessions() as session:
        return session.get_one(Share, (week, "company", objective))


def test_answers_correct_the_weekly_shares_and_narrow_their_intervals(
    sessions: sessionmaker[Session], register: Register
) -> None:
    weekly_shares(sessions, register, 5)
    before = {key: share(sessions, key, WEEK) for key in ("O1", "top")}
    assert before["O1"].share == pytest.approx(0)
    weeks = [WEEK + timedelta(weeks=n) for n in range(-6, 3)]
    assert sum(draw_audit(sessions, register, week) for week in weeks) == 3 * 5 * len(weeks)
    assert draw_audit(sessions, register, WEEK) == 0  # once a week
    with sessions.begin() as session:
        # The items are one an objective and source: what belongs to O1 is known by its place.
        for item in set(session.scalars(select(AuditDraw.work_item_id))):
            number = (item - 1) // 3
            keep_one(session, item, f"O{number + 1}.1" if number < 5 else None, "page", datetime.now(UTC))
        assert set(session.scalars(select(Label.origin))) == {AUDIT}
        assert load_answers(session, register).labels == {}  # what judges the match does not teach it
    weekly_shares(sessions, register, 5)
    after = {key: share(sessions, key, WEEK) for key in ("O1", "top")}
    assert after["O1"].share > 0.015
    assert after["top"].share > before["top"].share
    with sessions() as session:
        rows = session.scalars(
            select(Share).where(Share.week == WEEK, Share.scope == "company", Share.objective != "top")
        )
        assert sum(row.share for row in rows) == pytest.approx(1)


def test_a_label_that_somebody_gave_to_correct_stays_one_and_is_not_drawn(
    sessions: sessionmaker[Session], register: Register
) -> None:
    with sessions.begin() as session:
        for item in range(1, 18):
            keep_one(session, item, None, "slack", datetime.now(UTC))
    draw_audit(sessions, register, WEEK)
    with sessions.begin() as session:
        assert set(session.scalars(select(AuditDraw.work_item_id))) == {18}
        keep_one(session, 18, "O2.1", "slack", datetime.now(UTC))
        assert session.get_one(Label, 18).origin == AUDIT
        keep_one(session, 17, "O2.1", "slack", datetime.now(UTC))
        assert session.get_one(Label, 17).origin == "slack"


def test_what_was_answered_is_known_and_an_answer_of_before_about_a_key_result_that_is_gone_says_nothing(
    sessions: sessionmaker[Session], register: Register
) -> None:
    weekly_shares(sessions, register, 5)
    before = share(sessions, "O1", WEEK)
    in_week = (Effort.day >= WEEK, Effort.day < WEEK + timedelta(days=7))
    with sessions.begin() as session:
        items = set(session.scalars(select(Effort.work_item_id).where(*in_week)))
        mine = {item for item in items if (item - 1) // 3 == 0}
        for item in items:
            number = (item - 1) // 3
            key = f"O{number + 1}.1" if number < 5 else None
            session.add(Label(work_item_id=item, key_result=key, origin=AUDIT, at=datetime.now(UTC)))
        days = select(Effort.work_item_id, func.sum(Effort.person_days)).where(*in_week).group_by(Effort.work_item_id)
        worked: dict[int, float] = dict(session.execute(days).all())
    weekly_shares(sessions, register, 5, unseen=0)
    part = sum(worked[item] for item in mine) / sum(worked.values())
    after = share(sessions, "O1", WEEK)
    assert part > 0.05
    assert after.share == pytest.approx(part)
    assert before.share == pytest.approx(0)
    assert after.high - after.low < 0.12  # what is left is how the effort is estimated, not what it was for
    with sessions.begin() as session:
        for label in session.scalars(select(Label).where(Label.work_item_id.in_(mine))):
            label.key_result = "O9.9"
    weekly_shares(sessions, register, 5, unseen=0)
    assert share(sessions, "O1", WEEK).share == pytest.approx(0)


def test_what_is_labelled_needs_no_allowance_for_the_match(sessions: sessionmaker[Session], register: Register) -> None:
    weekly_shares(sessions, register, 5)
    before = share(sessions, "O2", WEEK)
    with sessions.begin() as session:
        for match in session.scalars(select(Match)):
            key = max(match.probabilities, key=match.probabilities.__getitem__, default=None)
            session.add(Label(work_item_id=match.work_item_id, key_result=key, origin="page", at=datetime.now(UTC)))
    weekly_shares(sessions, register, 5)
    after = share(sessions, "O2", WEEK)
    assert after.read == pytest.approx(before.read)
    assert after.high - after.low < 0.7 * (before.high - before.low)
