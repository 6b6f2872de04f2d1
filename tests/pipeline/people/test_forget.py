"""Deleting a person, and dropping texts: no trace is left, and the sums stand."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Account as Seen
from connectors.base import Page, WorkItem
from connectors.base import Signal as Happened
from models import Account, Base, Effort, Person, Signal, StreamCursor, Vector, upsert
from models import WorkItem as Item
from pipeline.effort.stage import estimate_effort
from pipeline.encode.encoder import text_hash
from pipeline.encode.stage import encode_pending
from pipeline.ingest import pull as ingest
from pipeline.ingest.store import store
from pipeline.people.forget import ForgetError, forget
from pipeline.people.identity import resolve
from pipeline.people.retention import drop_texts
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import LONG_AGO, NOW, TODAY, connect_to

LAST = date(2026, 7, 10)
WHO = "finn.okoro@velora.example"


def dump(sessions: sessionmaker[Session]) -> str:
    """Every value of every table."""
    with sessions() as session:
        rows = (str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table)))
        return "\n".join(rows)


def by_team(sessions: sessionmaker[Session]) -> dict[tuple[str, date], float]:
    with sessions() as session:
        query = select(Person.team, Effort.day, func.sum(Effort.person_days)).join(
            Person, Person.id == Effort.person_id
        )
        rows = session.execute(query.group_by(Person.team, Effort.day)).all()
        return {(team, day): round(days, 4) for team, day, days in rows}


def load(sessions: sessionmaker[Session], text: str) -> None:
    with sessions.begin() as session:
        load_register(session, parse(text), text, by=WHO, why=f"{WHO} asked for it")
        resolve(session, parse(text))


def pull_all(company: Simulator, sessions: sessionmaker[Session]) -> None:
    for source in ("jira", "slack", "hubspot"):
        ingest.pull(connect_to(company, source), sessions, LONG_AGO)
    load(sessions, register_yaml(TODAY))


@pytest.fixture
def filled(company: Simulator, sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    pull_all(company, sessions)
    estimate_effort(sessions, parse(register_yaml(TODAY)), LAST)
    return sessions


def without(text: str, address: str) -> str:
    return text.replace(f"{address}, ", "")


def test_no_trace_is_left_and_the_teams_sums_stand(company: Simulator, filled: sessionmaker[Session]) -> None:
    person = next(p for p in company.world.people if p.email == WHO)
    ids = {f"5f{person.number:06d}", f"U{person.number:08d}"}
    with filled.begin() as session:
        upsert(
            session,
            Signal,
            [
                {
                    "source": "jira",
                    "external_id": "comment:x",
                    "item": str(company.world.issues[0].id),
                    "kind": "comment",
                    "at": NOW,
                    "account": "5f-other",
                    "text": f"thanks Finn Okoro, great; finn okoro, FINN OKORO <{WHO.title()}>",
                    "mentions": [],
                    "detail": {},
                    "hours": None,
                }
            ],
            ("source", "external_id"),
        )
    before = by_team(filled)
    assert any(id_ in dump(filled) for id_ in ids)
    shorter = without(register_yaml(TODAY), WHO)
    load(filled, shorter)
    done = forget(filled, WHO)
    assert done.accounts >= 2
    assert done.signals > 3
    left = dump(filled)
    for trace in (*ids, WHO, person.name):
        assert trace not in left, trace
    assert "thanks someone, great; someone, someone <someone>" in left  # as people write it (spree 14560)
    assert by_team(filled) == pytest.approx(before, abs=2e-4)  # rows are added up in another order
    estimate_effort(filled, parse(shorter), LAST)
    assert by_team(filled) == pytest.approx(before, abs=2e-4)  # rows are added up in another order

    for source in ("jira", "slack"):  # the next pulls do not bring them back, a whole new one neither
        ingest.pull(connect_to(company, source), filled, LONG_AGO)
        with filled.begin() as session:
            for cursor in session.scalars(select(StreamCursor).where(StreamCursor.source == source)):
                session.delete(cursor)
        ingest.pull(connect_to(company, source), filled, LONG_AGO)
    left = dump(filled)
    for trace in (*ids, WHO, person.name):
        assert trace not in left, trace


def test_somebody_the_register_names_or_nobody_knows_is_refused_with_the_fix(
    few_days: Simulator, sessions: sessionmaker[Session]
) -> None:
    pull_all(few_days, sessions)
    with pytest.raises(ForgetError, match="Remove the address"):
        forget(sessions, WHO)
    with pytest.raises(ForgetError, match="nobody is known"):
        forget(sessions, "nobody@velora.example")
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Account).where(Account.email == WHO)) == 2


class Counting:
    """An encoder that counts its texts."""

    name = "counting"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> object:
        import numpy as np

        self.texts += texts
        return np.ones((len(texts), 4), np.float16)


def test_dropped_words_stay_dropped_and_keep_their_vector(sessions: sessionmaker[Session]) -> None:
    old, new = NOW - timedelta(days=100), NOW - timedelta(days=1)

    def message(ts: str, text: str, root: str | None = None) -> tuple[list[WorkItem], Happened]:
        at = old if ts != "3" else new
        item = [] if root else [WorkItem("slack", f"C:{ts}", "message", "#a", text=text, created_at=at, updated_at=at)]
        return item, Happened("slack", f"C:{ts}", f"C:{root or ts}", "message", at, "U1", text=text)

    def page(*messages: tuple[list[WorkItem], Happened]) -> Page:
        return Page(
            "channel a",
            {},
            [i for items, _ in messages for i in items],
            [s for _, s in messages],
            [Seen("slack", "U1", "Ann", "a@x.example")],
        )

    first = [
        message("1", "secret words"),
        message("2", "more of it than anybody may know", "1"),
        message("3", "recent words"),
    ]
    encoder = Counting()
    with sessions.begin() as session:
        store(session, "slack", page(*first))
    encode_pending(sessions, encoder)  # type: ignore[arg-type]
    hashes = {text_hash("secret words more of it than anybody may know"), text_hash("recent words")}
    assert drop_texts(sessions, NOW - timedelta(days=90)) == 3
    assert "secret" not in dump(sessions)
    with sessions.begin() as session:  # read again unchanged, and answered
        assert store(session, "slack", page(*first, message("4", "late answer", "1")))[0] == 1
    encode_pending(sessions, encoder)  # type: ignore[arg-type]
    assert "secret" not in dump(sessions)
    with sessions() as session:
        assert set(session.scalars(select(Item.text_hash))) == hashes
        assert set(session.scalars(select(Vector.text_hash))) == hashes
    assert drop_texts(sessions, NOW - timedelta(days=90)) == 0
