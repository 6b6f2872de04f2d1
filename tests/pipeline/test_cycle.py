"""A cycle that was killed between two stages is finished by the next one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Cycle, Effort, Share
from pipeline import cycle
from pipeline.drift import DriftSettings
from pipeline.encode import SentenceEncoder
from pipeline.register import parse
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY, connect_to

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 23, tzinfo=UTC)


class KilledError(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


def test_shares_follow_matches_after_a_kill_between_them(
    company: Simulator, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = register_yaml(TODAY)
    with sessions.begin() as session:
        cycle.load_register(session, parse(text), text)
    sources = {"jira": connect_to(company, "jira")}
    encoder = SentenceEncoder()

    def run() -> None:
        cycle.run_cycle(sources, sessions, encoder, DriftSettings(), NOW, timedelta(weeks=26))

    def count(table: Any) -> int:
        with sessions() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    run()
    before = count(Effort)
    assert before > 100
    issue = next(i for i in company.world.issues if i.assignee is not None)
    issue.worklogs.append((max(i.updated for i in company.world.issues), 0, 2.0))
    issue.text = "changed, so that it is matched again"

    def killed(*_: object) -> int:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(cycle, "estimate_effort", killed)
        with pytest.raises(KilledError):
            run()
    assert count(Effort) == before
    run()
    assert count(Effort) == before + 1
    assert count(Share) > 0
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Cycle).where(Cycle.finished_at.is_(None))) == 0
