"""The schema of okrs.yaml: teams, objectives, key results, the period, the working calendar."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WrapValidator,
    field_validator,
    model_validator,
)

from pipeline.register.entry import Day, Entry, Line, Name, Names
from pipeline.register.metric import Measured, Metric
from pipeline.register.planned import ByObjective, Plan, Planned, Rate, as_stored
from pipeline.register.steps import Path, Paths
from pipeline.register.weekdays import WorkingDay, on, week_of, weekday, working_day

Weekdays = tuple[Annotated[int, BeforeValidator(weekday)], ...]
WorkingDays = tuple[Annotated[WorkingDay, PlainValidator(working_day), PlainSerializer(str)], ...]


class Member(Entry):
    """A member of a team. `part` is the fraction of a full week they work; `country` and `subdivision` override the calendar's.

    `from` and `to` are their first and last day in the team; `days` the weekdays they work if not the usual ones: whole or half
    days, every week or every second. `formerly` lists their earlier addresses: the same person, with the same past.
    """

    email: Name
    formerly: Names = ()
    part: float = Field(1.0, gt=0, le=1)
    country: str | None = None
    subdivision: str | None = None
    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")
    days: WorkingDays = ()

    @model_validator(mode="after")
    def _in_order(self) -> "Member":
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"`to` {self.last} lies before `from` {self.first}")
        return self

    @property
    def never(self) -> frozenset[int] | None:
        """Return the weekdays (Monday 0) on which they never work; None if their days are the usual ones."""
        return frozenset(range(7)) - {one.weekday for one in self.days} if self.days else None

    def of_day(self, day: date) -> float:
        """Return the fraction of a whole day they work on a regular working day; 0 if it is not one of theirs."""
        if not self.days:
            return self.part
        return min(1.0, self.part * 5 / week_of(self.days)) * on(self.days, day)

    def week(self, usual: float) -> float:
        """Return their average working days per week, where a usual week has `usual`. Part time refers to five days; people with
        fixed days work those, each at most in full."""
        return min(week_of(self.days), 5 * self.part) if self.days else usual * self.part


class Team(Entry):
    """A team; figures are only shown for teams of at least five. `plan` is the team's own, by objective; `rate` the average cost
    of a working day in the team, in the register's currency, never of one person."""

    key: Name
    name: Name
    lead: str | None = None
    weekend: Weekdays = ()
    plan: ByObjective = None
    rate: Rate = None
    members: tuple[Member, ...] = ()

    @field_validator("members", mode="before")
    @classmethod
    def _addresses_are_members(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return () if value is None else value
        return [{"email": one} if isinstance(one, str) else one for one in value]

    @property
    def addresses(self) -> frozenset[str]:
        """Return the lower-case addresses of all past, present and future members, without duplicates."""
        return frozenset(one.email.lower() for one in self.members)


class Scope(Entry):
    """What belongs to a key result by declaration: epic or issue keys, labels, and channels, projects or pipelines."""

    items: tuple[Name, ...] = ()
    labels: tuple[Name, ...] = ()
    containers: tuple[Name, ...] = ()


class KeyResult(Entry):
    """A key result. `aliases` are names people use for it: code names, jargon, products; `accepted` lists lint rules that
    somebody has dismissed for it; `metric` defines where its number comes from; `goal` is its goal in a source
    (`leeway okrs sync`)."""

    key: Name
    title: Name
    description: str = ""
    owner: str | None = None
    teams: tuple[Name, ...] = ()
    aliases: tuple[Name, ...] = ()
    scope: Scope = Scope()
    metric: Measured = None
    goal: Annotated[str | None, WrapValidator(as_stored)] = None
    accepted: tuple[Name, ...] = ()


class Objective(Entry):
    """An objective; priority 1 is top. Team objectives name their team and the parent they serve. `plan` is its planned part of
    the company's work, if any; `share` is the older notation. `outcome` defines the number that its key results are meant to
    move, like a key result's `metric`."""

    key: Name
    title: Name
    priority: int = Field(ge=1)
    plan: Planned = None
    share: float | None = Field(None, gt=0, le=1)
    level: str = "company"
    team: str | None = None
    parent: str | None = None
    owner: str | None = None
    description: str = ""
    outcome: Measured = None
    goal: Annotated[str | None, WrapValidator(as_stored)] = None
    accepted: tuple[Name, ...] = ()
    key_results: tuple[KeyResult, ...] = Field(min_length=1)

    @property
    def planned(self) -> Plan | None:
        """Return the plan in either notation."""
        return self.plan or (Plan(share=self.share) if self.share else None)

    @property
    def metric(self) -> Metric | None:
        """Return the outcome's metric, under the name it has for key results."""
        return self.outcome


class Period(Entry):
    """The time a register covers; `end` is the last day."""

    name: Name
    start: Day
    end: Day


class Calendar(Entry):
    """When people work: the public holidays of a country (and subdivision), and days the company is closed or half closed.

    `weekend`, if it differs from the country's.
    """

    country: str | None = None
    subdivision: str | None = None
    time_zone: str = "UTC"
    weekend: Weekdays = ()
    closed: tuple[Day, ...] = ()
    half_closed: tuple[Day, ...] = Field((), repr=False)  # keeps the repr of calendars without any unchanged


class Register(Entry):
    """The whole file. `leadership`: addresses of the people who set priorities, surveyed by the alignment interview."""

    company: Line = ""
    currency: Annotated[Line, WrapValidator(as_stored)] = ""
    period: Period
    calendar: Calendar = Calendar()
    leadership: tuple[Name, ...] = ()
    teams: tuple[Team, ...] = ()
    objectives: tuple[Objective, ...] = Field(min_length=1)
    steps: Paths = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the paths whose steps must be stable."""
        return self.steps or ()

    def key_results(self) -> Iterator[tuple[Objective, KeyResult]]:
        """Yield every key result with its objective, in file order."""
        for objective in self.objectives:
            for key_result in objective.key_results:
                yield objective, key_result

    def measured(self) -> list[KeyResult | Objective]:
        """Return everything that has a number, in file order: objectives with an outcome, key results with a metric."""
        every: list[KeyResult | Objective] = []
        for objective in self.objectives:
            every += [objective, *objective.key_results]
        return [one for one in every if one.metric is not None]

    def objective_of(self) -> dict[str, str]:
        """Map each key result's key to its objective's key."""
        return {key_result.key: objective.key for objective, key_result in self.key_results()}

    def addresses(self) -> frozenset[str]:
        """Return the lower-case addresses of all past, present and future members of teams, without duplicates."""
        return frozenset().union(*(team.addresses for team in self.teams))

    def large_teams(self, least_people: int) -> tuple[Team, ...]:
        """Return the teams with at least `least_people` members, which may be named next to a figure."""
        return tuple(team for team in self.teams if len(team.addresses) >= least_people)

    @property
    def teams_differ(self) -> bool:
        """Return True if the team can indicate what work is for: key results name different teams, or only some of the teams."""
        named = {frozenset(key_result.teams) for _, key_result in self.key_results()}
        return len(named) > 1 or any(some and some < {team.key for team in self.teams} for some in named)

    @property
    def teams_tell(self) -> bool:
        """Return True if the team indicates what work is for: there are several teams, and key results name different ones."""
        return len(self.teams) > 1 and self.teams_differ

    def top(self, count: int = 3) -> frozenset[str]:
        """Return the keys of the objectives with a priority of `count` or better."""
        return frozenset(objective.key for objective in self.objectives if objective.priority <= count)
