"""Planted cases, at the strength given in docs/findings.md; everything else stays clean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np

from benchmarks.findings.company import PERIOD_AT, START, WEEKS, Plan, Stream, inputs, plan
from benchmarks.findings.lives import Trouble, with_lives
from benchmarks.findings.meanings import with_meaning
from benchmarks.findings.numbers import with_numbers
from benchmarks.findings.terms import with_terms
from benchmarks.steps.handoffs import cases, report_of
from pipeline.findings.found import Found, Inputs, StatusReport, Stop
from pipeline.register.planned import Plan as Planned

Case = Callable[[int, str], Inputs]
"""A company of a seed and a generator, with something planted."""


def since(week: int, weight: float) -> np.ndarray:
    """No work before the week, so much from then on."""
    span = np.zeros(WEEKS)
    span[week:] = weight
    return span


def clean(seed: int, generator: str) -> Inputs:
    """Nothing is planted; streams that are stopped end."""
    return _with_stops(plan(seed, planned=seed % 2 == 0), generator, fed=0.0)


def shadow(seed: int, generator: str) -> Inputs:
    """Four streams on none, each a little more than half of one of four teams' work: about 30 % of the company's together."""
    company = plan(seed)
    for team in company.rng.permutation(len(company.teams))[:4]:
        others = sum(s.weight for s in company.of_team(int(team)))
        company.add(int(team), None, 1.3 * np.maximum(others, 0.3))
    return inputs(company, generator)


def creep(seed: int, generator: str) -> Inputs:
    """From three weeks after the period began, each team gets a new stream on none every third week, each a tenth of its work."""
    company = plan(seed)
    for team in range(len(company.teams)):
        for week in range(PERIOD_AT + 3, WEEKS - 2, 3):
            company.add(team, None, since(week, 0.13))
    return inputs(company, generator)


def starved(seed: int, generator: str) -> Inputs:
    """An objective that was planned with 20 % gets about 6 %, since the period began."""
    company = plan(seed, planned=True)
    for one in company.streams:
        if one.key_result is not None and one.key_result < 3:
            one.weight[PERIOD_AT:] *= 0.1
    return inputs(company, generator)


def idle(seed: int, generator: str) -> Inputs:
    """Nobody works on one key result for the last five weeks."""
    company = plan(seed)
    which = int(company.rng.integers(len(company.key_results)))
    for one in company.streams:
        if one.key_result == which:
            one.weight[-5:] = 0
    return inputs(company, generator)


def fed(seed: int, generator: str) -> Inputs:
    """A stream of 20 % of a team was stopped seven weeks ago and still gets two thirds of that."""
    return _with_stops(plan(seed), generator, fed=0.67)


def _with_stops(company: Plan, generator: str, fed: float) -> Inputs:
    """Two teams' streams that were stopped seven weeks before the end; they are wound up in a week, but for what they are fed."""
    at = WEEKS - 7
    stopped: list[Stream] = []
    for team in (0, 3):
        weight = since(4, 0.3)
        weight[at + 1 :] *= fed
        stopped.append(company.add(team, None, weight))
    given = inputs(company, generator)
    said = datetime.combine(START + timedelta(weeks=at, days=1), time(9), UTC)
    stops = [Stop(f"stream {one.id}", said, one.id, given.work.on([one.id])) for one in stopped]
    return replace(given, stops=stops)


def any_of(found: list[Found], prefix: str = "") -> bool:
    """Return True if something is found about a subject that begins so."""
    return any(one.subject.startswith(prefix) for one in found)


def helping(seed: int, generator: str) -> Inputs:
    """One team gives a quarter of its work to another team's key results, for ten weeks."""
    company = plan(seed)
    helper, owner = (int(one) for one in company.rng.permutation(len(company.teams))[:2])
    for one in company.of_team(owner, on=True):
        one.helped[helper] = np.where(np.arange(WEEKS) >= WEEKS - 10, 0.45 * (one.weight > 0) / 4, 0.0)
    return inputs(company, generator)


def inflated(seed: int, generator: str) -> Inputs:
    """For five weeks two teams work on fifteen more things, each as large as its usual ones."""
    company = plan(seed)
    for team in (1, 4):
        usual = float(np.mean([s.weight[s.weight > 0].mean() for s in company.of_team(team)]))
        for n in range(15):
            company.add(team, None if n % 2 else company.of_team(team, on=True)[0].key_result, since(WEEKS - 5, usual))
    return inputs(company, generator)


def decayed(seed: int, generator: str) -> Inputs:
    """From the fifth week of the plan on, an objective of 20 % falls to a quarter of that and one of 12 % gets its work."""
    company = plan(seed)
    for one in company.streams:
        if one.key_result is not None:
            objective = one.key_result // 3
            one.weight[PERIOD_AT + 5 :] *= {0: 0.2, 3: 2.6}.get(objective, 1.0)
    return inputs(company, generator)


def not_followed(seed: int, generator: str) -> Inputs:
    """Ten weeks before the end the plan gives 15 points of one objective to another, and nobody moves."""
    return _replanned(plan(seed), generator)


def _replanned(company: Plan, generator: str) -> Inputs:
    given = inputs(company, generator)
    objectives = [
        one.model_copy(update={"plan": Planned(share=0.05 if one.key == "O1" else 0.27)})
        if one.key in ("O1", "O4")
        else one
        for one in given.register.objectives
    ]
    new = given.register.model_copy(update={"objectives": tuple(objectives)})
    at = START + timedelta(weeks=WEEKS - 10)
    return replace(given, register=new, plans=[*given.plans, (at, new)])


def followed(seed: int, generator: str) -> Inputs:
    """The same plan, and the work moves within two weeks."""
    company = plan(seed)
    for one in company.streams:
        if one.key_result is not None:
            one.weight[WEEKS - 9 :] *= {0: 0.25, 3: 2.25}.get(one.key_result // 3, 1.0)
    return _replanned(company, generator)


def all_green(given: Inputs) -> Inputs:
    """Every key result is reported green since the period began."""
    green = StatusReport("green", given.register.period.start)
    return replace(given, reports=dict.fromkeys(given.work.key_results, green))


def trap(seed: int, generator: str) -> Inputs:
    """All is reported green, and one key result has had no work for five weeks."""
    return all_green(idle(seed, generator))


def duplicated(seed: int, generator: str) -> Inputs:
    """Two teams each put a third of their work of the last ten weeks into the same thing, and do not know of each other."""
    company = plan(seed)
    one, other = (int(team) for team in company.rng.permutation(len(company.teams))[:2])
    first, second = (company.add(team, None, since(WEEKS - 10, 0.5)) for team in (one, other))
    return with_meaning(company, inputs(company, generator), generator, {second.id: first.id})


def of_meaning(seed: int, generator: str) -> Inputs:
    """Every stream is about something of its own."""
    company = plan(seed)
    return with_meaning(company, inputs(company, generator), generator)


def living(trouble: Trouble | None = None) -> Case:
    """A company with what happens on its tickets, threads and changes."""

    def case(seed: int, generator: str) -> Inputs:
        company = plan(seed)
        return with_lives(company, inputs(company, generator), generator, trouble)

    return case


def worded(apart: float) -> Case:
    """A company whose objectives' words are used; by one team one of them, in that part of its sentences, for something else."""

    def case(seed: int, generator: str) -> Inputs:
        company = plan(seed)
        return with_terms(company, inputs(company, generator), generator, apart)

    return case


def handing_over(fall: float) -> Case:
    """A company with 40 hand-offs a week, of which over four weeks so many more than a tenth do not go as written."""

    def case(seed: int, generator: str) -> Inputs:
        given = inputs(plan(seed), generator)
        way = {"tasks": "season", "pool": "bursts"}[generator]
        made = cases(way, np.random.default_rng(seed), 40, WEEKS, 0.9, falls_from=WEEKS - 6, over=4, by=fall)
        return replace(given, steps=[report_of(made, WEEKS)])

    return case


def gamed(seed: int, generator: str) -> Inputs:
    """For nine weeks a key result gets about two thirds of the work on its objective and goes at 1.3 of an even pace; the outcome
    behind it stands still."""
    return _gathering(seed, generator, {"metric": 1.3, "outcome": 0.0})


def _gathering(seed: int, generator: str, paces: dict[str, float]) -> Inputs:
    company = plan(seed)
    which = int(company.rng.integers(len(company.key_results)))
    objective = company.key_results[which].partition(".")[0]
    for one in company.streams:
        if one.key_result is not None and one.key_result // 3 == which // 3:
            one.weight[WEEKS - 9 :] *= 4.0 if one.key_result == which else 0.3
    keys = {"metric": company.key_results[which], "outcome": objective}
    return with_numbers(inputs(company, generator), seed, generator, {keys[name]: p for name, p in paces.items()})


def met(seed: int, generator: str) -> Inputs:
    """All three key results of an objective are met by the fourteenth week of 26, and the outcome behind it stands still."""
    paces = {"O2": 0.0} | {f"O2.{n}": 2.6 for n in (1, 2, 3)}
    return with_numbers(clean(seed, generator), seed, generator, paces)


def not_gamed(seed: int, generator: str) -> Inputs:
    """In half of the quarters work gathers on a key result and its number and outcome move; in the others an outcome stands still
    while work is spread as ever, and so does one beside its key results."""
    if seed % 2:
        return _gathering(seed, generator, {"metric": 1.3})
    still = {"O4": 0.0, "O3": 0.0} | {f"O3.{n}": 0.0 for n in (1, 2, 3)}
    return with_numbers(clean(seed, generator), seed, generator, still)


def hollow_green(seed: int, generator: str) -> Inputs:
    """All is reported green and every key result goes its way, and the outcome of one objective stands still."""
    return all_green(with_numbers(clean(seed, generator), seed, generator, {"O2": 0.0}))


def all_hollow(seed: int, generator: str) -> Inputs:
    """All is reported green and every key result goes its way, and no outcome moves."""
    still = dict.fromkeys(("O1", "O2", "O3", "O4", "O5"), 0.0)
    return all_green(with_numbers(clean(seed, generator), seed, generator, still))


def honest(seed: int, generator: str) -> Inputs:
    """All is green and moves; in half of the quarters one outcome stands still and one of its key results is reported amber."""
    if seed % 2:
        return all_green(with_numbers(clean(seed, generator), seed, generator, {}))
    given = all_green(with_numbers(clean(seed, generator), seed, generator, {"O2": 0.0}))
    amber = StatusReport("amber", given.register.period.start)
    return replace(given, reports={**(given.reports or {}), "O2.1": amber})


FOG = Trouble(unanswered=0.6)
"""Six in ten of what is asked of other teams gets no answer; elsewhere one in ten."""
HOLLOW = Trouble(bulk=30, times=2)
"""Twice within seven weeks thirty tickets in an afternoon, of which one in eight gets a comment."""
CROWDED = Trouble(people=1.9, longer=1.8)
"""For nine weeks a decision takes 1.9 times the people and 1.8 times the days."""
PLANTED: dict[str, tuple[str, Case, str]] = {
    "shadow": ("shadow", shadow, ""),
    "creep": ("creep", creep, ""),
    "support, plan": ("support", starved, "objective:"),
    "support, idle": ("support", idle, "kr:"),
    "stopping": ("stopping", fed, "stream:"),
    "resource": ("resource", not_followed, ""),
    "decay": ("decay", decayed, ""),
    "inflation": ("inflation", inflated, ""),
    "contributions": ("contributions", helping, "team:"),
    "green": ("green", trap, "kr:"),
    "green, outcome": ("green", hollow_green, "objective:"),
    "green, total": ("green", all_hollow, ""),
    "metric": ("metric", gamed, "kr:"),
    "metric, met": ("metric", met, "objective:"),
    "duplicate": ("duplicate", duplicated, "stream:"),
    "fog": ("fog", living(FOG), ""),
    "placeholder": ("placeholder", living(HOLLOW), ""),
    "consensus": ("consensus", living(CROWDED), ""),
    "wording": ("wording", worded(0.6), "term:"),
    "softening": ("softening", handing_over(0.2), "step:"),
}
"""By name: the kind, the case, and what the subject of the diagnosis must begin with."""
CLEAN: dict[str, Case] = {
    "resource": followed,
    "duplicate": of_meaning,
    "fog": living(),
    "placeholder": living(),
    "consensus": living(),
    "wording": worded(0.0),
    "softening": handing_over(0.0),
    "green": honest,
    "metric": not_gamed,
}
"""Clean cases of kinds that need something more to judge."""
