"""A large company is matched in pieces, and later only what is new: nearly what one whole match gives."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Chunk, Label, Match, Question, WorkItem
from pipeline.encode.stage import encode_pending
from pipeline.ingest import pull as ingest
from pipeline.match import chunking, reworded
from pipeline.match import stage as match_stage
from pipeline.match.reworded import changed_words
from pipeline.queue import chunks
from pipeline.queue.marks import mark_unmatched
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import LONG_AGO, TODAY, HashedWords, connect_to

REGISTER = parse(register_yaml(TODAY))
ENCODER = HashedWords()
REWORDED = REGISTER.objectives[0].key_results[0].key
WORDS = REGISTER.objectives[0].key_results[0].title


@pytest.fixture
def pulled(three_weeks: Simulator, lite: Engine) -> sessionmaker[Session]:
    sessions = sessionmaker(lite)
    with sessions.begin() as session:
        load_register(session, REGISTER, register_yaml(TODAY))
    for source in ("jira", "slack"):
        # Stream by stream: which items a sample holds goes by the order in which they arrived.
        ingest.pull(connect_to(three_weeks, source), sessions, LONG_AGO, threads=1)
    encode_pending(sessions, ENCODER)
    return sessions


def probabilities(sessions: sessionmaker[Session]) -> dict[int, float]:
    with sessions() as session:
        return dict(session.execute(select(Match.work_item_id, Match.none)).all())


def beliefs(sessions: sessionmaker[Session]) -> dict[int, dict[str | None, float]]:
    with sessions() as session:
        query = select(Match.work_item_id, Match.probabilities, Match.none)
        return {id_: {**found, None: none} for id_, found, none in session.execute(query)}


def step(sessions: sessionmaker[Session], version: int = 1) -> int:
    """Match what is pending; returns how many items."""
    matched = 0

    def one(session: Session, chunk: Chunk) -> None:
        nonlocal matched
        matched += match_stage.run_chunk(session, chunk, REGISTER, version, ENCODER)

    with sessions.begin() as session:
        match_stage.plan(session, version, ENCODER)
    chunks.take(sessions, "match", one)
    return matched


def test_pieces_give_nearly_what_the_whole_gives_and_news_costs_what_is_new(
    pulled: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = match_stage.match_all(pulled, REGISTER, 1, ENCODER)
    whole = probabilities(pulled)
    monkeypatch.setattr(match_stage, "WHOLE", 400)
    monkeypatch.setattr(chunking, "CHUNK", items // 3)
    monkeypatch.setattr(chunking, "SAMPLE", 400)
    with pulled.begin() as session:
        lots = chunking.chunks_of(session, sorted(whole), everything=True)
        parents = dict(
            session.execute(select(WorkItem.external_id, WorkItem.parent).where(WorkItem.source == "jira")).all()
        )
        names = dict(session.execute(select(WorkItem.external_id, WorkItem.id).where(WorkItem.source == "jira")).all())
    place = {id_: n for n, lot in enumerate(lots) for id_ in lot}
    assert len(lots) >= 3
    assert sorted(place) == sorted(whole)  # each item once
    assert all(place[names[a]] == place[names[b]] for a, b in parents.items() if b in names)  # trees stay together
    assert match_stage.match_all(pulled, REGISTER, 1, ENCODER) == items
    pieces = probabilities(pulled)
    apart = np.array([pieces[id_] - whole[id_] for id_ in whole])
    assert abs(apart.mean()) < 0.02  # shares stay where they were
    assert abs(apart).mean() < 0.05
    with pulled() as session:
        assert session.scalar(select(Question.rank).limit(1)) is not None
    assert step(pulled) == 0  # nothing is new
    with pulled.begin() as session:
        some = session.scalars(select(WorkItem.id).order_by(WorkItem.id.desc()).limit(5)).all()
        session.execute(
            update(WorkItem).where(WorkItem.id.in_(some)).values(unmatched=True, updated_at=datetime.now(UTC))
        )
    count = step(pulled)
    assert 5 <= count < items / 4
    after = probabilities(pulled)
    assert {id_ for id_ in pieces if after[id_] != pieces[id_]} < set(whole)
    assert np.mean([abs(after[id_] - whole[id_]) for id_ in some]) < 0.1

    def label(ids: Sequence[int]) -> int:
        with pulled.begin() as session:
            session.add_all(
                Label(work_item_id=id_, key_result=None, origin="page", at=datetime.now(UTC)) for id_ in ids
            )
            mark_unmatched(session, ids)
        return step(pulled)

    assert 1 <= label(some[:1]) < items / 4  # one answer holds at once, for what hangs together with its item
    assert probabilities(pulled)[some[0]] > 0.95
    assert label(sorted(set(whole) - {*some})[:9]) == items  # of ten all is learned anew


def test_other_words_of_a_key_result_move_what_they_can_mean_anything_to_and_nothing_else(
    pulled: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_stage, "WHOLE", 400)
    monkeypatch.setattr(chunking, "SAMPLE", 400)
    monkeypatch.setattr(reworded, "MOST_ITEMS", 0.97)
    items = match_stage.match_all(pulled, REGISTER, 1, ENCODER)
    before = beliefs(pulled)
    others = register_yaml(TODAY).replace(WORDS, f"{WORDS}, and fewer refunds")
    now = parse(others)
    with pulled.begin() as session:
        version, _ = load_register(session, now, others)
    assert changed_words(REGISTER, now) == [REWORDED]
    count = step(pulled, version)
    assert 0 < count < 0.97 * items  # 0.9, and a few more or fewer by the order in which they arrived
    moved = beliefs(pulled)
    assert step(pulled, version) == 0
    assert match_stage.match_all(pulled, now, version, ENCODER) == items
    whole = beliefs(pulled)
    for key in (REWORDED, None):
        mean = [np.mean([one.get(key, 0.0) for one in found.values()]) for found in (before, moved, whole)]
        assert abs(mean[1] - mean[2]) < 0.008, (key, mean)  # which items the small sample holds differs
    off = [sum(abs(moved[id_].get(key, 0.0) - p) for key, p in whole[id_].items()) for id_ in whole]
    assert np.mean(off) < 0.03  # of another sample alone it is 0.05
    assert np.quantile(off, 0.95) < 0.12


def test_a_register_in_which_more_than_words_changed_matches_everything() -> None:
    def with_(**changes: object) -> list[str] | None:
        objective = REGISTER.objectives[0]
        one = objective.key_results[0].model_copy(update=changes)
        first = objective.model_copy(update={"key_results": (one, *objective.key_results[1:])})
        return changed_words(REGISTER, REGISTER.model_copy(update={"objectives": (first, *REGISTER.objectives[1:])}))

    assert with_() == []
    assert with_(description="what it is about") == [REGISTER.objectives[0].key_results[0].key]
    assert with_(key="X9") is None
    assert with_(teams=()) is None
    assert changed_words(REGISTER, REGISTER.model_copy(update={"teams": REGISTER.teams[1:]})) is None
    below = REGISTER.objectives[0].model_copy(update={"priority": 9})
    others = REGISTER.model_copy(update={"objectives": (below, *REGISTER.objectives[1:])})
    assert changed_words(REGISTER, others) is None  # top priorities have odds of their own


def test_what_hangs_together_with_the_news_comes_with_it_and_nothing_else(engine: Engine) -> None:
    rows = [  # id, source, name, kind, parent, key, mentions
        (1, "jira", "1", "epic", None, "PAY-1", []),
        (2, "jira", "2", "story", "1", "PAY-2", []),
        (3, "jira", "3", "story", "1", "PAY-3", []),
        (4, "slack", "c:4", "message", None, None, ["PAY-3"]),
        (5, "slack", "c:5", "message", None, None, ["PAY-9", "PAY-3"]),
        (6, "jira", "6", "story", "2", "PAY-6", []),
        (7, "hubspot", "1", "deal", None, None, []),
        (8, "hubspot", "8", "note", "1", None, []),
        (9, "jira", "9", "story", None, "OPS-1", ["PAY-3"]),
    ]
    sessions = sessionmaker(engine)
    with sessions.begin() as session:
        for id_, source, name, kind, parent, key, mentions in rows:
            session.add(
                WorkItem(
                    id=id_,
                    source=source,
                    external_id=name,
                    kind=kind,
                    container="c",
                    parent=parent,
                    key=key,
                    mentions=mentions,
                )
            )
    with sessions() as session:
        for news, together in (([6], {1, 2, 3, 4, 6}), ([4], {1, 2, 3, 4, 6}), ([8], {7, 8}), ([5, 9], {5, 9})):
            found = chunking.chunks_of(session, news, everything=False)
            assert {id_ for lot in found for id_ in lot} == together, news


def test_the_sample_holds_whole_trees_however_sparse_the_row_ids_are(
    pulled: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL spends a row id on each attempt to insert: after a year of pulls there are many more ids than rows."""
    monkeypatch.setattr(chunking, "SAMPLE", 200)
    with pulled.begin() as session:
        session.execute(update(WorkItem).values(id=-97 * WorkItem.id))
        session.execute(update(WorkItem).values(id=-WorkItem.id))
        columns = (WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.parent)
        rows = {row.id: row for row in session.execute(select(*columns))}
        sample = chunking.sample_of(session, len(rows))
    assert 200 <= len(sample) <= 300
    assert len(set(sample)) == len(sample)
    issues = {rows[id_].external_id for id_ in sample if rows[id_].source == "jira"}
    below = [row for row in rows.values() if row.source == "jira" and row.parent in issues]
    assert np.mean([row.external_id in issues for row in below]) > 0.9
