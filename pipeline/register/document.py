"""okrs.yaml: teams, objectives, key results, the working calendar. Errors name file, line, field and the mend."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


class RegisterError(Exception):
    """okrs.yaml is not right; the message lists each fault with its line."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Member(_Strict):
    """Somebody in a team. `part` is the part of a full week that they work; `country` overrides the calendar's."""

    email: str
    part: float = Field(1.0, gt=0, le=1)
    country: str | None = None


class Team(_Strict):
    """A team; figures are only shown for teams of at least five."""

    key: str
    name: str
    lead: str | None = None
    members: tuple[Member, ...] = ()

    @field_validator("members", mode="before")
    @classmethod
    def _addresses_are_members(cls, value: Any) -> Any:
        return [{"email": one} if isinstance(one, str) else one for one in value or ()]


class Scope(_Strict):
    """What belongs to a key result by declaration: an epic or issue key, a label, a channel, project or pipeline."""

    items: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()


class KeyResult(_Strict):
    """A key result. `aliases` are names people use for it: code names, jargon, products."""

    key: str
    title: str
    description: str = ""
    owner: str | None = None
    teams: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    scope: Scope = Scope()


class Objective(_Strict):
    """An objective; priority 1 is top. Team objectives name their team and the parent they serve."""

    key: str
    title: str
    priority: int = Field(ge=1)
    level: str = "company"
    team: str | None = None
    parent: str | None = None
    owner: str | None = None
    description: str = ""
    key_results: tuple[KeyResult, ...] = Field(min_length=1)


class Period(_Strict):
    """The time the register is for; `end` is the last day."""

    name: str
    start: date
    end: date


class Calendar(_Strict):
    """When people work: a country's (and its part's) public holidays, and days the whole company is closed."""

    country: str | None = None
    subdivision: str | None = None
    time_zone: str = "UTC"
    closed: tuple[date, ...] = ()


class Register(_Strict):
    """The whole file."""

    company: str = ""
    period: Period
    calendar: Calendar = Calendar()
    teams: tuple[Team, ...] = ()
    objectives: tuple[Objective, ...] = Field(min_length=1)

    def key_results(self) -> Iterator[tuple[Objective, KeyResult]]:
        """Every key result with its objective, in the order of the file."""
        for objective in self.objectives:
            for key_result in objective.key_results:
                yield objective, key_result

    def objective_of(self) -> dict[str, str]:
        """Key of the objective, by key of the key result."""
        return {key_result.key: objective.key for objective, key_result in self.key_results()}

    def top(self, count: int = 3) -> frozenset[str]:
        """Keys of the objectives whose priority is `count` or better."""
        return frozenset(objective.key for objective in self.objectives if objective.priority <= count)


@dataclass(frozen=True, slots=True)
class LintError:
    """Something that is wrong, or (as a hint) that could be better."""

    line: int
    field: str
    message: str


@lru_cache(maxsize=32)
def stored(document: str, version: int) -> Register:
    """A version that was loaded before. It never changes, and every page and cycle asks for it."""
    return parse(document, f"register version {version}")


def parse(text: str, name: str = "okrs.yaml") -> Register:
    """Read a register. Raises RegisterError with every fault, each with its line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RegisterError(f"{name}, line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise RegisterError(f"{name}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise RegisterError(f"{name}, line 1: expected `period:`, `teams:` and `objectives:`. See `leeway init`.")
    try:
        register = Register.model_validate(data)
    except ValidationError as error:
        faults = [LintError(_line(root, e["loc"]), _path(e["loc"]), e["msg"]) for e in error.errors()]
    else:
        faults = list(_inconsistencies(register, root))
        if not faults:
            return register
    raise RegisterError(
        "\n".join(f"{name}, line {f.line}: {f.field}: {f.message}" for f in sorted(faults, key=_by_line))
    )


def read(path: Path) -> tuple[Register, str]:
    """Read a register file; gives it with its text. Raises RegisterError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RegisterError(f"{path} does not exist. `leeway init` writes one to start from.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RegisterError(f"{path} cannot be read: {error}") from None
    return parse(text, str(path)), text


def digest(text: str) -> str:
    """The name of a version: the same text is the same version."""
    return hashlib.sha256(text.encode()).hexdigest()


def hints(register: Register) -> list[str]:
    """What is allowed but weakens the match or the alerts; for `leeway okrs lint`."""
    found = []
    for _, key_result in register.key_results():
        if len(key_result.title.split()) < 4 and not key_result.description:
            found.append(
                f"{key_result.key}: {key_result.title!r} says little; a description or aliases help the match."
            )
        if not key_result.teams:
            found.append(f"{key_result.key}: no teams; naming the teams that work on it is strong evidence.")
    for team in register.teams:
        if not team.members:
            found.append(f"team {team.key}: no members; list their addresses, or nobody's work counts for the team.")
        elif len(team.members) < 5:
            found.append(f"team {team.key}: {len(team.members)} members; figures are shown from five on.")
    if not register.top():
        found.append("no objective has priority 1, 2 or 3, so there is no top share to watch.")
    return found


def _inconsistencies(register: Register, root: yaml.Node | None) -> Iterator[LintError]:
    teams = {team.key for team in register.teams}
    seen: dict[str, tuple[Any, ...]] = {}
    for o, objective in enumerate(register.objectives):
        places: list[tuple[str, tuple[Any, ...]]] = [(objective.key, ("objectives", o, "key"))]
        for k, key_result in enumerate(objective.key_results):
            here = ("objectives", o, "key_results", k)
            places.append((key_result.key, (*here, "key")))
            for t, team in enumerate(key_result.teams):
                if team not in teams:
                    near = difflib.get_close_matches(team, teams, 1)
                    mend = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(teams)) or 'none'}."
                    loc = (*here, "teams", t)
                    yield LintError(_line(root, loc), _path(loc), f"unknown team {team!r}.{mend}")
        for key, loc in places:
            if key in seen:
                yield LintError(
                    _line(root, loc), _path(loc), f"{key!r} is used already, in line {_line(root, seen[key])}."
                )
            seen[key] = loc
    if register.period.end <= register.period.start:
        yield LintError(_line(root, ("period", "end")), "period.end", "lies before the start.")


def _by_line(fault: LintError) -> tuple[int, str]:
    return fault.line, fault.field


def _path(loc: tuple[Any, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return path.lstrip(".")


def _line(node: yaml.Node | None, loc: tuple[Any, ...]) -> int:
    """Line of the deepest node on the path that exists, counted from 1."""
    line = 1
    for part in loc:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        else:
            return line
    return node.start_mark.line + 1 if node is not None else line
