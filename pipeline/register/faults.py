"""Faults of an okrs.yaml: syntax, types, misspelt names, duplicate or unknown keys, places and time zones that do not exist."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from pydantic import BaseModel

from pipeline.register.contradictions import contradictions
from pipeline.register.metric_faults import metric_faults
from pipeline.register.people_faults import people_faults
from pipeline.register.plan_faults import plan_faults
from pipeline.register.planned import Plan
from pipeline.register.schema import Calendar, KeyResult, Member, Objective, Period, Register, Scope, Team
from pipeline.register.step_faults import step_faults
from pipeline.register.unseen import unseen_faults
from pipeline.register.yaml_nodes import Document, LintError, entries, path_of, rows_in

_MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Register,
    ("period",): Period,
    ("calendar",): Calendar,
    ("teams",): Team,
    ("teams", "members"): Member,
    ("objectives",): Objective,
    ("objectives", "plan"): Plan,
    ("objectives", "key_results"): KeyResult,
    ("objectives", "key_results", "scope"): Scope,
}
_NEEDED = {
    "missing": "Field required",
    "int": "a whole number is needed",
    "float": "a number is needed, such as 0.8",
    "string_too_short": "it is empty; write a text",
    "string": "a text is needed",
    "tuple": "a list is needed, such as [a, b]",
    "model": "entries with names are needed, such as {key: value}",
    "dict": "entries with names are needed, such as {O1: 50 %}",
    "bool": "true or false is needed",
    "date": "a day is needed, such as 2026-10-01",
    "too_short": "at least one is needed",
}
DUE = ("due", "due_date", "deadline")
"""Names under which people write a key result's due day; only the lint knows all of them."""
LONGEST = {"key": 56, "title": 500, "name": 200, "owner": 200, "lead": 200}
"""In characters. A key gets a version suffix if the next plan uses it for something else ("O1@7")."""
_BOUNDS = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}
_ALIKE, _ALIKE_SHORT = 0.7, 0.66  # catches `menbers` and `kez`; spares own entries: `due`, `theme`, `status`
_RESERVED = {"team": {"company"}, "objective": {"top"}, "key result": {"none"}}
"""Keys with another meaning: the whole company, the share of the top three objectives, and the answer that something serves no
key result. Copied from models.vocabulary, so that `okrs lint` starts instantly, without loading the database layer."""


def all_faults(document: Document, register: Register | None, errors: Sequence[Any]) -> list[LintError]:
    """Return every fault in file order; `errors` are pydantic's, `register` the result if there are none."""
    found = [*document.faults, *_misspelt(document), *_places(document)]
    named = {fault.field for fault in found}
    found += [
        fault for fault in (_of_kind(document, e) for e in errors if not _only_wrong(e)) if fault.field not in named
    ]
    found += [
        *_too_long(document),
        *_keys(document),
        *people_faults(document),
        *contradictions(document),
        *metric_faults(document),
        *step_faults(document),
        *unseen_faults(document),
    ]
    if register is not None and register.period.end < register.period.start:
        found.append(LintError(document.line(("period", "end")), "period.end", "lies before the start."))
    if register is not None:
        found += plan_faults(document, register)
    return sorted(set(found), key=lambda fault: (fault.line, fault.field))


def unused(document: Document) -> Iterator[LintError]:
    """Yield names that Leeway ignores and that are not misspellings, each once, at its first occurrence."""
    seen = set()
    for loc, model, name in _extra(document):
        if (model, name) not in seen and not _near(name, model) and not (model is KeyResult and name in DUE):
            seen.add((model, name))
            yield LintError(document.line((*loc, name)), path_of((*loc, name)), "is not used by Leeway.")


def _extra(document: Document) -> Iterator[tuple[tuple[Any, ...], type[BaseModel], str]]:
    for loc, entry in entries(document.data):
        model = _MODELS.get(tuple(part for part in loc if isinstance(part, str)))
        if model is not None:
            yield from ((loc, model, name) for name in entry if name not in _names(model))


def _names(model: type[BaseModel]) -> list[str]:
    """Return the entries a model accepts, as spelt in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _near(name: str, model: type[BaseModel]) -> str | None:
    plain = name.lower().strip().replace("-", "_").replace(" ", "_")
    alike = _ALIKE if len(plain) > 3 else _ALIKE_SHORT
    swapped = [one for one in _names(model) if sorted(one) == sorted(plain)]
    return next(iter(swapped or difflib.get_close_matches(plain, _names(model), 1, alike)), None)


def _misspelt(document: Document) -> Iterator[LintError]:
    for loc, model, name in _extra(document):
        near = _near(name, model)
        if near:
            here = (*loc, name)
            yield LintError(document.line(here), path_of(here), f"there is no {name!r} here. Did you mean {near!r}?")


def _too_long(document: Document) -> Iterator[LintError]:
    """Find values longer than their database columns."""
    for loc, entry in entries(document.data):
        if _MODELS.get(tuple(part for part in loc if isinstance(part, str))) in (Team, Objective, KeyResult):
            for name, most in LONGEST.items():
                if isinstance(said := entry.get(name), str) and len(said) > most:
                    here = (*loc, name)
                    message = f"has {len(said)} characters; at most {most} are kept."
                    yield LintError(document.line(here), path_of(here), message)


def _only_wrong(error: Any) -> bool:
    """Return True for a list reported as too short because its only entry is invalid, which is reported separately."""
    return error["type"] == "too_short" and isinstance(error["input"], list) and len(error["input"]) > 0


def _of_kind(document: Document, error: Any) -> LintError:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        message = str(context["error"])
    elif kind == "too_short" and isinstance(error["input"], str):
        message = _NEEDED["string_too_short"]
    elif kind == "missing":
        message = f"{_NEEDED['missing']}; write `{error['loc'][-1]}: ...` here"
    elif kind == "literal_error":
        known = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        message = f"write one of {known}, found {str(error['input'])[:40]!r}"
    elif kind in _BOUNDS:
        message = f"must be {_BOUNDS[kind]} {next(iter(context.values()))}, found {error['input']}"
    else:
        message = next((needed for begin, needed in _NEEDED.items() if kind.startswith(begin)), str(error["msg"]))
        if kind.endswith(("_parsing", "_type")) and isinstance(error["input"], str):
            message += f", found {error['input'][:40]!r}"
    return LintError(document.line(error["loc"]), path_of(error["loc"]), message + ".")


# The checks below work on the file's data instead of the register, so that they are reported together with type errors.


def _places(document: Document) -> Iterator[LintError]:
    """Find countries, subdivisions and time zones that do not exist: they would fail at the first holiday or hour looked up."""
    calendar = document.data.get("calendar") if isinstance(document.data, dict) else None
    given: list[tuple[tuple[Any, ...], Any, Any]] = []
    if isinstance(calendar, dict):
        given.append((("calendar",), calendar.get("country"), calendar.get("subdivision")))
        zone = calendar.get("time_zone")
        if isinstance(zone, str) and zone not in _zones():
            loc = ("calendar", "time_zone")
            near = _nearest(zone, _zones())
            advice = f"Did you mean {near!r}?" if near else "Write one such as Europe/Berlin."
            yield LintError(document.line(loc), path_of(loc), f"there is no time zone {zone!r}. {advice}")
    usual = calendar.get("country") if isinstance(calendar, dict) else None
    for t, team in rows_in(document.data, "teams"):
        given += [
            (("teams", t, "members", m), one.get("country") or usual, one.get("subdivision"))
            for m, one in rows_in(team, "members")
            if one.get("country") or one.get("subdivision")
        ]
    for loc, country, part in given:
        yield from _country(document, loc, country, part)


def _country(document: Document, loc: tuple[Any, ...], country: Any, part: Any) -> Iterator[LintError]:
    if isinstance(country, str) and country and not _exists(country, None):
        here = (*loc, "country")
        near = _nearest(country, _countries())
        advice = f"Did you mean {near!r}?" if near else "Write its two letters, such as DE."
        yield LintError(
            document.line(here), path_of(here), f"no holidays are known for the country {country!r}. {advice}"
        )
    elif isinstance(part, str) and part:
        here = (*loc, "subdivision")
        if not isinstance(country, str):
            yield LintError(document.line(here), path_of(here), "needs a country as well.")
        elif not _exists(country, part):
            known = _countries().get(country, [])
            near = _nearest(part, known)
            advice = f"Did you mean {near!r}?" if near else f"Known: {', '.join(known) or 'none'}."
            yield LintError(document.line(here), path_of(here), f"{country} has no subdivision {part!r}. {advice}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> dict[str, list[str]]:
    import holidays

    return holidays.list_supported_countries(include_aliases=True)


@cache
def _exists(country: str, part: str | None) -> bool:
    import holidays

    try:
        holidays.country_holidays(country, subdiv=part)
    except (NotImplementedError, AttributeError, TypeError):
        return False
    return True


def _nearest(name: str, known: Iterator[str] | Any) -> str | None:
    by_key = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_key, 1)
    return by_key[close[0]] if close else None


def _keys(document: Document) -> Iterator[LintError]:
    """Find duplicate and reserved keys, and references to teams and objectives that do not exist."""
    teams: dict[str, int] = {}
    for t, team in rows_in(document.data, "teams"):
        yield from _key(document, ("teams", t), team, "team", teams)
    goals: dict[str, int] = {}
    objectives = {key for _, o in rows_in(document.data, "objectives") if isinstance(key := o.get("key"), str)}
    for t, team in rows_in(document.data, "teams"):
        planned = team.get("plan")
        for key in planned if isinstance(planned, dict) else ():
            yield from _known(document, ("teams", t, "plan", key), key, objectives, "objective")
    for o, objective in rows_in(document.data, "objectives"):
        here = ("objectives", o)
        yield from _key(document, here, objective, "objective", goals)
        yield from _known(document, (*here, "team"), objective.get("team"), teams, "team")
        yield from _known(document, (*here, "parent"), objective.get("parent"), objectives, "objective")
        for k, key_result in rows_in(objective, "key_results"):
            below = (*here, "key_results", k)
            yield from _key(document, below, key_result, "key result", goals)
            named = key_result.get("teams")
            for n, one in enumerate(named if isinstance(named, list) else []):
                yield from _known(document, (*below, "teams", n), one, teams, "team")


def _key(
    document: Document, loc: tuple[Any, ...], row: Mapping[str, Any], kind: str, seen: dict[str, int]
) -> Iterator[LintError]:
    key = row.get("key")
    here = (*loc, "key")
    if not isinstance(key, str):
        return
    if key in seen:
        yield LintError(document.line(here), path_of(here), f"{key!r} is used already, in line {seen[key]}.")
    if key in _RESERVED[kind]:
        yield LintError(
            document.line(here), path_of(here), f"{key!r} means something else in Leeway; give the {kind} another key."
        )
    seen.setdefault(key, document.line(here))


def _known(document: Document, loc: tuple[Any, ...], name: Any, known: Any, kind: str) -> Iterator[LintError]:
    if isinstance(name, str) and name not in known:
        near = _nearest(name, [one for one in known if isinstance(one, str)])
        listed = ", ".join(sorted(one for one in known if isinstance(one, str))) or "none"
        advice = f"Did you mean {near!r}?" if near else f"Known: {listed}."
        yield LintError(document.line(loc), path_of(loc), f"unknown {kind} {name!r}. {advice}")
