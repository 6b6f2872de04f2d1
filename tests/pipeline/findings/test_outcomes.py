"""Outcomes behind objectives: when one surely stands still, and what is said where the numbers cannot carry it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.diagnoses import diagnoses
from alerts.words import plain
from benchmarks.findings.cases import all_hollow, clean, gamed, hollow_green, met
from benchmarks.findings.numbers import with_numbers
from models import Diagnosis
from pipeline.findings.found import Gauge, Inputs, Unjudged
from pipeline.findings.kinds import KINDS
from pipeline.findings.outcomes import decoupled, due, outcomes, went
from pipeline.findings.reports import load_gauges
from pipeline.progress.stage import binding_of, keep
from pipeline.register.document import parse

LAST = date(2026, 7, 5)


def gauge(values: Sequence[float], start: float = 0.0, target: float = 10.0) -> Gauge:
    """Measured weekly up to LAST."""
    first = LAST - timedelta(weeks=len(values) - 1)
    return Gauge(start, target, [(first + timedelta(weeks=n), value) for n, value in enumerate(values)])


@pytest.fixture(scope="module")
def still() -> Inputs:
    """Work gathers on a key result that moves, and its outcome does not."""
    return gamed(0, "pool")


def because(given: Inputs) -> str:
    found = KINDS["metric"].find(given)
    assert isinstance(found, Unjudged)
    return found.because


def test_how_far_a_number_went_is_a_part_of_its_way_whichever_way_that_is() -> None:
    rising, falling = gauge([0, 1, 2, 3, 4, 5, 6, 7]), gauge([9, 8, 7, 6, 5, 4, 3, 2], 9, -1)
    for one in (rising, falling):
        found = went(one, LAST, 8)
        assert found is not None
        assert found.value == pytest.approx(0.8)
        assert found.high - found.low < 0.01
    wrong = went(gauge([7, 6, 5, 4, 3, 2, 1, 0]), LAST, 8)
    assert wrong is not None
    assert wrong.value == pytest.approx(-0.8)


def test_noise_widens_what_is_known_and_seldom_measured_is_not_judged() -> None:
    noise = np.random.default_rng(4).normal(0, 1, 8)
    found = went(gauge(list(noise)), LAST, 8)
    assert found is not None
    assert found.low < 0 < found.high
    assert found.high - found.low > 0.2
    assert went(gauge([0, 1, 2, 3]), LAST, 8) is None
    old = gauge([0, 1, 2, 3, 4, 5, 6, 7])
    assert went(old, LAST + timedelta(weeks=4), 8) is None, "nothing was measured of late"


def test_an_outcome_that_has_arrived_does_not_stand_still(still: Inputs) -> None:
    (key,) = [one.objective.key for one in outcomes(still) if one.still]
    assert still.gauges is not None
    old = still.gauges[key]
    there = replace(old, points=[(day, old.target) for day, _ in old.points])
    assert not [one for one in outcomes(replace(still, gauges={**still.gauges, key: there})) if one.still]


def test_metric_optimisation_says_why_it_cannot_be_judged(still: Inputs) -> None:
    objectives = tuple(one.model_copy(update={"outcome": None}) for one in still.register.objectives)
    assert "no objective says" in because(
        replace(still, register=still.register.model_copy(update={"objectives": objectives}))
    )
    assert "no outcome was measured" in because(replace(still, gauges={}))
    alone = {key: one for key, one in (still.gauges or {}).items() if "." not in key}
    assert "no key result of an objective with an outcome is measured" in because(replace(still, gauges=alone))


def test_work_that_gathers_is_told_with_its_streams_as_evidence(still: Inputs) -> None:
    found = KINDS["metric"].find(still)
    assert not isinstance(found, Unjudged)
    (one,) = found
    assert one.strength > 0.5
    assert one.values["outcome"] < 15 < one.values["moved"]  # type: ignore[operator]
    assert one.streams
    assert one.items
    serving = still.work.serving(still.work.key_results.index(one.subject.removeprefix("kr:")))
    assert set(one.streams) <= set(serving.by_stream())


def test_what_is_met_is_told_of_the_objective_once() -> None:
    found = KINDS["metric"].find(met(0, "pool"))
    assert not isinstance(found, Unjudged)
    assert [(one.subject, one.values["count"]) for one in found] == [("objective:O2", 3)]


def test_all_green_without_any_outcome_moving_is_told_once_of_the_company() -> None:
    (one,) = decoupled(all_hollow(0, "pool"))
    assert (one.subject, one.values["decoupled"], one.values["count"], one.values["outcomes"]) == ("", "company", 15, 5)
    single = [found.subject for found in decoupled(hollow_green(0, "pool"))]
    assert single == ["objective:O2"]
    silent = replace(hollow_green(0, "pool"), reports=None)
    assert not [*decoupled(silent)]


def test_clean_numbers_are_due_a_part_of_the_period() -> None:
    given = with_numbers(clean(1, "pool"), 1, "pool", {})
    assert due(given, 8) == pytest.approx(56 / 181)
    assert not [one for one in outcomes(given) if one.still]


def test_the_numbers_are_read_from_what_was_measured(sessions: sessionmaker[Session]) -> None:
    register = parse("""
period: {name: Q3, start: 2026-05-04, end: 2026-09-30}
objectives:
  - key: O1
    title: Riders stay
    priority: 1
    outcome: {checkin: true, start: 40, target: 60}
    key_results:
      - {key: O1.1, title: Riders open the app, metric: {checkin: true, target: 9}}
      - {key: O1.2, title: Riders are asked, metric: {checkin: true}}
""")
    with sessions.begin() as session:
        for one in register.measured():
            assert one.metric is not None
            for week in range(3):
                keep(session, one.key, binding_of(one.metric), date(2026, 6, 1) + timedelta(weeks=week), 3.0 + week)
    with sessions() as session:
        found = load_gauges(session, register, date(2026, 6, 10))
    assert found == {
        "O1": Gauge(40, 60, [(date(2026, 6, 1), 3.0), (date(2026, 6, 8), 4.0)]),
        "O1.1": Gauge(3, 9, [(date(2026, 6, 1), 3.0), (date(2026, 6, 8), 4.0)]),
    }


def test_every_sentence_is_filled_in(sessions: sessionmaker[Session], still: Inputs) -> None:
    day = still.last
    with sessions.begin() as session:
        for kind, given in (("metric", still), ("metric", met(0, "pool")), ("green", all_hollow(0, "pool"))):
            found = KINDS[kind].find(given)
            assert not isinstance(found, Unjudged)
            one = found[0]
            row = {"kind": kind, "scope": one.scope, "subject": one.subject, "since": one.since, "found_on": day}
            row |= {"strength": one.strength, "low": one.low, "high": one.high, "figures": dict(one.values)}
            session.add(Diagnosis(seen_on=day, **row))
    with sessions() as session:
        said = [plain(one.signal) for one in diagnoses(session, still.register, 5)]
    assert len(said) == 3
    for text in said:
        assert "{" not in text
        assert "?" not in text
    assert any(
        text.startswith("Total decoupling: all 15 reports are green, and none of the 5 outcomes") for text in said
    )
    assert any("3 measured key results of “Objective O2” are met, and its outcome went" in text for text in said)
    assert any("of 100 working days on its objective" in text for text in said)
