"""From effort in the database to the rows that people are told of: their kinds, their ends, their parts."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import yaml
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.drift.organisation import OBJECTIVES, SOURCES, Case, Organisation, generate
from models import Capacity, Drift, Effort, Match, Person, RegisterVersion, WorkItem, upsert
from pipeline.drift.detector import DriftSettings
from pipeline.drift.observations import Observations
from pipeline.drift.stage import detect_drift, detector_for
from pipeline.register.document import Register, parse
from pipeline.register.versions import between_periods, load_register, planned_since
from pipeline.share.stage import weekly_shares
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here

PEOPLE = 24


def register_text(ranks: dict[str, int] | None = None, start: date = date(2025, 1, 6)) -> str:
    ranks = ranks or {key: n for n, key in enumerate(OBJECTIVES, 1)}
    return str(
        yaml.safe_dump(
            {
                "company": "Acme",
                "period": {"name": "P", "start": start, "end": start + timedelta(days=300)},
                "teams": [],
                "objectives": [
                    {
                        "key": key,
                        "title": f"Objective {key}",
                        "priority": rank,
                        "key_results": [{"key": f"{key}.1", "title": f"Result of {key}"}],
                    }
                    for key, rank in ranks.items()
                ],
            }
        )
    )


def load(sessions: sessionmaker[Session], text: str, at: datetime) -> Register:
    with sessions.begin() as session:
        version, _ = load_register(session, parse(text), text)
        session.get_one(RegisterVersion, version).loaded_at = at
    return parse(text)


def fill(sessions: sessionmaker[Session], o: Organisation, days: int | None = None) -> date:
    """The organisation's first days as effort on one item an objective and source; returns the last day."""
    days = days or len(o.days)
    with sessions.begin() as session:
        for table in (Effort, Capacity):
            session.execute(delete(table))
        if session.scalar(select(Person.id).limit(1)) is None:
            _first(session, o)
        part = o.by_source / np.maximum(o.by_source.sum(0), 1e-9)
        rows = [
            {
                "day": o.days[d],
                "person_id": int(p) + 1,
                "work_item_id": int(k) * len(SOURCES) + s + 1,
                "person_days": float(o.effort[k, p, d] * part[s, d]),
            }
            for k, p, d in np.argwhere(o.effort[:, :, :days] > 0)
            for s in range(len(SOURCES))
            if part[s, d] > 0
        ]
        upsert(session, Effort, rows, ("day", "person_id", "work_item_id"))
        expected = [{"day": day, "person_id": 1, "expected": float(PEOPLE)} for day in o.days[:days]]
        upsert(session, Capacity, expected, ("day", "person_id"))
    return o.days[days - 1]


def _first(session: Session, o: Organisation) -> None:
    session.add_all([Person(id=p + 1, email=f"p{p}@x.example", team=team) for p, team in enumerate(o.teams)])
    items = [(key, source) for key in (*OBJECTIVES, "") for source in SOURCES]
    for id_, (_, source) in enumerate(items, 1):
        session.add(
            WorkItem(id=id_, source=source, external_id=str(id_), kind="task", container="c", labels=[], mentions=[])
        )
    session.flush()
    for id_, (key, _) in enumerate(items, 1):
        session.add(Match(work_item_id=id_, version_id=1, probabilities={f"{key}.1": 1.0} if key else {}, evidence=[]))


def detect(sessions: sessionmaker[Session], register: Register, last: date) -> list[Drift]:
    weekly_shares(sessions, register, 5)
    detect_drift(sessions, register, last, DriftSettings(), "none")
    with sessions() as session:
        return list(session.scalars(select(Drift).order_by(Drift.raised_on)))


LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def test_the_parts_of_a_fall_add_up_to_it(sessions: sessionmaker[Session]) -> None:
    o = generate(Case("step", PEOPLE, 30), seed=3)
    register = load(sessions, register_text(), LONG_AGO)
    found = [
        d for d in detect(sessions, register, fill(sessions, o, 170)) if d.scope == "company" and d.state == "raised"
    ]
    assert len(found) == 1
    fall = 100 * (found[0].before - found[0].after)
    assert sum(part["points"] for part in found[0].explanation["parts"]) == pytest.approx(fall, abs=0.1)
    assert sum(team["points"] for team in found[0].explanation["teams"]) == pytest.approx(-fall, abs=0.1)
    assert found[0].start_low is not None
    assert found[0].start_high is not None
    assert found[0].start_low <= found[0].start <= found[0].start_high
    signs = {row["kind"] for row in found[0].explanation["earliest"]}
    assert signs == {"team"}


def test_new_priorities_end_an_open_drift_and_begin_a_new_baseline(sessions: sessionmaker[Session]) -> None:
    o = generate(Case("step", PEOPLE, 30), seed=3)
    load(sessions, register_text(), LONG_AGO)
    register = parse(register_text())
    assert [d.state for d in detect(sessions, register, fill(sessions, o, 170)) if d.scope == "company"][-1] == "raised"
    start = o.days[168]
    planned = load(
        sessions, register_text({"O4": 1, "O5": 2, "O1": 3, "O2": 4, "O3": 5}, start), LONG_AGO + timedelta(days=240)
    )
    after = [d for d in detect(sessions, planned, fill(sessions, o, 172)) if d.scope == "company"]
    assert [d.state for d in after if d.raised_on >= start] == []
    assert after[-1].state == "replanned"
    assert after[-1].ended_on == start


def test_corrections_while_setting_up_are_no_new_plan(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, register_text({"O5": 1, "O4": 2, "O3": 3, "O2": 4}), LONG_AGO)
    register = load(sessions, register_text(), LONG_AGO + timedelta(days=1))
    with sessions() as session:
        assert planned_since(session, register) == date.min
    later = LONG_AGO + timedelta(days=40)
    register = load(sessions, register_text({"O4": 1, "O5": 2, "O1": 3, "O2": 4}), later)
    with sessions() as session:
        assert planned_since(session, register) == later.date()
    # Another wording of the same top priorities is no re-planning.
    register = load(sessions, register_text({"O1": 1, "O4": 2, "O5": 3, "O2": 5}), later + timedelta(days=40))
    with sessions() as session:
        assert planned_since(session, register) == later.date()


def test_between_the_periods_of_all_plans_no_plan_holds(sessions: sessionmaker[Session]) -> None:
    """Whatever was loaded in between: a wrong period, which was mended later, leaves no days out that a plan holds for."""
    first, wrong, second = date(2025, 1, 6), date(2027, 1, 4), date(2025, 11, 17)
    for n, start in enumerate((first, wrong, second, first, second)):
        register = load(sessions, register_text(start=start), LONG_AGO + timedelta(days=20 * n))
    with sessions() as session:
        ends = [start + timedelta(days=301) for start in (first, second)]
        assert between_periods(session, register) == [(ends[0], second), (ends[1], wrong)]
        seen = Observations([first, ends[0], second], ["O1"], [""], np.ones((2, 1, 3)))
        bad = detector_for(session, register, seen, DriftSettings()).health.bad
    assert bad.tolist() == [False, True, False]


def test_a_silent_source_is_a_row_of_its_own_until_it_is_back(sessions: sessionmaker[Session]) -> None:
    o = generate(Case("outage", PEOPLE), seed=2)
    register = load(sessions, register_text(), LONG_AGO)
    assert o.start is not None
    begin = o.days.index(o.start)
    during = [d for d in detect(sessions, register, fill(sessions, o, begin + 5)) if d.kind == "data"]
    assert [(d.subject, d.state) for d in during] == [("hubspot", "raised")]
    after = [d for d in detect(sessions, register, fill(sessions, o, begin + 9)) if d.kind == "data"]
    assert [(d.subject, d.state, d.start) for d in after] == [("hubspot", "recovered", during[0].start)]
    assert not [
        d for d in detect(sessions, register, o.days[begin + 8]) if d.kind == "drift" and d.raised_on >= o.start
    ]


def test_every_shift_of_an_objective_is_noted_once(sessions: sessionmaker[Session]) -> None:
    o = generate(Case("swap", PEOPLE), seed=3)
    register = load(sessions, register_text(), LONG_AGO)
    last = fill(sessions, o, 165)
    shifts = [d for d in detect(sessions, register, last) if d.kind == "objective"]
    with sessions.begin() as session:  # a later one of the same objective, as another half year would bring it
        one = shifts[-1]
        session.add(
            Drift(
                kind="objective",
                scope="company",
                subject=one.subject,
                state="noted",
                severity="low",
                raised_on=one.raised_on + timedelta(days=100),
                start=one.start + timedelta(days=100),
                before=0.3,
                after=0.1,
                low=-0.3,
                high=-0.1,
                absorbed_by=[],
                explanation={},
            )
        )
    for _ in range(2):
        found = [d for d in detect(sessions, register, last) if d.kind == "objective"]
        assert len(found) == len(shifts) + 1


def test_a_shift_between_objectives_is_noted_once(sessions: sessionmaker[Session]) -> None:
    o = generate(Case("swap", PEOPLE), seed=3)
    register = load(sessions, register_text(), LONG_AGO)
    assert o.start is not None
    last = fill(sessions, o, 165)
    for _ in range(2):
        found = [d for d in detect(sessions, register, last) if d.kind == "objective" and d.raised_on >= o.start]
        assert [(d.subject, d.state, d.absorbed_by[0][0]) for d in found] == [("O1", "noted", "O2")]
