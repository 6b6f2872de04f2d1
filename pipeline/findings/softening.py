"""Softening: a step that must be stable is followed less often than before, before results suffer."""

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.share.floor import enough
from pipeline.steps.report import WHOLE, PathReport, StepReport


def softening(given: Inputs) -> Outcome:
    """The softening steps of each path, or the path as a whole if no single step does; reported for the team that owns it."""
    if not given.steps:
        return Unjudged("okrs.yaml has no `steps`")
    judged = [one for one in given.steps if not one.untold and enough(one.people, given.least_people)]
    if not judged:
        because = next((one.untold for one in given.steps if one.untold), "")
        return Unjudged(f"none of its paths can be judged: {because or 'too few people took part'}")
    return [_found(given, path, step) for path in judged for step in _soft(path)]


def _soft(path: PathReport) -> list[StepReport]:
    steps = [step for step in path.steps if step.soft is not None and step.soft.surer]
    return [step for step in steps if step.key != WHOLE] or steps


def _found(given: Inputs, path: PathReport, step: StepReport) -> Found:
    one = step.soft
    assert one is not None  # noqa: S101 - callers pass only such steps
    name = f"step:{path.path.key}.{step.key}"
    values: dict[str, Value] = {"step": name, "before": 100 * one.before, "now": 100 * one.now}
    if step.deviations:
        values["deviation"] = max(step.deviations, key=lambda kind: step.deviations[kind])
    if step.factors:
        first = step.factors[0]
        values |= {"with": first.name, "more": 100 * first.high, "less": 100 * first.low}
    scope = path.path.team if path.path.team in given.large_teams else COMPANY
    low, high = max(0.0, one.low), min(1.0, one.high)
    return Found(scope or COMPANY, name, one.fall, one.since, min(low, one.fall), max(high, one.fall), values)
