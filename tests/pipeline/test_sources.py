"""No stage knows a source by its name: what they need to know, each connector states."""

import ast
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import sessionmaker

import pipeline
from connectors import registry
from connectors.base import Account as Seen
from connectors.base import Cursor, ItemKind, Page, SignalKind, State, Traits, Words
from connectors.base import Signal as Happened
from connectors.base import WorkItem as Item
from connectors.text import issue_keys
from models import Effort, Share, StreamCursor, WorkItem
from pipeline import cycle
from pipeline.drift.detector import DriftSettings
from pipeline.effort.load import named_issue
from pipeline.ingest.gate import UnknownKindWarning
from pipeline.ingest.store import store
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.register.workdays import monday
from tests.conftest import NOW, HashedWords

VENDORS = ("jira", "slack", "hubspot", "mailbox", "github", "atlassian", "indeterminate")


def test_no_string_of_a_stage_names_a_vendor() -> None:
    """Every string of the code, docstrings too; a state is asked for as a State, not as a vendor's word."""
    root = Path(pipeline.__file__).parent
    found = [
        (file.relative_to(root).as_posix(), node.lineno, word)
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in VENDORS
        if word in node.value.lower()
    ]
    assert found == []


TOY = Traits(
    "toy",
    "Toy",
    keys=lambda text: [word for word in text.split() if word.startswith("toy#")],
    words=Words.BOTH,
    evidence=frozenset({ItemKind.COMMIT}),
)


PEOPLE = [f"p{n}" for n in range(5)]


class ToyConnector:
    """A source that exists in this test alone: each of five people has a card in progress, and commits that name it."""

    name = "toy"

    def __init__(self, **settings: Any) -> None: ...

    def streams(self) -> list[str]:
        return ["all"]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        began = NOW - timedelta(days=18)
        items, signals = [], []
        for who in PEOPLE:
            key = f"toy#{who}"
            items.append(Item("toy", who, ItemKind.TASK, "board", "ride home", key=key, assignee=who, created_at=began))
            start = {"state": State.DOING, "assignee": who}
            signals.append(Happened("toy", f"{who}:created", who, SignalKind.CREATED, began, who, detail=start))
            for days in range(17):
                id_, at = f"{who}:commit:{days}", began + timedelta(days=days)
                items.append(
                    Item("toy", id_, ItemKind.COMMIT, "code", mentions=issue_keys(f"for {key}"), created_at=at)
                )
                signals.append(Happened("toy", id_, id_, SignalKind.COMMIT, at, who))
        accounts = [Seen("toy", who, who, f"{who}@x.example") for who in PEOPLE]
        yield Page("all", {"done": 1}, items, signals, accounts)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        return iter(())


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ToyConnector:
    """The source as one line in the registry makes it."""
    module = ModuleType("toy_source")
    module.TRAITS, module.ToyConnector = TOY, ToyConnector  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_source", module)
    monkeypatch.setitem(registry.SOURCES, "toy", "toy_source:ToyConnector")
    connector = registry.connector("toy")
    assert isinstance(connector, ToyConnector)
    return connector


REGISTER = """
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
calendar: {country: DE, time_zone: Europe/Berlin}
teams: [{key: a, name: A, members: [p0@x.example, p1@x.example, p2@x.example, p3@x.example, p4@x.example]}]
objectives:
  - {key: O1, title: Ride home, priority: 1, key_results: [{key: O1.1, title: ride home in the evening, teams: [a]}]}
"""


def test_a_toy_source_reaches_the_shares_and_nothing_else_was_touched(toy: ToyConnector, lite: Engine) -> None:
    """What was in progress at its creation is worked on; a commit that names a card is evidence for it, not more work."""
    sessions = sessionmaker(lite)
    with sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
    report = cycle.run_cycle({"toy": toy}, sessions, HashedWords(), DriftSettings(), NOW, timedelta(weeks=8))
    assert report.errors == []
    with sessions() as session:
        begins = session.scalar(select(StreamCursor.horizon))
    assert begins == monday(NOW.date()) - timedelta(weeks=8, days=1)  # where a week begins, wherever it is Monday first
    with sessions() as session:
        worked = set(session.scalars(select(WorkItem.external_id).join(Effort, Effort.work_item_id == WorkItem.id)))
        weeks = {row.week: row.person_days for row in session.scalars(select(Share).where(Share.scope == "company"))}
    assert worked == set(PEOPLE)
    assert (
        24 < max(weeks.values()) <= 25
    )  # five people, five days: a card in progress fills them, the commits add nothing


def test_a_kind_that_no_stage_knows_is_an_error_here_and_counted_at_run_time(lite: Engine) -> None:
    signals = [Happened("toy", f"s{n}", "1", "dance", NOW) for n in range(3)]
    with pytest.warns(UnknownKindWarning, match="3 of kind signal 'dance'"), sessionmaker(lite).begin() as session:
        assert store(session, "toy", Page("all", None, signals=signals))[0] == 3


def test_a_mail_thread_that_names_an_item_is_evidence_for_it_as_a_thread_in_a_channel_is(lite: Engine) -> None:
    sessions = sessionmaker(lite)
    with sessions.begin() as session:
        store(session, "jira", Page("issues", None, [Item("jira", "7", ItemKind.STORY, "PAY", "Pay", key="PAY-12")]))
        for source, kind in (("mailbox", ItemKind.MAIL), ("slack", ItemKind.MESSAGE), ("hubspot", ItemKind.DEAL)):
            store(session, source, Page("all", None, [Item(source, "x", kind, "C", "PAY-12", mentions=("PAY-12",))]))
    with sessions() as session:
        ids = {row.source: row.id for row in session.scalars(select(WorkItem))}
        found = named_issue(session, list(ids.values()))
    assert found == {ids["mailbox"]: ids["jira"], ids["slack"]: ids["jira"]}
