"""Add an objective or key result as table rows; end one by removing it from the register's text, the rest unchanged."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from pipeline.register.cells import KEY_RESULT, OBJECTIVE, key_of, rows
from pipeline.register.document import RegisterError, judged
from pipeline.register.rewrite import rewritten
from pipeline.register.table import Merged, Row
from pipeline.register.yaml_nodes import Document

_NUMBER = re.compile(r"(.*?)(\d+)")


def next_key(data: Any, under: str | None = None) -> str:
    """Return an unused key that continues the last of its kind: O5 or O1.4."""
    taken = {key_of(row) for _, row, _ in rows(data)}
    siblings = [key_of(row) for _, row, parent in rows(data) if (key_of(parent) if parent else None) == under]
    found = _NUMBER.fullmatch(siblings[-1]) if siblings else None
    front, number = (found[1], int(found[2])) if found else (f"{under}." if under else "O", 0)
    while f"{front}{number + 1}" in taken:
        number += 1
    return f"{front}{number + 1}"


def new_rows(given: Mapping[str, str], under: str | None, first: Mapping[str, str] | None = None) -> list[Row]:
    """Return the rows of a new key result `under` an objective, or of a new objective with its `first` key result."""
    if under is not None:
        return [Row(1, {"kind": KEY_RESULT, "under": under, **given})]
    return [
        Row(1, {"kind": OBJECTIVE, **given}),
        Row(2, {"kind": KEY_RESULT, "under": given.get("key", ""), **(first or {})}),
    ]


def without(text: str, key: str) -> Merged:
    """Return the register without an objective and its key results, or without a key result. Raises RegisterError."""
    made: Any = copy.deepcopy(Document(text).data)
    made["objectives"] = [one for one in made["objectives"] if key_of(one) != key]
    for objective in made["objectives"]:
        objective["key_results"] = [one for one in objective["key_results"] if key_of(one) != key]
        if not objective["key_results"]:
            raise RegisterError(
                f"{key} is the only key result of {key_of(objective)}: end the objective, or write another first."
            )
    for team in made.get("teams") or ():
        if isinstance(team.get("plan"), dict) and team["plan"].pop(key, None) is not None and not team["plan"]:
            del team["plan"]
    if not made["objectives"]:
        raise RegisterError(f"{key} is the only objective, and a register needs one: write another first.")
    said, kept = rewritten(text, made)
    register, faults = judged(said)
    if register is None or faults:
        raise RegisterError("\n".join(f"{one.field}: {one.message}" for one in faults))
    return Merged(
        register, said, [] if kept else ["the register's text is rewritten and loses its comments and layout."]
    )
