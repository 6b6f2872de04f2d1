"""The report on a path: conformance by week, deviations and what they are associated with, softening; within the privacy
floors."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.effort.load import horizon
from pipeline.register.document import Register
from pipeline.register.steps import Path
from pipeline.register.workdays import monday
from pipeline.share.floor import enough
from pipeline.steps.case import DEVIATIONS, Judgement, Outcome, judge
from pipeline.steps.clock import WorkingClock
from pipeline.steps.conformance import Rate, Tally, Week, by_week, series
from pipeline.steps.effect import Effect, effects
from pipeline.steps.factors import Factor, Seen, goes_with
from pipeline.steps.load import load_cases, people_at_work
from pipeline.steps.never import never_said
from pipeline.steps.power import Power, power
from pipeline.steps.softening import SURER, softenings

WHOLE = ""
"""The key of the path as one step."""
RECENT = timedelta(weeks=26)
"""How far back deviations, their factors and their effects are analysed."""
WEEKS = 8
"""Number of whole weeks in a step's recent figure."""


@dataclass(frozen=True, slots=True)
class Soft:
    """An open softening: the Monday it began, the week it was found, conformance as fractions, and the 90 % interval of the fall.
    `surer`: also found at the stricter false-finding rate SURER."""

    since: date
    found: date
    before: float
    now: float
    low: float
    high: float
    surer: bool = True

    @property
    def fall(self) -> float:
        """Fall in the proportion of cases that go as written."""
        return self.before - self.now


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step, or the path as a whole. `recent` covers the last whole weeks, None if there were too few participants; `deviations`
    are numbers of cases, out of `decided`. `power` shows how soon a fall would be found at its number of cases."""

    key: str
    title: str
    limit: str
    weeks: tuple[Week, ...]
    recent: Rate | None
    decided: int
    deviations: Mapping[str, int]
    effects: tuple[Effect, ...]
    factors: tuple[Factor, ...]
    soft: Soft | None
    power: Power | None = None


@dataclass(frozen=True, slots=True)
class PathReport:
    """A path with its steps, the path as a whole first. `untold` says why there are no figures; `unseen` are named fields that no
    source provides; `never` are sentences about statuses or stages that no item ever reached. `people` is the number of
    participants, which is for the privacy floor and not shown."""

    path: Path
    untold: str = ""
    cases: int = 0
    open: int = 0
    exempt: int = 0
    people: int = 0
    steps: tuple[StepReport, ...] = ()
    unseen: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass
class _Series:
    """Accumulates a step's decided cases."""

    title: str
    limit: str
    tallies: dict[date, Tally] = field(default_factory=dict)
    deviations: Counter[str] = field(default_factory=Counter)
    seen: list[Seen] = field(default_factory=list)


def path_reports(session: Session, register: Register, now: datetime, least: int) -> list[PathReport]:
    """Report on every path of the register as of `now`."""
    return [path_report(session, register, path, now, least) for path in register.paths]


def path_report(session: Session, register: Register, path: Path, now: datetime, least: int) -> PathReport:
    """Report on one path. No figure is about fewer than `least` participants, nor about a team with fewer people at work."""
    clock = WorkingClock(register, path)
    loaded = load_cases(session, path, clock)
    first = max(path.since or date.min, horizon(session) or date.min)
    judged = [one for case in loaded.cases if not case.exempt and (one := judge(path, case, clock, now))]
    judged = [one for one in judged if clock.local(one.begun).date() >= first]
    exempt = sum(case.exempt for case in loaded.cases)
    at_work = people_at_work(session, path.team, first)
    untold = _untold(register, path, judged, at_work, least)
    if untold:
        found = PathReport(path, untold)
    else:
        found = of_judged(path, judged, clock, now, least, at_work, exempt=exempt)
    never = tuple(never_said(name, loaded.come_to) for name in loaded.never)
    return replace(found, unseen=loaded.unseen, never=never)


def _untold(
    register: Register, path: Path, judged: Sequence[Judgement], at_work: Mapping[date, Set[int]], least: int
) -> str:
    sizes = {team.key: len(team.addresses) for team in register.teams}
    teams = [path.team, *(step.by for step in path.steps), path.begin.by]
    if any(team and not enough(sizes.get(team, 0), least) for team in teams):
        return f"a team in it has fewer than {least} people"
    if not judged:
        return "no case has begun yet"
    if not any(enough(len(people), least) for people in at_work.values()):
        return f"fewer than {least} people {'of its team ' if path.team else ''}have worked in any week"
    if not enough(len({person for one in judged for person in one.people}), least):
        return f"fewer than {least} people took part"
    return ""


def of_judged(
    path: Path,
    judged: Sequence[Judgement],
    clock: WorkingClock,
    now: datetime,
    least: int,
    at_work: Mapping[date, Set[int]],
    *,
    exempt: int = 0,
) -> PathReport:
    """Report on judged cases."""
    through = monday(clock.local(now).date()) - timedelta(weeks=1)
    found = _series(path, judged, clock, now)
    named = goes_with({key: one.seen for key, one in found.items()}, least)
    costs = effects([one for one in judged if one.begun >= now - RECENT * 2], now.timestamp())
    steps = []
    for key, one in found.items():
        weeks = by_week(one.tallies, at_work, least, through)
        mine = tuple(effect for effect in costs if effect.step == key)
        recent = _recent(one.tallies, at_work, through, least)
        steps.append(
            StepReport(
                key,
                one.title,
                one.limit,
                tuple(weeks),
                recent,
                len(one.seen),
                {name: one.deviations[name] for name in DEVIATIONS if one.deviations[name]},
                mine,
                tuple(factor for factor in named if factor.step == key),
                _soft(one.tallies, at_work, through, least),
                power(*series(one.tallies, through)[1:]) if recent else None,
            )
        )
    open_ = sum(one.whole.open for one in judged)
    people = len({person for one in judged for person in one.people})
    return PathReport(path, "", len(judged), open_, exempt, people, tuple(steps))


def _series(path: Path, judged: Sequence[Judgement], clock: WorkingClock, now: datetime) -> dict[str, _Series]:
    found = {WHOLE: _Series("All steps", "")}
    found |= {step.key: _Series(step.title, step.within or "") for step in path.steps}
    people: dict[tuple[str, date], set[int]] = defaultdict(set)
    counts: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])
    load = Counter(clock.local(one.begun).date() for one in judged)
    for one in judged:
        for outcome in (one.whole, *one.outcomes):
            if outcome.decided is None:
                continue
            here = (outcome.key, monday(clock.local(outcome.decided).date()))
            people[here] |= one.people
            counts[here][0] += 1
            counts[here][1] += not outcome.deviations
            if outcome.decided >= now - RECENT:
                mine = found[outcome.key]
                mine.deviations.update(outcome.deviations)
                mine.seen.append(_seen(one, outcome, clock, load))
    for (key, week), (cases, kept) in counts.items():
        found[key].tallies[week] = Tally(cases, kept, frozenset(people[key, week]))
    return found


def _seen(one: Judgement, outcome: Outcome, clock: WorkingClock, load: Mapping[date, int]) -> Seen:
    begun = clock.local(one.begun)
    kind = f"{one.case.kind} in {one.case.container}" if one.case.container else one.case.kind
    return Seen(bool(outcome.deviations), begun.date(), begun.hour, load[begun.date()], one.team, kind, one.people)


def _recent(tallies: Mapping[date, Tally], at_work: Mapping[date, Set[int]], through: date, least: int) -> Rate | None:
    weeks = [week for week in tallies if through - timedelta(weeks=WEEKS - 1) <= week <= through]
    if not _may_show(weeks, tallies, at_work, least):
        return None
    return Rate(sum(tallies[week].cases for week in weeks), sum(tallies[week].kept for week in weeks))


def _may_show(
    weeks: Sequence[date], tallies: Mapping[date, Tally], at_work: Mapping[date, Set[int]], least: int
) -> bool:
    took_part = {person for week in weeks for person in tallies[week].people}
    working = {person for week in weeks for person in at_work.get(week, frozenset())}
    return enough(len(took_part), least) and enough(len(working), least)


def _soft(tallies: Mapping[date, Tally], at_work: Mapping[date, Set[int]], through: date, least: int) -> Soft | None:
    """Return the softening that is open at the end of the last whole week."""
    weeks, cases, kept = series(tallies, through)
    found = softenings(cases, kept)
    if not found or found[-1].ended is not None:
        return None
    one = found[-1]
    before, since = (
        [week for week in tallies if lower <= week <= upper]
        for lower, upper in ((weeks[0], weeks[one.first] - timedelta(weeks=1)), (weeks[one.first], through))
    )
    if not (_may_show(before, tallies, at_work, least) and _may_show(since, tallies, at_work, least)):
        return None
    surer = softenings(cases, kept, SURER)
    told = bool(surer) and surer[-1].ended is None
    return Soft(weeks[one.first], weeks[one.found], one.before, one.now, one.low, one.high, told)
