"""What a finding works on, and what it returns: diagnoses, or why there cannot be one."""

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
"""A number, a word of our own, or what a name is looked up by when it is shown: `stream:12`, `team:app`, `objective:O1`,
`kr:O1.1`, `day:2026-10-05`. Names themselves are never kept: people may be forgotten, streams renamed."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """Days of a stream: `first` is when its oldest item came to be, `items` its largest of the last weeks, and `worked` the
    first day of work on it, as the page of its name says."""

    first: date
    last: date
    items: tuple[int, ...] = ()
    worked: date | None = None

    @property
    def since(self) -> date:
        """Since when it is told of: an issue that was written is no work yet."""
        return self.worked or self.first


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody said "stop" of a stream at a time. `work` are its cells."""

    name: str
    at: datetime
    stream: int
    work: Work


@dataclass(frozen=True, slots=True)
class Report:
    """What a key result is said to be: `green`, `amber` or `red`, since when; `moved` is the part of the way that its metric went
    beside the part of the time, where it is measured."""

    status: str
    since: date
    progress: float | None = None
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a key result or an outcome was measured to be, in order of the days, and the way that it has to go."""

    start: float
    target: float
    points: Sequence[tuple[date, float]]


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the streams of the last weeks are about. Parallel arrays: `centres` are the means of their items' vectors, `items` how
    many those are, `halves` how near two halves of them lie (cosine, less what all streams have in common).
    `linked` gives pairs of streams, the lower number first, that name each other or the same third one; it is read when it is
    first asked for, since few companies have two streams that mean the same."""

    streams: tuple[int, ...]
    centres: Floats
    items: Ints
    halves: Floats
    linked: Callable[[], Collection[tuple[int, int]]] = frozenset


@dataclass(frozen=True, eq=False)
class Usage:
    """Sentences that hold a term of the objectives, without it. Parallel arrays: `vectors`, the writers' team, person and item,
    whether they are those who set the objectives, and which sentences of one team repeat each other (`family`)."""

    term: str
    vectors: Floats
    team: tuple[str, ...]
    person: Ints
    item: Ints
    leads: Mask
    family: Ints | None = None

    @property
    def witness(self) -> Ints:
        """What counts once: an item, and all items whose sentences are filled from one form."""
        return self.item if self.family is None else self.family


@dataclass(frozen=True)
class Inputs:
    """All that findings see. `last` is the last complete day; `shares` are whole weeks by scope and objective; `plans` the
    registers that were meant, oldest first; `gauges` are by key of a key result or an objective; `confirmed` is the part of the
    last weeks' work of which people said what it serves; what is None is not known here."""

    last: date
    register: Register
    work: Work
    streams: Mapping[int, StreamFacts]
    least_people: int = 5
    thresholds: Thresholds = field(default_factory=Thresholds)
    plans: Sequence[tuple[date, Register]] = ()
    shares: Mapping[str, Mapping[str, Sequence[WeekShare]]] = field(default_factory=dict)
    stops: Sequence[Stop] = ()
    reports: Mapping[str, Report] | None = None
    gauges: Mapping[str, Gauge] | None = None
    meaning: Meaning | None = None
    lives: Sequence[Life] | None = None
    usages: Sequence[Usage] | None = None
    steps: Sequence[PathReport] = ()
    confirmed: float = 1.0

    @property
    def large_teams(self) -> list[str]:
        """Keys of the teams that may be named beside a figure."""
        return [team.key for team in self.register.large_teams(self.least_people)]

    @property
    def scopes(self) -> list[str]:
        """The company, and the teams of the register that worked."""
        return [COMPANY, *(team.key for team in self.register.teams if team.key in self.work.teams)]


@dataclass(frozen=True, slots=True)
class Found:
    """One diagnosis: about a scope (the company or a team) and a subject in it (see Value; empty for the scope as a whole).

    `strength` is what the kind measures, with its 90 % interval where it has one; `values` are figures of the sentences;
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
    """It cannot be judged; `because` ends the sentence."""

    because: str


Outcome = Sequence[Found] | Unjudged
Finder = Callable[[Inputs], Outcome]


def enough_weeks(given: Inputs, weeks: int) -> Unjudged | None:
    """Why there are too few weeks; None where there are enough."""
    known = int((given.work.by_week() > 0).sum())
    if known >= weeks:
        return None
    return Unjudged(f"{known} whole weeks of work are known and {weeks} are needed")


def days_on(sure: Work, column: int, least_people: int) -> dict[str, Value]:
    """Person-days on a key result for its sentence; where few people's, only that they are so."""
    days = float(sure.on_results([column]).sum())
    return {"few": 1} if days > 0 and not sure.shown(least_people) else {"days": days}


def of(interval: Interval) -> dict[str, float]:
    """Its figures as `Found` takes them."""
    return {"strength": interval.value, "low": interval.low, "high": interval.high}
