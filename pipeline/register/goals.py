"""Compare a source's goals with the register: new, different and deleted ones. Nothing is changed without consent.

Only an entry's `goal:` field identifies its goal, and it survives a new title; equal titles merely propose a link, and only if
the title is unique on both sides.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.goals import Found, Goal
from pipeline.register.cells import KEY_RESULT, OBJECTIVE, ONLY, cells_of, key_of, meant, put, rows, same
from pipeline.register.conflicts import Conflict
from pipeline.register.due import day_of

GONE, UNDER = "goal", "objective"
"""Pseudo-fields of a conflict: the goal was deleted; the key result is under a different objective."""
Choices = Mapping[tuple[str, str], str]
"""By key and field of a conflict, which value to take: THEIRS or OURS."""
OURS, THEIRS = "register", "source"


@dataclass(slots=True)
class Comparison:
    """The differences: `new` goals in order, `links` of entries to goals by entry key, conflicts, and notes for the user."""

    new: list[Goal] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Register key by goal id, including new goals."""


def known(data: Any) -> list[str]:
    """Return the goal keys that the register names."""
    return [row["goal"] for _, row, _ in rows(data) if isinstance(row.get("goal"), str)]


def compared(data: Any, found: Found) -> Comparison:
    """Compare the register's entries with the goals."""
    result = Comparison()
    by_key = {one.key: one for one in found.goals}
    entries = {key_of(row): (kind, row) for kind, row, _ in rows(data)}
    linked: dict[str, Goal] = {}
    for key, (_, row) in entries.items():
        named = row.get("goal")
        goal = by_key.get(found.moved.get(named, named)) if isinstance(named, str) else None
        if goal is None or goal.id in result.places:
            if goal is not None:
                result.notes.append(f"{key} names {named}, and so does {result.places[goal.id]}; change one of them.")
            continue
        linked[key], result.places[goal.id] = goal, key
        if goal.key != named:
            result.links[key] = goal.key
            result.notes.append(f"{named} was moved and is now {goal.key}; {key} follows it.")
    _proposed(result, entries, linked, found.goals)
    _added(result, entries, found.goals)
    cells = cells_of(data)
    for key, goal in linked.items():
        result.conflicts += _differing(result, key, entries[key][0], cells[key], goal)
        if goal.done:
            result.notes.append(f"{goal.key} is done there; {key} stays in the register.")
    _missing(result, entries, found)
    return result


def _proposed(
    result: Comparison, entries: Mapping[str, tuple[str, Any]], linked: dict[str, Goal], goals: Sequence[Goal]
) -> None:
    """Propose links by equal title if it is unique on both sides; otherwise report the candidates."""
    free = {key: (kind, row) for key, (kind, row) in entries.items() if not row.get("goal")}
    loose = [one for one in goals if one.id not in result.places]
    ours = Counter((kind == KEY_RESULT, _title(row["title"])) for kind, row in free.values())
    theirs = Counter((one.parent is not None, _title(one.title)) for one in loose)
    for key, (kind, row) in free.items():
        name = (kind == KEY_RESULT, _title(row["title"]))
        alike = [one for one in loose if (one.parent is not None, _title(one.title)) == name]
        if not alike:
            continue
        if ours[name] == theirs[name] == 1:
            result.links[key], linked[key] = alike[0].key, alike[0]
            result.places[alike[0].id] = key
            continue
        said = " and ".join(one.key for one in alike)
        result.notes.append(f"{said} read like {key}: write `goal: {alike[0].key}` there, at the one that is meant.")
        result.places |= {one.id: "" for one in alike if one.id not in result.places}


def _added(result: Comparison, entries: Mapping[str, tuple[str, Any]], goals: Sequence[Goal]) -> None:
    """Collect goals that are new, objectives together with what is below them."""
    loose = [one for one in goals if one.id not in result.places]
    for one in loose:
        below = [child for child in loose if child.parent == one.id and not child.done]
        if one.done:
            result.notes.append(f"{one.key} is done there already, and is not added.")
        elif one.key in entries:
            result.notes.append(f"{one.key} is not added: the register has another entry of that key.")
        elif one.parent is None and not below:
            result.notes.append(f"{one.key} has no open goals below it to become key results, and is not added.")
        elif one.parent is None or result.places.get(one.parent) or any(up.id == one.parent for up in result.new):
            result.new.append(one)
            result.places[one.id] = one.key
            _said(result, OBJECTIVE if one.parent is None else KEY_RESULT, one)  # only for the notes it adds
        else:
            result.notes.append(f"{one.key} is not added, since its parent is not in the register.")


def _differing(result: Comparison, key: str, kind: str, cells: Mapping[str, str], goal: Goal) -> Iterator[Conflict]:
    if (kind == KEY_RESULT) != (goal.parent is not None):
        result.notes.append(
            f"{goal.key} is {'below another goal' if goal.parent else 'at the top'} there, and {key} is not."
        )
    elif goal.parent is not None and (above := result.places.get(goal.parent)) and above != cells["under"]:
        yield Conflict(key, UNDER, cells["under"], above)
    if _title(cells["title"]) != _title(goal.title):
        yield Conflict(key, "title", cells["title"], goal.title)
    if goal.owner and goal.owner.casefold() != cells["owner"].casefold():
        yield Conflict(key, "owner", cells["owner"], goal.owner)
    if goal.owned and not goal.owner:
        result.notes.append(f"the owner of {goal.key} is hidden from Leeway; the owner of {key} stays.")
    if kind == KEY_RESULT and goal.due and day_of(cells["due"]) != day_of(goal.due):
        yield Conflict(key, "due", cells["due"], goal.due)
    for column, said in _said(result, kind, goal).items():
        if not same(column, cells[column], said):
            yield Conflict(key, column, cells[column], said)


def _said(result: Comparison, kind: str, goal: Goal) -> dict[str, str]:
    """Return a goal's values for the requested fields that its kind has; unreadable ones become notes."""
    found = {}
    for column, said in goal.says.items():
        if ONLY[column] != kind:
            continue
        try:
            number = meant(column, said)
            if column == "priority" and (number < 1 or number % 1):
                raise ValueError(said)
        except ValueError:
            result.notes.append(
                f"{goal.key} says {said!r} for its {column}, which is not valid; {column} stays as it is."
            )
        else:
            found[column] = said
    return found


def _missing(result: Comparison, entries: Mapping[str, tuple[str, Any]], found: Found) -> None:
    for key, (_, row) in entries.items():
        if row.get("goal") in found.gone:
            result.conflicts.append(Conflict(key, GONE, str(row["goal"]), "deleted"))
        elif row.get("goal") in found.elsewhere:
            result.notes.append(
                f"{row['goal']} is no longer among the goals that are read (type, query or place); {key} stays."
            )


def _title(text: Any) -> str:
    return " ".join(str(text).split()).casefold()


def taken(data: Any, found: Comparison, choices: Choices) -> Any:
    """Return the register's data with new goals, links, and the source's values where they were chosen."""
    made = copy.deepcopy(data)
    entries = {key_of(row): (kind, row) for kind, row, _ in rows(made)}
    for key, named in found.links.items():
        entries[key][1]["goal"] = named
    lowest = max((int(one["priority"]) for one in made["objectives"] if str(one["priority"]).isdigit()), default=0)
    for number, goal in enumerate([one for one in found.new if one.parent is None], 1):
        row = _new(goal) | {"priority": str(lowest + number)}
        _put_said(OBJECTIVE, row, goal)
        made["objectives"].append(row | {"key_results": []})
    objectives = {key_of(one): one for one in made["objectives"]}
    for goal in found.new:
        if goal.parent is not None:
            row = _new(goal) | {"scope": {"items": [goal.key]}} | ({"due": goal.due} if goal.due else {})
            _put_said(KEY_RESULT, row, goal)
            objectives[found.places[goal.parent]]["key_results"].append(row)
    for one in found.conflicts:
        if choices.get((one.key, one.field)) == THEIRS:
            _take(made, objectives, one)
    return made


def _new(goal: Goal) -> dict[str, Any]:
    row: dict[str, Any] = {"key": goal.key, "title": goal.title, "goal": goal.key}
    return row | ({"owner": goal.owner} if goal.owner else {})


def _put_said(kind: str, row: dict[str, Any], goal: Goal) -> None:
    for column, said in _said(Comparison(), kind, goal).items():
        put(kind, row, column, said)


def _take(made: Any, objectives: Mapping[str, Any], one: Conflict) -> None:
    found = next(((kind, row, parent) for kind, row, parent in rows(made) if key_of(row) == one.key), None)
    if found is None:  # was under an objective that is gone
        return
    kind, row, parent = found
    home = made["objectives"] if parent is None else parent["key_results"]
    if one.field == GONE:
        home.remove(row)
    elif one.field == UNDER:
        home.remove(row)
        objectives[one.theirs]["key_results"].append(row)
    else:
        put(kind, row, one.field, one.theirs)
