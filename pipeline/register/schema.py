"""What an okrs.yaml holds: teams, objectives, key results, the period, the working calendar."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticUndefined

from models.vocabulary import YEARS
from pipeline.register.metric import Measured, Metric
from pipeline.register.planned import ByObjective, Plan, Planned, Rate, as_stored
from pipeline.register.steps import Path, Paths
from pipeline.register.weekdays import WorkingDay, on, week_of, weekday, working_day


def _day(value: Any) -> Any:
    """A day as YAML writes one, 2026-10-01 (or 2026-10-1, or with a time of day that says nothing)."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(
        r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]0?0:00(?::00(?:\.0*)?)? ?(?:[Zz]|[+-]\d.*)?)?", value.strip()
    )
    if found is None:
        raise ValueError(f"{value!r} is no day; write it as 2026-10-01")
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise ValueError(f"{value!r} does not exist: {error}") from None
    if day.year not in YEARS:
        raise ValueError(f"{value!r} is in no year that a plan is made for")
    return day


def _one_line(value: str) -> str:
    """Texts that end up in subjects, tables and file names: without line breaks."""
    return " ".join(value.split())


Day = Annotated[date, BeforeValidator(_day)]
Weekdays = tuple[Annotated[int, BeforeValidator(weekday)], ...]
WorkingDays = tuple[Annotated[WorkingDay, PlainValidator(working_day), PlainSerializer(str)], ...]
Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_one_line), Field(min_length=1)]


class _Strict(BaseModel):
    # Other entries, such as a due date, are somebody's own; faults.py refuses those that look misspelt.
    model_config = ConfigDict(extra="ignore", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _left_empty(cls, value: Any, info: ValidationInfo) -> Any:
        """`teams:` with nothing behind it is as if it were left out."""
        default = cls.model_fields[info.field_name or ""].default
        return default if value is None and default is not PydanticUndefined else value


class Member(_Strict):
    """Somebody in a team. `part` is the part of a full week that they work; `country` and `subdivision` override the calendar's.

    `from` and `to` are their first and last day in the team; `days` the weekdays they work, where these are not the usual ones:
    all day or half of it, each week or every second.
    `formerly` are addresses that they had before: the same person, with the same past.
    """

    email: Name
    formerly: tuple[Name, ...] = ()
    part: float = Field(1.0, gt=0, le=1)
    country: str | None = None
    subdivision: str | None = None
    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")
    days: WorkingDays = ()

    @field_validator("formerly", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _in_order(self) -> "Member":
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"`to` {self.last} lies before `from` {self.first}")
        return self

    @property
    def never(self) -> frozenset[int] | None:
        """Weekdays, Monday 0, on which they work in no week; None where their days are the usual ones."""
        return frozenset(range(7)) - {one.weekday for one in self.days} if self.days else None

    def of_day(self, day: date) -> float:
        """What of a whole day they work on a day that is no weekend or holiday; 0 where it is none of theirs."""
        if not self.days:
            return self.part
        return min(1.0, self.part * 5 / week_of(self.days)) * on(self.days, day)

    def week(self, usual: float) -> float:
        """Days of work in a week, on average, where the usual week has so many. Part time is of five days; who works fixed days
        works them, at most whole."""
        return min(week_of(self.days), 5 * self.part) if self.days else usual * self.part


class Team(_Strict):
    """A team; figures are only shown for teams of at least five. `plan` is the team's own, by objective; `rate` what a working
    day costs on average in it, in the register's currency, never of a person."""

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
        """Everybody who is, was or will be in it, in lower case, each once."""
        return frozenset(one.email.lower() for one in self.members)


class Scope(_Strict):
    """What belongs to a key result by declaration: an epic or issue key, a label, a channel, project or pipeline."""

    items: tuple[Name, ...] = ()
    labels: tuple[Name, ...] = ()
    containers: tuple[Name, ...] = ()


class KeyResult(_Strict):
    """A key result. `aliases` are names people use for it: code names, jargon, products; `accepted` are rules of the lint that
    somebody has looked at and does not want to hear of again; `metric` says where its number comes from, `goal` which goal
    of a source it is (`leeway okrs sync`)."""

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


class Objective(_Strict):
    """An objective; priority 1 is top. Team objectives name their team and the parent they serve. `plan` is what is
    planned for it of the company's work, where somebody planned; `share` is the older way to write it. `outcome` says where the
    number comes from that its key results are meant to move, as a key result's `metric` does."""

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
        """The plan, however it is written."""
        return self.plan or (Plan(share=self.share) if self.share else None)

    @property
    def metric(self) -> Metric | None:
        """What its outcome is measured by, under the name that key results have for it."""
        return self.outcome


class Period(_Strict):
    """The time the register is for; `end` is the last day."""

    name: Name
    start: Day
    end: Day


class Calendar(_Strict):
    """When people work: a country's (and its part's) public holidays, and days the whole company is closed, or for half of them.

    `weekend` where it is not the country's.
    """

    country: str | None = None
    subdivision: str | None = None
    time_zone: str = "UTC"
    weekend: Weekdays = ()
    closed: tuple[Day, ...] = ()
    half_closed: tuple[Day, ...] = Field((), repr=False)  # so that a calendar without any reads as it did


class Register(_Strict):
    """The whole file. `leadership` are the addresses of those who set priorities, whom the alignment interview asks."""

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
        """The steps that must be stable, a path each."""
        return self.steps or ()

    def key_results(self) -> Iterator[tuple[Objective, KeyResult]]:
        """Every key result with its objective, in the order of the file."""
        for objective in self.objectives:
            for key_result in objective.key_results:
                yield objective, key_result

    def measured(self) -> list[KeyResult | Objective]:
        """Whatever has a number, in the order of the file: objectives with an outcome, key results with a metric."""
        every: list[KeyResult | Objective] = []
        for objective in self.objectives:
            every += [objective, *objective.key_results]
        return [one for one in every if one.metric is not None]

    def objective_of(self) -> dict[str, str]:
        """Key of the objective, by key of the key result."""
        return {key_result.key: objective.key for objective, key_result in self.key_results()}

    def addresses(self) -> frozenset[str]:
        """Everybody who is, was or will be in a team, in lower case, each once."""
        return frozenset().union(*(team.addresses for team in self.teams))

    def large_teams(self, least_people: int) -> tuple[Team, ...]:
        """Teams of so many members that they may be named beside a figure."""
        return tuple(team for team in self.teams if len(team.addresses) >= least_people)

    @property
    def teams_differ(self) -> bool:
        """Return True if whose work it is can say what it is for: key results name different teams, or all some of several."""
        named = {frozenset(key_result.teams) for _, key_result in self.key_results()}
        return len(named) > 1 or any(some and some < {team.key for team in self.teams} for some in named)

    @property
    def teams_tell(self) -> bool:
        """Return True if whose work it is says what it is for: there are several teams, and key results name different ones."""
        return len(self.teams) > 1 and self.teams_differ

    def top(self, count: int = 3) -> frozenset[str]:
        """Keys of the objectives whose priority is `count` or better."""
        return frozenset(objective.key for objective in self.objectives if objective.priority <= count)
