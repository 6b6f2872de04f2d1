"""Inputs and results of a finding: diagnoses, or why there cannot be one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from models.vocabulary import COMPANY
from pipeline.findings.lives import Life
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.work import Floats, Interval, Ints, Mask, Work
from pipeline.register.document import Register
from pipeline.share.gap import WeekShare
from pipeline.steps.report import PathReport

Value = float | int | str | list[str]
"""A number, one of our own words, or a key under which a name is looked up for display: `stream:12`, `team:app`,
`objective:O1`, `kr:O1.1`, `day:2026-10-05`. Names are never stored: people may be forgotten, streams renamed."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """Days of a stream: `first` is when its oldest item was created, `items` its largest ones of the last weeks, and `worked` the
    first day of work on it, as its page shows."""

    first: date
    last: date
    items: tuple[int, ...] = ()
    worked: date | None = None

    @property
    def since(self) -> date:
        """Return the day from which it is reported: an issue that was merely written is not work yet."""
        return self.worked or self.first


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody's "stop" for a stream, with the time. `work` are its cells."""

    name: str
    at: datetime
    stream: int
    work: Work


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The reported status of a key result: `green`, `amber` or `red`, and since when; `progress` is the fraction of the way its
    metric has gone, `expected` the fraction due by now, if it is measured."""

    status: str
    since: date
    progress: float | None = None
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """Measurements of a key result or outcome, in order of days, with its start and target."""

    start: float
    target: float
    points: Sequence[tuple[date, float]]


@dataclass(frozen=True, eq=False)
class Meaning:
    """The meaning of the streams of the last weeks. Parallel arrays: `centres` are the means of their items' vectors, `items` the
    number of those, `halves` the similarity of two halves of them (cosine, after removing the mean of all streams). `linked`
    returns pairs of streams, lower number first, that refer to each other or to the same third one; it is loaded on demand,
    since few companies have two streams with the same meaning."""

    streams: tuple[int, ...]
    centres: Floats
    items: Ints
    halves: Floats
    linked: Callable[[], Collection[tuple[int, int]]] = frozenset


@dataclass(frozen=True, eq=False)
class Usage:
    """Sentences that contain a term of the objectives, with the term removed. Parallel arrays: `vectors`, the writers' team,
    person and item, whether the writers set the objectives, and which sentences of one team repeat each other (`family`)."""

    term: str
    vectors: Floats
    team: tuple[str, ...]
    person: Ints
    item: Ints
    leads: Mask
    family: Ints | None = None

    @property
    def witness(self) -> Ints:
        """Return the unit of evidence: an item, or all items whose sentences come from one template."""
        return self.item if self.family is None else self.family


@dataclass(frozen=True)
class Inputs:
    """Everything findings can use. `last` is the last complete day; `shares` are whole weeks by scope and objective; `plans` the
    registers that were meant as plans, oldest first; `gauges` are keyed by key result or objective; `confirmed` is the fraction
    of the last weeks' work for which people said what it serves; None means not available here."""

    last: date
    register: Register
    work: Work
    streams: Mapping[int, StreamFacts]
    least_people: int = 5
    thresholds: Thresholds = field(default_factory=Thresholds)
    plans: Sequence[tuple[date, Register]] = ()
    shares: Mapping[str, Mapping[str, Sequence[WeekShare]]] = field(default_factory=dict)
    stops: Sequence[Stop] = ()
    reports: Mapping[str, StatusReport] | None = None
    gauges: Mapping[str, Gauge] | None = None
    meaning: Meaning | None = None
    lives: Sequence[Life] | None = None
    usages: Sequence[Usage] | None = None
    steps: Sequence[PathReport] = ()
    confirmed: float = 1.0

    @property
    def large_teams(self) -> list[str]:
        """Return the keys of teams that may be named next to a figure."""
        return [team.key for team in self.register.large_teams(self.least_people)]

    @property
    def scopes(self) -> list[str]:
        """Return the company and the register's teams with work."""
        return [COMPANY, *(team.key for team in self.register.teams if team.key in self.work.teams)]


@dataclass(frozen=True, slots=True)
class Found:
    """One diagnosis about a scope (the company or a team) and a subject within it (see Value; empty for the scope as a whole).

    `strength` is the quantity the kind measures, with its 90 % interval if it has one; `values` are the figures of its sentences;
    `streams` and `items` are the evidence.
    """

    scope: str
    subject: str
    strength: float
    since: date | None
    low: float | None = None
    high: float | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    streams: tuple[int, ...] = ()
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unjudged:
    """It cannot be judged; `because` completes the sentence."""

    because: str


Outcome = Sequence[Found] | Unjudged
Finder = Callable[[Inputs], Outcome]


def enough_weeks(given: Inputs, weeks: int) -> Unjudged | None:
    """Return why there are too few weeks; None if there are enough."""
    known = int((given.work.by_week() > 0).sum())
    if known >= weeks:
        return None
    return Unjudged(f"{known} whole weeks of work are known and {weeks} are needed")


def days_on(sure: Work, column: int, least_people: int) -> dict[str, Value]:
    """Return the person-days on a key result for its sentence; with too few people, only that fact."""
    days = float(sure.on_results([column]).sum())
    return {"few": 1} if days > 0 and not sure.shown(least_people) else {"days": days}


def of(interval: Interval) -> dict[str, float]:
    """Return the interval as arguments of `Found`."""
    return {"strength": interval.value, "low": interval.low, "high": interval.high}
