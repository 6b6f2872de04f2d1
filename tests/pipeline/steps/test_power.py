"""How soon a fall would be found at a step's own number of cases, and what is told beside other diagnoses."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.findings.softening import softening as diagnosis
from pipeline.steps import power, softening
from pipeline.steps.report import PathReport, Soft, StepReport
from pipeline.steps.words import findable


@pytest.mark.parametrize(
    ("a_week", "kept", "excess", "before"), [(20, 0.9, 1.0, 36), (100, 0.8, 1.4, 36), (3, 0.7, 1.2, 12)]
)
def test_it_finds_what_the_walk_through_the_weeks_finds_and_when(
    monkeypatch: pytest.MonkeyPatch, a_week: float, kept: float, excess: float, before: int
) -> None:
    monkeypatch.setattr(power, "RUNS", 12)
    cases, good = power._drawn(a_week, kept, excess, before)
    walked = np.zeros((12, power.LONGEST), dtype=bool)
    for run in range(12):
        for week in range(power.LONGEST):
            end = before + week + 1
            walked[run, week:] |= softening._raised(cases[run, :end], good[run, :end], 0, softening.ALARMS) is not None
    assert power.found_by_week(a_week, kept, excess, before) == pytest.approx(walked.mean(axis=0))


def test_more_cases_find_it_sooner_and_too_few_are_said() -> None:
    found = [power.power([a_week] * 30, [round(0.9 * a_week)] * 30) for a_week in (10, 40, 160)]
    weeks = [one.weeks for one in found if one and one.weeks]
    assert len(weeks) == 3
    assert weeks == sorted(weeks, reverse=True)
    assert weeks[0] > weeks[2]
    few = power.power([1] * 30, [1, 1, 0] * 10)
    assert few is not None
    assert few.weeks is None
    assert power.power([40] * 30, [4] * 30) == power.Power(40, None), "from one in ten nothing falls by 15 points"
    assert power.power([40] * 5, [36] * 5) is None, "nothing can be found before nine weeks are known"


def test_steps_of_which_the_same_is_so_share_a_sentence() -> None:
    steps = [
        _step("Intake", power.Power(40, 6)),
        _step("Kick-off", power.Power(38.2, 6)),
        _step("Signed", power.Power(2, None)),
        _step("New", None),
    ]
    within, never = findable(steps)
    assert within.endswith("within 6 weeks, four times in five: Intake (40 cases a week), Kick-off (38 cases a week).")
    assert never.endswith("within a quarter: Signed (2 cases a week).")


def test_a_softening_that_is_less_sure_stands_with_the_steps_and_is_no_diagnosis() -> None:
    path = SimpleNamespace(key="handover", team=None)
    told = []
    for surer in (True, False):
        step = _step("Intake", None, Soft(date(2026, 6, 1), date(2026, 6, 22), 0.9, 0.75, 0.05, 0.25, surer))
        report = PathReport(_as_any(path), people=9, steps=(step,))
        told.append(diagnosis(_as_any(SimpleNamespace(steps=[report], least_people=5, large_teams=()))))
    assert [len(_as_any(one)) for one in told] == [1, 0]


def test_what_is_found_at_half_as_many_false_findings_is_found_at_the_others() -> None:
    rng = np.random.default_rng(3)
    weeks = 46
    for _ in range(6):
        p = 0.9 - 0.15 * np.clip((np.arange(weeks) - 35) / 8, 0, 1)
        cases = np.full(weeks, 60)
        good = rng.binomial(cases, p)
        often, seldom = (
            softening.softenings(cases.tolist(), good.tolist(), a) for a in (softening.ALARMS, softening.SURER)
        )
        assert not seldom or (often and often[0].found <= seldom[0].found)


def _step(title: str, known: power.Power | None, soft: Soft | None = None) -> StepReport:
    return StepReport(title.lower(), title, "", (), None, 0, {}, (), (), soft, known)


def _as_any(one: object) -> Any:
    return one
