"""A kind of finding is a plug-in: a toy one is found, kept once, told by its sentence and ends; nothing else knows of it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from alerts import falls, gaps, sentences
from benchmarks.drift.organisation import Case, generate
from models import Drift, WorkItem
from models.vocabulary import COMPANY
from pipeline.drift.finding import Analysis, End, Finding, Found
from pipeline.drift.findings import KINDS
from pipeline.register.document import Register
from simulator.server import Simulator
from tests.alerts.test_delivery import changes, told
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here
from tests.pipeline.drift.test_stage import LONG_AGO, PEOPLE, detect, fill, load, register_text


def find_heaps(analysis: Analysis, rows: Sequence[Drift]) -> list[Found]:
    """Containers that hold more than twenty items."""
    count = func.count(WorkItem.id)
    query = select(WorkItem.container, count).group_by(WorkItem.container).having(count > 20)
    figures = {"start": analysis.last, "before": 0.2}
    return [
        Found(COMPANY, analysis.last, figures | {"after": n / 100}, container)
        for container, n in analysis.session.execute(query)
    ]


def same_heap(_: Analysis, row: Drift, found: Found) -> int | None:
    return 0 if row.subject == found.subject and row.ended_on is None else None


def cleared(analysis: Analysis, row: Drift) -> End:
    return "recovered", analysis.last


def heap_text(drift: Drift, _: Register) -> str:
    return f"{drift.subject} is a heap of {100 * drift.after:.0f} items."


def add_heap(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all(
            [
                WorkItem(source="jira", external_id=f"h{n}", kind="task", container="attic", labels=[], mentions=[])
                for n in range(30)
            ]
        )


def test_a_toy_finding_is_found_kept_once_told_and_ended(
    company: Simulator, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "heap", Finding("company", find_heaps, same_heap, cleared))
    monkeypatch.setitem(sentences.SENTENCES, "heap", heap_text)
    o = generate(Case("step", PEOPLE, 30), seed=3)
    register = load(sessions, register_text(), LONG_AGO)
    assert detect(sessions, register, fill(sessions, o, 8)) == []
    add_heap(sessions)
    (row,) = detect(sessions, register, o.days[7])
    assert (row.kind, row.subject, row.state, row.raised_on) == ("heap", "attic", "raised", o.days[7])
    assert told(sessions, company) == 1
    assert "attic is a heap of 30 items." in company.world.posted[-1]["text"]
    (again,) = detect(sessions, register, fill(sessions, o, 9))
    assert (again.id, again.raised_on) == (row.id, o.days[7])
    assert told(sessions, company) == 0
    with sessions.begin() as session:
        session.execute(delete(WorkItem).where(WorkItem.container == "attic"))
    (over,) = detect(sessions, register, fill(sessions, o, 10))
    assert (over.id, over.state, over.ended_on) == (row.id, "recovered", o.days[9])
    assert changes(sessions, company) == 1
    assert company.world.posted[-1]["text"] == "The company: this is over."


def test_every_kind_has_a_sentence_or_a_view_of_its_own() -> None:
    told_by_a_view = {"drift": falls.alert_of, "gap": gaps.gap_view}
    assert set(KINDS) == {*sentences.SENTENCES, *told_by_a_view}
