"""How much of a change the match keeps, read from the database, on both kinds of it."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from models import Effort, Match, Person, WorkItem
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.share.company import _implied

REGISTER = """
company: Small
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [a@example.com]}]
objectives:
  - {key: O1, title: Win, priority: 1, key_results: [{key: K1, title: Riders}]}
  - {key: O2, title: Keep, priority: 2, key_results: [{key: K2, title: Margin}]}
  - {key: O3, title: Grow, priority: 3, key_results: [{key: K3, title: Cities}]}
  - {key: O4, title: Care, priority: 4, key_results: [{key: K4, title: Desk}]}
"""
LAST = date(2026, 8, 7)


@pytest.mark.parametrize(("sure", "kept"), [(1.0, 1.0), (0.75, 0.25)])
def test_what_is_believed_by_halves_keeps_little_of_a_change(
    sessions: sessionmaker[Session], sure: float, kept: float
) -> None:
    # Two items of equal effort, over several days: one on the top priorities, one beside them, each believed so far.
    with sessions.begin() as session:
        version, _ = load_register(session, parse(REGISTER), REGISTER)
        session.add(Person(id=1, email="a@example.com", team="app"))
        session.flush()
        for id_, (key, other) in enumerate((("K1", "K4"), ("K4", "K1")), start=1):
            session.add(
                WorkItem(
                    id=id_,
                    source="jira",
                    external_id=str(id_),
                    kind="task",
                    container="A",
                    labels=[],
                    mentions=[],
                    title="t",
                )
            )
            session.flush()
            session.add(
                Match(work_item_id=id_, probabilities={key: sure, other: 1 - sure}, evidence=[], version_id=version)
            )
            for back in range(3):
                session.add(Effort(day=LAST - timedelta(days=back), person_id=1, work_item_id=id_, person_days=0.5))
    with sessions() as session:
        assert _implied(session, parse(REGISTER)) == pytest.approx(kept)
