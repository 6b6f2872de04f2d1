"""Checks on a register that nobody edits: objectives that changed while everything below them stayed the same, and key results
barely related to their objective."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.register.loosening import content
from pipeline.register.point_of_change import Caution, Meaning, far
from pipeline.register.schema import Objective, Register
from pipeline.register.wording import read_wording

BREAK, WEAK = "cascade-break", "weak-link"
"""Rule names; `accepted:` of the objective or key result silences them."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An objective as it was when something below it last changed: its words, what is below, and since when its words differ."""

    title: str
    says: frozenset[str]
    below: Any
    changed: date | None = None


def cascade_breaks(history: Sequence[tuple[date, Register]], today: date, days: int) -> list[Caution]:
    """Find objectives whose meaning changed at least `days` ago while no key result and no objective below them changed.

    `history` holds every version, oldest first, with its loading day. A new period is a new plan; a rewording is not a change.
    """
    seen: dict[str, _Seen] = {}
    period = ""
    for at, register in history:
        if register.period.name != period:
            seen, period = {}, register.period.name
        seen = {one.key: _next(seen.get(one.key), one, _below(register, one), at) for one in register.objectives}
    found = []
    for one in history[-1][1].objectives if history else ():
        before = seen[one.key]
        if before.changed is not None and (today - before.changed).days >= days and BREAK not in one.accepted:
            message = (
                f"said {before.title!r} until {before.changed}, and {one.title!r} since; nothing below it changed. Do its "
                "key results still show that it is reached?"
            )
            found.append(Caution(one.key, BREAK, message))
    return found


def _next(before: _Seen | None, one: Objective, below: Any, at: date) -> _Seen:
    says = _says(f"{one.title}. {one.description}")
    if before is None or before.below != below:
        return _Seen(one.title, says, below)
    if before.says == says:
        return _Seen(before.title, before.says, below)
    return _Seen(before.title, before.says, below, before.changed or at)


def _says(text: str) -> frozenset[str]:
    return frozenset(content(read_wording(text)))


def _below(register: Register, objective: Objective) -> Mapping[str, Any]:
    """Return what an objective is measured by: its key results' words and numbers, and the words of objectives that serve it."""
    rows: dict[str, Any] = {
        one.key: (one.title, one.description, one.metric.model_dump() if one.metric else None)
        for one in objective.key_results
    }
    return rows | {
        f"/{one.key}": (one.title, one.description) for one in register.objectives if one.parent == objective.key
    }


def weak_links(register: Register, meaning: Meaning) -> list[Caution]:
    """Find key results barely related to their objective and clearly closer to another one."""
    rows = [(o, k) for o, k in register.key_results() if WEAK not in k.accepted]
    return [Caution(one.key, WEAK, one.message) for one in far(register, rows, meaning)] if rows else []
