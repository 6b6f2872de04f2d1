"""A cycle that was killed in a stage is finished by the next one, and one that costs what is new gives what a whole one does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from connectors import base as source_side
from connectors.base import Page
from models import Capacity, Chunk, Cycle, DayWork, Effort, InProgress, Share, Walked
from pipeline import cycle, ending
from pipeline.drift.detector import DriftSettings
from pipeline.drift.observations import observe
from pipeline.drift.stage import detector_for
from pipeline.drift.walk import Kept, walk
from pipeline.effort import stage as effort_stage
from pipeline.encode.stage import encode_pending
from pipeline.ingest.store import store
from pipeline.match import stage as match_stage
from pipeline.ready import seen_until
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.share import stage as share_stage
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY, HashedWords, connect_to

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 23, tzinfo=UTC)


class KilledError(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (match_stage, "run_chunk"),
        (effort_stage, "run_item_chunk"),
        (effort_stage, "run_week_chunk"),
        (share_stage, "run_chunk"),
        (ending, "detect_drift"),
    ],
)
def test_a_kill_in_any_stage_is_made_good_by_the_next_cycle(
    company: Simulator, lite: Engine, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    sessions = sessionmaker(lite)  # on PostgreSQL tests/leeway/test_chaos.py kills in earnest
    text = register_yaml(TODAY)
    with sessions.begin() as session:
        load_register(session, parse(text), text)
    sources = {"jira": connect_to(company, "jira")}
    encoder = HashedWords()

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
        patch.setattr(module, name, killed)
        with pytest.raises(KilledError):
            run()
    assert count(Chunk) > 0
    assert count(Effort) == before or module is not effort_stage
    run()
    assert count(Effort) > before
    assert count(Share) > 0
    assert count(Chunk) == 0
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Cycle).where(Cycle.finished_at.is_(None))) == 0


REGISTER = """
period: {name: Q2, start: 2026-04-01, end: 2026-06-30}
calendar: {country: DE, time_zone: Europe/Berlin}
teams: [{key: a, name: A, members: [p0@x.example, p1@x.example, {email: p2@x.example, part: 0.5}, p3@x.example, p4@x.example]}]
objectives:
  - {key: O1, title: Faster checkout, priority: 1, key_results: [{key: O1.1, title: checkout in two clicks, teams: [a]}]}
  - {key: O2, title: Fewer returns, priority: 2, key_results: [{key: O2.1, title: returns below five percent}]}
"""
WORDS = ["checkout", "clicks", "returns", "percent", "invoice", "lunch", "printer", "basket", "size", "chart"]


def history(rng: np.random.Generator, pause: float) -> list[Page]:
    """Ten weeks of a small company in pages, not in the order of time: news of old items, late ones, some taken away."""
    pages, begin = [], datetime(2026, 4, 1, 6, tzinfo=UTC)
    zones = [None, "Asia/Tokyo", None, None, "America/Los_Angeles" if pause > 5 else None]
    accounts = [source_side.Account("jira", f"p{n}", email=f"p{n}@x.example", time_zone=zones[n]) for n in range(5)]
    for name in (str(n) for n in rng.permutation(40)):
        created = begin + timedelta(days=float(rng.uniform(0, 55)))
        item = source_side.WorkItem(
            "jira",
            name,
            "story",
            "C",
            " ".join(rng.choice(WORDS, 4)),
            assignee=f"p{rng.integers(5)}",
            created_at=created,
        )
        at, signals = created, []
        for n in range(int(rng.integers(1, 12))):
            kind = str(rng.choice(["comment", "worklog", "transition", "assignment"]))
            to = {"transition": str(rng.choice(["indeterminate", "done"])), "assignment": f"p{rng.integers(5)}"}.get(
                kind
            )
            signals.append(
                source_side.Signal(
                    "jira",
                    f"{name}-{n}",
                    name,
                    kind,
                    at,
                    f"p{rng.integers(5)}",
                    float(rng.uniform(0.2, 9)) if kind == "worklog" else None,
                    detail={"to": to} if to else {},
                )
            )
            at += timedelta(days=float(rng.exponential(pause)))
        cut = int(rng.integers(0, len(signals) + 1))
        pages.append((rng.random(), Page("s", None, [item], signals[:cut], accounts)))
        newer = replace(item, updated_at=at, title=" ".join(rng.choice(WORDS, 4)))
        pages.append((2 + rng.random(), Page("s", None, [newer], signals)))
        if rng.random() < 0.2:
            pages.append(
                (4 + rng.random(), Page("s", None, gone=[name if rng.random() < 0.5 else signals[0].external_id]))
            )
    return [page for _, page in sorted(pages, key=lambda pair: pair[0])]


def everything(sessions: sessionmaker[Session]) -> dict[str, set[tuple[Any, ...]]]:
    with sessions() as session:
        return {
            table.__tablename__: {tuple(map(repr, row)) for row in session.execute(select(*table.__table__.columns))}
            for table in (Effort, Capacity, Share, DayWork, InProgress)
        }


@pytest.mark.parametrize("seed", range(4))
def test_cycles_that_cost_what_is_new_give_what_a_whole_one_gives(
    lite: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    sessions, rng = sessionmaker(lite), np.random.default_rng(seed)
    monkeypatch.setattr(effort_stage, "PEOPLE_PER_CHUNK", 2)  # in groups, and at the end all people at once
    register = parse(REGISTER)
    with sessions.begin() as session:
        load_register(session, register, REGISTER)
    pages = history(rng, (2.5, 12)[seed % 2])
    stops = sorted({0, *rng.integers(1, len(pages), 6).tolist(), *range(len(pages) - 8, len(pages) + 1)})
    for number, (first, last) in enumerate(pairwise(stops)):
        for page in pages[first:last]:
            with sessions.begin() as session:
                store(session, "jira", page)
        if number == 9:  # a key result's words change, between two days
            reworded = REGISTER.replace("checkout in two clicks", "basket in one click")
            register = parse(reworded)
            with sessions.begin() as session:
                load_register(session, register, reworded)
        now = datetime(2026, 5, 11, 23, tzinfo=UTC) + timedelta(days=number)
        analysis = cycle.Analysis(sessions, HashedWords(), DriftSettings(), now)
        analysis.encode(cycle.Report())
        assert analysis.join(cycle.Report())
    found = everything(sessions)
    assert len(found["effort"]) > 50
    monkeypatch.undo()
    with sessions.begin() as session:  # from nothing: what was left standing would stay in both
        for table in (Effort, Capacity, Share, DayWork, InProgress):
            session.execute(delete(table))
    effort_stage.estimate_effort(sessions, register, now.date())
    share_stage.weekly_shares(sessions, register, 5)
    again = everything(sessions)
    for name, rows in again.items():
        assert rows == found[name], name
    with sessions() as session:
        kept = [Kept(row.day, row.digest, row.standing) for row in session.scalars(select(Walked))]
        seen = observe(session, register, now.date())
        assert seen is not None
        resumed, whole = (detector_for(session, register, seen, DriftSettings()) for _ in range(2))
        assert max(one.day for one in kept) == seen.days[-1]
        assert walk(resumed, kept)[0] == whole.run()


def test_nothing_is_left_of_the_days_to_come_after_a_clock_that_was_ahead_sidekiq_scheduler_283(lite: Engine) -> None:
    sessions, now = sessionmaker(lite), datetime(2026, 5, 13, 23, tzinfo=UTC)
    with sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
    for page in history(np.random.default_rng(1), 2.5):
        with sessions.begin() as session:
            store(session, "jira", page)
    found = []
    for at in (now, now + timedelta(days=40), now):
        analysis = cycle.Analysis(sessions, HashedWords(), DriftSettings(), at)
        analysis.encode(cycle.Report())
        assert analysis.join(cycle.Report())
        found.append(everything(sessions))
        with sessions() as session:
            assert seen_until(session) == at.date()
    assert found[1] != found[0] == found[2]


def test_what_was_only_on_an_item_that_is_gone_is_gone_from_the_shares(lite: Engine) -> None:
    sessions, at = sessionmaker(lite), datetime(2026, 4, 22, 9, tzinfo=UTC)
    with sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
    accounts = [source_side.Account("jira", f"p{n}", email=f"p{n}@x.example") for n in range(5)]
    items = [source_side.WorkItem("jira", str(n), "story", "C", f"checkout {n}", created_at=at) for n in range(5)]
    # The one that will go is alone in its week, so that nothing else touches that.
    days = [at if n != 3 else at + timedelta(days=7) for n in range(5)]
    logs = [source_side.Signal("jira", f"log{n}", str(n), "worklog", days[n], f"p{n}", 8.0) for n in range(5)]

    def analyse(page: Page, day: int) -> None:
        with sessions.begin() as session:
            store(session, "jira", page)
        analysis = cycle.Analysis(sessions, HashedWords(), DriftSettings(), datetime(2026, 5, day, 23, tzinfo=UTC))
        analysis.encode(cycle.Report())
        assert analysis.join(cycle.Report())

    analyse(Page("s", None, items, logs, accounts), 4)
    assert {row[2] for row in everything(sessions)["effort"]} == {"1", "2", "3", "4", "5"}
    analyse(Page("s", None, gone=["3"]), 5)
    found = everything(sessions)
    assert {row[2] for row in found["effort"]} == {"1", "2", "3", "5"}
    share_stage.weekly_shares(sessions, parse(REGISTER), 5)
    assert everything(sessions)["share"] == found["share"]


def test_another_model_encodes_everything_again(lite: Engine) -> None:
    sessions = sessionmaker(lite)
    for page in history(np.random.default_rng(1), 3):
        with sessions.begin() as session:
            store(session, "jira", page)
    encoder = HashedWords()
    first, _ = encode_pending(sessions, encoder)
    assert first > 30
    assert encode_pending(sessions, encoder) == (0, 0)
    encoder.name = "another"
    again, texts = encode_pending(sessions, encoder)
    assert again == first
    assert texts > 30
