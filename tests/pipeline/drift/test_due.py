"""A large company's history is walked once a day, and whenever what it rests on is another or much came in."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from models import Label, WorkItem
from pipeline.drift import due
from pipeline.drift.detector import DriftSettings


def test_the_same_day_is_looked_at_again_only_for_a_reason(lite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, day, settings = sessionmaker(lite), date(2026, 5, 4), DriftSettings()
    with sessions.begin() as session:
        for n in range(200):
            session.add(WorkItem(source="jira", external_id=str(n), kind="task", container="c", labels=[], mentions=[]))
    with sessions.begin() as session:

        def looks(version: int = 1, last: date = day) -> bool:
            found = due.is_due(session, version, last, settings)
            if found:
                due.note_looked(session, version, last, settings)
            return found

        assert looks()
        assert looks()  # a small company's each cycle
        monkeypatch.setattr(due, "LARGE", 100)
        assert not looks()
        due.note_news(session, 2)
        assert not looks()
        due.note_news(session, 1)  # a little with each cycle is much in the end
        assert looks()
        assert not looks()
        for n in range(1, 11):
            assert not looks()  # one answer moves no share
            session.add(Label(work_item_id=n, key_result=None, origin="page", at=datetime.now(UTC)))
            session.flush()
        assert looks()
        assert looks(2)
        assert looks(2, day + timedelta(days=1))
        assert not looks(2, day + timedelta(days=1))
