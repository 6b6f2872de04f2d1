"""Compare a case with its path: for each step, whether it was met, is missing, late, out of order, repeated, or open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import SignalKind, State
from pipeline.register.steps import BEGIN, REPLY, SAID, Event, Path, Place, Step
from pipeline.steps.clock import WorkingClock

MISSING, ORDER, LATE, TWICE = "missing", "out of order", "late", "twice"
DEVIATIONS = (MISSING, ORDER, LATE, TWICE)
"""In order of precedence: the first one that applies is reported."""
_STATES = {"todo": State.TODO, "doing": State.DOING, "done": State.DONE}
_STAGES = (SignalKind.TRANSITION, SignalKind.STAGE)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event on a case, or on a linked item (`own` is False). `name` is the status or stage that it reached. `answers`: not by
    a program, and not the opening message; `by_opener`: by the person who opened the case."""

    at: datetime
    kind: str
    name: str = ""
    state: str = ""
    field: str = ""
    team: str | None = None
    person: int | None = None
    own: bool = True
    source: str = ""
    container: str = ""
    item_kind: str = ""
    answers: bool = True
    by_opener: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """An item on its path, with its events in order. `links` are the creations of linked items."""

    id: int
    kind: str = ""
    container: str = ""
    happened: Sequence[Happened] = ()
    created_at: datetime | None = None
    links: Sequence[Happened] = ()
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a step. `decided` is when it became final; for a step with a time limit, at the deadline."""

    key: str
    deviations: tuple[str, ...] = ()
    at: datetime | None = None
    due: datetime | None = None
    decided: datetime | None = None

    @property
    def open(self) -> bool:
        """True while its deadline has not passed, or no later step has happened."""
        return self.decided is None

    @property
    def first(self) -> str:
        """The deviation to report; empty if the step was met."""
        return self.deviations[0] if self.deviations else ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A case with the outcome of each step; `twice`: it began more than once, which counts against the path as a whole."""

    case: Case
    begun: datetime
    ended: datetime | None
    outcomes: tuple[Outcome, ...]
    twice: bool = False
    team: str | None = None
    people: frozenset[int] = field(default_factory=frozenset)

    @property
    def whole(self) -> Outcome:
        """The path as one step: met if all steps are."""
        found = {one for step in self.outcomes for one in step.deviations} | ({TWICE} if self.twice else set())
        decided = None if any(one.open for one in self.outcomes) else max(_known(one.decided) for one in self.outcomes)
        return Outcome("", tuple(one for one in DEVIATIONS if one in found), self.ended, None, decided)


def judge(path: Path, case: Case, clock: WorkingClock, now: datetime) -> Judgement | None:
    """Compare a case with its path as of `now`; None if it has not begun."""
    begins = occurrences(path.begin, case, now)
    if not begins:
        return None
    begun = begins[0]
    ends = [at for at in occurrences(path.end, case, now) if at >= begun] if path.end else []
    used = [_used(step, case, now, begun) for step in path.steps]
    outcomes: list[Outcome] = []
    for n, step in enumerate(path.steps):
        before, first = outcomes, _reference(step, outcomes, begun)
        limit = step.limit
        due = clock.due(first, limit) if limit and first is not None else None
        later = [at for at in (*(times[0] for times in used[n + 1 :] if times), *ends[:1]) if at >= begun]
        outcomes = [*before, _outcome(step, used[n], before, begun, due, later, now, waiting=first is None)]
    ended = ends[0] if ends else outcomes[-1].at if not path.end else None
    acted = [one for one in case.happened if begun <= one.at <= now]
    people = frozenset(one.person for one in acted if one.person is not None)
    team = next((one.team for one in acted if one.team), None)
    twice = path.begin.is_once and len(begins) > 1
    return Judgement(case, begun, ended, tuple(outcomes), twice, team, people)


def _known(at: datetime | None) -> datetime:
    assert at is not None  # noqa: S101 - asked only of what is decided
    return at


def _used(step: Step, case: Case, now: datetime, begun: datetime) -> list[datetime]:
    """Return when the step happened; messages and calls count only once the case has begun."""
    found = occurrences(step, case, now)
    return [at for at in found if at >= begun] if step.happens else found


def _reference(step: Step, before: Sequence[Outcome], begun: datetime) -> datetime | None:
    """Return when its time limit starts; None while the step before it is open."""
    if step.since == BEGIN or not before:
        return begun
    at = next((one for one in before if one.key == step.since), before[-1])
    if at.at is not None:
        return max(at.at, begun)
    if at.open:
        return None
    return at.due or begun  # it is missing: start at its own deadline


def _outcome(
    step: Step,
    times: Sequence[datetime],
    before: Sequence[Outcome],
    begun: datetime,
    due: datetime | None,
    later: Sequence[datetime],
    now: datetime,
    *,
    waiting: bool,
) -> Outcome:
    earlier = [one.at for one in before if one.at is not None]
    last = max([begun, *earlier])
    if step.happens and step.order == "written":
        times = [at for at in times if at >= last] or times
    if not times:
        over = due if due is not None else min(later, default=None) if not waiting else None
        missed = over is not None and over <= now
        return Outcome(step.key, (MISSING,) if missed else (), None, due, over if missed else None)
    at, found = times[0], []
    if step.order == "written" and at < last:
        found.append(ORDER)
    if due is not None and at > due:
        found.append(LATE)
    if step.is_once and len(times) > 1:
        found.append(TWICE)
    decided = at if due is None else due
    return Outcome(step.key, tuple(found), at, due, decided if decided <= now else None)


def occurrences(event: Event, case: Case, now: datetime) -> list[datetime]:
    """Return when an event happened on a case, in order; with several fields, once all of them have been filled."""
    if event.created:
        return [case.created_at] if case.created_at and case.created_at <= now else []
    if event.linked is not None:
        return sorted(one.at for one in case.links if one.at <= now and is_at(one, event.linked))
    if event.field:
        each = [[one.at for one in _where(event, case, now) if same(one.field, name)] for name in event.field]
        if not all(each):
            return []
        whole = max(times[0] for times in each)
        return [whole, *sorted(at for times in each for at in times[1:] if at > whole)]
    return [one.at for one in _where(event, case, now) if _fits(event, one)]


def _where(event: Event, case: Case, now: datetime) -> list[Happened]:
    return [
        one
        for one in case.happened
        if one.at <= now
        and (one.own if event.on is None else not one.own and is_at(one, event.on))
        and (event.by is None or one.team == event.by)
    ]


def _fits(event: Event, one: Happened) -> bool:
    if event.status:
        return one.kind in _STAGES and any(same(one.name, name) for name in event.status)
    if event.state:
        return one.kind in _STAGES and one.state == _STATES[event.state]
    # If a team is required, a member of it who opened the case may also answer it.
    answers = one.answers and (event.by is not None or not one.by_opener)
    return one.kind in event.happens or (REPLY in event.happens and one.kind in SAID and answers)


def is_at(one: Happened, place: Place) -> bool:
    """Return True if the event happened on an item in this place."""
    return (
        (place.source is None or one.source == place.source)
        and (not place.container or any(same(one.container, name) for name in place.container))
        and (not place.kind or one.item_kind in place.kind)
    )


def same(one: str, other: str) -> bool:
    """Return True if two names are equal regardless of case, surrounding blanks and a channel's leading #."""
    return one.strip().lstrip("#").casefold() == other.strip().lstrip("#").casefold()
