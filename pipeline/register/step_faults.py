"""Lint of the steps in an okrs.yaml: unknown settings, missing or several events, unknown teams, sources and steps."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from connectors.base import ItemKind
from connectors.registry import all_traits
from pipeline.register.steps import BEGIN, END, HAPPENS, WAYS, Event, Exemption, Path, Place, Step
from pipeline.register.yaml_nodes import Document, LintError, path_of, rows_in

Loc = tuple[Any, ...]
Fault = tuple[Loc, str]
_EVENT = "write what happens, such as `stage: Closed won`, `field: intake_form` or `happens: reply`"


def step_faults(document: Document) -> Iterator[LintError]:
    """Yield the faults of all paths in file order; those of numbers, days and times are found by the schema."""
    data = document.data
    given = data.get("steps") if isinstance(data, dict) else None
    if given is None or data is None:
        return
    if not isinstance(given, list):
        yield LintError(document.line(("steps",)), "steps", "a list is needed: `- key: handover`, and so on below it.")
        return
    teams = [one.get("key") for _, one in rows_in(data, "teams")]
    seen: dict[str, int] = {}
    for n, path in rows_in(data, "steps"):
        loc = ("steps", n)
        for at, text in (*_twice(document, loc, path, seen), *_path(document, loc, path, teams)):
            yield LintError(document.line(at), path_of(at), text)


def _path(document: Document, loc: Loc, path: Mapping[str, Any], teams: Collection[Any]) -> Iterator[Fault]:
    yield from _names((*loc,), path, Path, "in steps")
    yield from _team((*loc, "team"), path.get("team"), teams)
    yield from _place((*loc, "case"), path.get("case"))
    if isinstance(case := path.get("case"), dict) and not case.get("source"):
        known = ", ".join(all_traits())
        yield (
            (*loc, "case"),
            f"names no source; write `source:` and one of {known}, with `kind` and `container` if needed.",
        )
    for name in ("begin", "end"):
        if isinstance(event := path.get(name), dict):
            yield from _names((*loc, name), event, Event, f"in `{name}`")
            yield from _event((*loc, name), event, teams)
        elif event is not None:
            yield (*loc, name), f"entries with names are needed: {_EVENT}."
    before: dict[str, int] = {}
    for n, step in rows_in(path, "path"):
        here = (*loc, "path", n)
        yield from _names(here, step, Step, "in a step")
        yield from _event(here, step, teams)
        yield from _from(here, step, before)
        yield from _twice(document, here, step, before)
        if step.get("key") in (BEGIN, END):
            yield (*here, "key"), f"{step['key']!r} means something else here; give the step another key."
    for n, one in rows_in(path, "except"):
        here = (*loc, "except", n)
        yield from _names(here, one, Exemption, "in an exception")
        if not any(one.get(word) for word in ("label", "status", "stage", "field", "item", "container")):
            yield (
                here,
                "names no cases; write {label: pilot}, {status: Duplicate}, {item: DEAL-12} or {container: Partners}.",
            )


def _twice(document: Document, loc: Loc, row: Mapping[str, Any], seen: dict[str, int]) -> Iterator[Fault]:
    key = row.get("key")
    if isinstance(key, str):
        if key in seen:
            yield (*loc, "key"), f"{key!r} is used already, in line {seen[key]}; give one of them another key."
        seen.setdefault(key, document.line((*loc, "key")))


def _event(loc: Loc, event: Mapping[str, Any], teams: Collection[Any]) -> Iterator[Fault]:
    ways = [word for word in ("stage", *WAYS) if word in event]
    if not ways:
        yield loc, f"it does not say what happens: {_EVENT}."
    elif len(ways) > 1:
        yield (*loc, ways[1]), f"one event is enough: delete `{ways[0]}` or `{ways[1]}`."
    yield from _team((*loc, "by"), event.get("by"), teams)
    for name in ("linked", "on"):
        yield from _place((*loc, name), event.get(name))
    said = event.get("happens")
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, str) and one not in HAPPENS:
            yield (*loc, "happens"), f"{one!r} is not an event. {_advice(one, HAPPENS)}"


def _from(loc: Loc, step: Mapping[str, Any], before: Collection[str]) -> Iterator[Fault]:
    name = step.get("from")
    if name is None:
        return
    if isinstance(name, str) and name not in before and name != BEGIN:
        known = (BEGIN, *before)
        yield (*loc, "from"), f"there is no step {name!r} before this one. {_advice(name, known)}"
    elif "within" not in step:
        yield (*loc, "from"), "sets the start of a time limit, but there is no `within`; add one, or delete `from`."


def _team(loc: Loc, name: Any, teams: Collection[Any]) -> Iterator[Fault]:
    if isinstance(name, str) and name not in teams:
        yield loc, f"unknown team {name!r}. {_advice(name, [one for one in teams if isinstance(one, str)])}"


def _place(loc: Loc, place: Any) -> Iterator[Fault]:
    if place is None:
        return
    if not isinstance(place, dict):
        yield loc, "entries with names are needed, such as {source: ..., container: OPS, kind: task}."
        return
    yield from _names(loc, place, Place, "here")
    source = place.get("source")
    if isinstance(source, str) and source not in all_traits():
        yield (*loc, "source"), f"there is no source {source!r}. {_advice(source, list(all_traits()))}"
    kinds, known = place.get("kind"), [one.value for one in ItemKind]
    for one in kinds if isinstance(kinds, list) else [kinds]:
        if isinstance(one, str) and one not in known:
            yield (*loc, "kind"), f"there is no kind of item {one!r}. {_advice(one, known)}"


def _names(loc: Loc, row: Mapping[str, Any], model: type[BaseModel], where: str) -> Iterator[Fault]:
    known = [field.alias or name for name, field in model.model_fields.items()]
    if issubclass(model, Event):
        known.append("stage")
    for name in row:
        if name not in known:
            yield (*loc, name), f"there is no {name!r} {where}. {_advice(str(name), known)}"


def _advice(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, 1)
    return f"Did you mean {near[0]!r}?" if near else f"Allowed: {', '.join(known) or 'none'}."
