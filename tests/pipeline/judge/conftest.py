"""A small company whose streams a judge can be asked about, matched and with effort."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.judge.client import Client
from models import (
    Account,
    Effort,
    JudgeAnswer,
    JudgeState,
    Match,
    Person,
    Stream,
    StreamItem,
    StreamJudged,
    WorkItem,
    connect,
)
from pipeline.feedback.stream_answers import Answer, keep_answer
from pipeline.judge.budget import Budget
from pipeline.judge.stage import Round, Terms, run_judge
from pipeline.match.stage import match_all
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.judge import JudgeServer, sure_of, words_of
from tests.conftest import HashedWords, newest_sqlite
from tests.pipeline.streams.test_stage import add, item, keep

FRIDAY = date(2026, 7, 10)
NOW = datetime(2026, 7, 12, 9, tzinfo=UTC)
REGISTER = """
company: Small
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [ada@x.example, p2@x.example]}]
objectives:
  - key: O1
    title: Riders unlock at once
    priority: 1
    key_results: [{key: K1, title: riders start at once}, {key: K2, title: coverage below ground}]
  - {key: O4, title: Fewer refunds, priority: 4, key_results: [{key: K3, title: money back correctly}]}
"""
SERVES = {"unlock": "K1", "signal": "K2", "refund": "K3", "party": None}
PLACES = ("harbour", "castle", "market", "station", "bridge")


def truth(words: str) -> str | None:
    """What work with these words serves."""
    return next(key for word, key in SERVES.items() if word in words)


def items() -> list[dict[str, object]]:
    """Twenty streams of one issue each: five places, four kinds of work."""
    return [
        item(f"A-{n}-{k}", f"{kind} plan number{n}{k} {place}", "epic", text=f"we do the {kind} at the {place} now")
        for n, place in enumerate(PLACES)
        for k, kind in enumerate(SERVES)
    ]


def honest(question: Mapping[str, Any]) -> dict[str, Any]:
    """A judge that is always right."""
    words = words_of(question)[0]
    return sure_of(truth(words) or "none", words.split()[0])


@dataclass
class Small:
    """The company with what a test does to it."""

    sessions: sessionmaker[Session]
    clients: dict[str, Client] = field(default_factory=dict)

    def judge(self, server: JudgeServer | str, seconds: float = 60, **terms: Any) -> Round:
        """A round of questions."""
        url = server if isinstance(server, str) else server.url
        client = self.clients.setdefault(url, Client(url, "m"))
        client.seconds = terms.pop("timeout", 5.0)
        now = terms.pop("now", NOW)
        given = Terms(terms.pop("budget", Budget(1_000, 10_000_000)), **({"texts": True} | terms))
        return run_judge(self.sessions, parse(REGISTER), HashedWords(), client, given, FRIDAY, now, seconds)

    def match(self) -> dict[str, dict[str, float]]:
        """Probabilities of each item after a match of everything."""
        match_all(self.sessions, parse(REGISTER), 1, HashedWords())
        with self.sessions() as session:
            query = select(WorkItem.external_id, Match.probabilities).join(Match, Match.work_item_id == WorkItem.id)
            return dict(session.execute(query).all())

    def confirm(self, names: Sequence[str]) -> None:
        """Confirm by the truth the streams of these items."""
        with self.sessions.begin() as session:
            query = (
                select(WorkItem.external_id, WorkItem.title, StreamItem.stream_id)
                .join(StreamItem, StreamItem.work_item_id == WorkItem.id)
                .where(WorkItem.external_id.in_(names))
            )
            for _, title, stream in session.execute(query).all():
                keep_answer(session, Answer(stream, "confirmed", truth(title)), NOW)

    def answers(self) -> dict[str, tuple[dict[str, float], str]]:
        """By the item's name the answer about its stream, and why it is void."""
        with self.sessions() as session:
            query = (
                select(WorkItem.external_id, JudgeAnswer.probabilities, JudgeAnswer.fault)
                .join(StreamItem, StreamItem.work_item_id == WorkItem.id)
                .join(StreamJudged, StreamJudged.stream_id == StreamItem.stream_id)
                .join(JudgeAnswer, JudgeAnswer.content == StreamJudged.content)
            )
            return {name: (found, fault) for name, found, fault in session.execute(query)}

    def state(self) -> JudgeState:
        """How the judge stands."""
        with self.sessions() as session:
            found = session.get(JudgeState, "judge")
            assert found is not None
            return found


@cache
def _built() -> bytes:
    """A SQLite file with it: built once, and copied for each test."""
    with TemporaryDirectory(prefix="leeway-small-") as folder:
        engine = connect(newest_sqlite(Path(folder, "small.db")))
        built(sessionmaker(engine))
        engine.dispose()
        return Path(folder, "small.db").read_bytes()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """On SQLite; what the two databases may answer differently is asked of `everywhere`."""
    (tmp_path / "small.db").write_bytes(_built())
    engine = connect(f"sqlite:///{tmp_path / 'small.db'}")
    yield Small(sessionmaker(engine))
    engine.dispose()


@pytest.fixture
def everywhere(sessions: sessionmaker[Session]) -> Small:
    """On both databases."""
    return built(sessions)


def built(sessions: sessionmaker[Session]) -> Small:
    """Matched once, without a judge."""
    with sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
        session.add_all(Person(id=n + 1, email=f"p{n}@x.example", team="app") for n in range(5))
        session.flush()
        session.add(Account(source="jira", external_id="u1", person_id=1, name="Míra O'Sullivan-Boateng"))
        session.add(Account(source="jira", external_id="u2", person_id=2, name="Bo Chen", email="bo.chen@x.example"))
        session.add(Account(source="jira", external_id="u3", person_id=3, name="山田太郎"))
    add(sessions, items())
    with sessions.begin() as session:
        for row in session.scalars(select(WorkItem.id)):
            session.add_all(Effort(day=FRIDAY, person_id=n + 1, work_item_id=row, person_days=0.2) for n in range(5))
    keep(sessions, FRIDAY)
    company = Small(sessions)
    company.match()
    with sessions() as session:
        assert len(session.scalars(select(Stream.id)).all()) == 20
    return company
