"""Diff two registers field by field, and rebuild a register from such changes.

A register is flattened to (kind, key, field) -> value. A field that is not given is absent, so adding, changing and removing an
entry all have the same form: a value before and a value after. Replaying the changes of all loads from an empty state gives the
last register.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.register.schema import Register
from pipeline.register.weekdays import WEEKDAYS

Field = tuple[str, str, str]
State = dict[Field, Any]
_BELOW = {
    "register": ("team", "objective", "path"),
    "team": ("member",),
    "objective": ("key result",),
    "path": ("step",),
}
_LISTS = {
    "team": "teams",
    "objective": "objectives",
    "member": "members",
    "key result": "key_results",
    "path": "steps",
    "step": "path",
}
_NAMED_BY = {"member": "email"}


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one field; `before` or `after` is None if it was not given or no longer is."""

    kind: str
    key: str
    field: str
    before: Any
    after: Any


def flatten(register: Register) -> State:
    """Return every given field; list entries are stored under their own key, and the order of each list as a separate field."""
    state: State = {}
    _flatten("register", "", register.model_dump(mode="json", by_alias=True), state)
    return state


def _flatten(kind: str, key: str, row: dict[str, Any], state: State) -> None:
    for below in _BELOW.get(kind, ()):
        keys: list[str] = []
        for one in row.pop(_LISTS[below]) or ():
            name = str(one[_NAMED_BY.get(below, "key")])
            name = f"{key}/{name}" if below in ("member", "step") else name
            while name in keys or (below, name, "in") in state:
                name += "'"  # a register loaded by an older version may contain a key twice
            keys.append(name)
            state[below, name, "in"] = key
            _flatten(below, name, one, state)
        if keys or below != "path":
            state[kind, key, f"order of {_LISTS[below]}"] = keys
    for name, value in row.items():
        for field, single in _single(name, value):
            if single is not None:
                state[kind, key, field] = single


def _single(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a mapping's entries one by one (period.end), weekdays by name."""
    if isinstance(value, dict):
        for below, one in value.items():
            yield from _single(f"{name}.{below}", one)
    elif name.split(".")[-1] == "weekend":
        yield name, [WEEKDAYS[day] for day in value]
    else:
        yield name, value


def changes(before: Mapping[Field, Any], after: Mapping[Field, Any]) -> list[Change]:
    """Return the changes from one state to the other, in a deterministic order."""
    return [
        Change(*field, before.get(field), after.get(field))
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    ]


def replay(state: Mapping[Field, Any], steps: Iterable[Change]) -> State:
    """Apply changes to a state. Raises ValueError if one does not fit the current value."""
    found = dict(state)
    for step in steps:
        field = (step.kind, step.key, step.field)
        if found.get(field) != step.before:
            raise ValueError(f"{field} was {found.get(field)!r}, not {step.before!r}")
        if step.after is None:
            found.pop(field, None)
        else:
            found[field] = step.after
    return found


def rebuild(state: Mapping[Field, Any]) -> Register:
    """Build the register of a state."""
    return Register.model_validate(_entry("register", "", state))


def _entry(kind: str, key: str, state: Mapping[Field, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for (one, name, field), value in state.items():
        if (one, name) == (kind, key) and field != "in" and not field.startswith("order of "):
            place = row
            *outer, last = field.split(".")
            for part in outer:
                place = place.setdefault(part, {})
            place[last] = value
    for below in _BELOW.get(kind, ()):
        keys = state.get((kind, key, f"order of {_LISTS[below]}"), [])
        row[_LISTS[below]] = [_entry(below, one, state) for one in keys]
    return row
