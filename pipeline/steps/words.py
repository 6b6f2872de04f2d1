"""Describe a step's figures, and what would make the right way the easy one, in plain words. Never names a person."""

from collections import defaultdict
from collections.abc import Sequence

from pipeline.steps.case import LATE, MISSING, ORDER, TWICE
from pipeline.steps.effect import Effect
from pipeline.steps.factors import Factor
from pipeline.steps.report import StepReport

_EASIER = {
    MISSING: "Have the tool ask for it: a required field, or a checklist that opens with the case, so that nobody has to "
    "remember it.",
    LATE: "Make it visible where the work arrives: a message in the team's channel when a case begins, and a daily rota for who "
    "answers first.",
    ORDER: "Have the tool offer a step only once the one before is done; if the other order is as good, write `order: any`.",
    TWICE: "Look at what comes back, and ask for it the first time; if coming back is intended, write `once: false`.",
}
_BY_FACTOR = {
    "load": "It varies with the day's load: spread the cases of busy days, or agree in advance which of them may wait.",
    "hour": "It varies with the hour: give what arrives at that time a fixed slot on the next working morning.",
    "team": "It differs between teams: have the one where it works show the other its list or form, and use the same.",
    "kind": "It varies with the kind of case: perhaps that kind needs steps of its own, or a deliberate exception.",
}


def signal(step: StepReport) -> str:
    """Describe a step's softening; empty if there is none."""
    if step.soft is None:
        return ""
    one = step.soft
    return (
        f"Since the week of {one.since.day} {one.since:%B} {_part(one.now)} of 100 cases went as written, {_part(one.before)} "
        f"did before (9 in 10 sure: {_part(max(0.0, one.low))} to {_part(one.high)} fewer)."
    )


def insight(step: StepReport) -> str:
    """Describe the most frequent deviation, what deviations are associated with, and how long such cases took."""
    said = []
    if step.deviations:
        name, count = max(step.deviations.items(), key=lambda pair: pair[1])
        said.append(f"Most often it is {name}: {count} of {step.decided} cases of the last half year.")
    said += [f"Of 100 cases {_part(f.high)} deviate {_group(f)}, and {_part(f.low)} otherwise." for f in step.factors]
    said += [_effect(one) for one in step.effects[:1]]
    return " ".join(said)


def _group(factor: Factor) -> str:
    groups = {"hour": f"if they begin {factor.group}", "load": f"on {factor.group}", "kind": "of one kind"}
    return groups.get(factor.name, f"in one {factor.name}")


def _effect(one: Effect) -> str:
    more = f"{abs(one.days):.1f} days {'longer' if one.days >= 0 else 'less'}"
    return (
        f"Cases where it was {one.deviation} took {more} to the end in the median ({one.low:.1f} to {one.high:.1f}); "
        "the two are associated, but one need not cause the other."
    )


def easier(step: StepReport) -> str:
    """Suggest what would make the right behaviour easier."""
    if step.factors:
        return _BY_FACTOR[step.factors[0].name]
    return _EASIER[max(step.deviations, key=lambda name: step.deviations[name])] if step.deviations else ""


def findable(steps: Sequence[StepReport]) -> list[str]:
    """Describe how soon a fall would be found, in one sentence for all steps with the same answer."""
    named: dict[int | None, list[str]] = defaultdict(list)
    for step in steps:
        if step.power is not None:
            named[step.power.weeks].append(f"{step.title} ({step.power.a_week:.0f} cases a week)")
    fall = "A fall of 15 points over eight weeks would be found within"
    said = [
        f"{fall} {weeks} weeks, four times in five: {', '.join(named[weeks])}." for weeks in sorted(filter(None, named))
    ]
    if None in named:
        said.append(
            f"Too few cases come, or too few go as written, to find it reliably within a quarter: {', '.join(named[None])}."
        )
    return said


def together(parts: Sequence[str]) -> str:
    """Join the non-empty sentences."""
    return " ".join(part for part in parts if part)


def _part(value: float) -> int:
    return min(99, int(100 * value + 0.5)) if value < 1 else 100
