"""Objectives of earlier plans that still have figures: a fall in last quarter is reported in last quarter's words."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models import Diagnosis, Drift, RegisterVersion
from pipeline.register.document import stored
from pipeline.register.schema import Objective, Register


def with_gone(session: Session, register: Register, keys: Iterable[str]) -> Register:
    """Add the objectives of earlier versions that have figures under `keys` ("O1@7": O1 as of version 7) to the register."""
    known = {one.key for one in register.objectives}
    found = [one for key in sorted({*keys} - known) if (one := _as_it_was(session, key)) is not None]
    return register.model_copy(update={"objectives": (*register.objectives, *found)}) if found else register


def is_gone(key: str) -> bool:
    """Return True for an archived key, under which an objective of an earlier plan is stored and which nobody wrote."""
    name, _, version = key.rpartition("@")
    return bool(name) and version.isdecimal()


def _as_it_was(session: Session, key: str) -> Objective | None:
    name, _, version = key.rpartition("@")
    row = session.get(RegisterVersion, int(version)) if name and version.isdecimal() and len(version) < 10 else None
    was = stored(row.document, row.id).objectives if row is not None else ()
    found = next((one for one in was if one.key == name), None)
    # The plan of that time is no plan for today.
    return found.model_copy(update={"key": key, "plan": None, "share": None}) if found is not None else None


def told_in(session: Session, register: Register, *drifts: Drift) -> Register:
    """Return the register for reporting findings, including the objectives of earlier plans that they are about."""
    return with_gone(session, register, {key for one in drifts for key in keys_of(one)})


def keys_of(drift: Drift) -> set[str]:
    """Return the keys of the objectives that a finding mentions."""
    levels = (drift.explanation or {}).get("levels", {}).values()
    gained = {str(key) for key, _ in drift.absorbed_by or ()}
    return {key for scope in levels for key in scope} | gained | ({drift.subject} if drift.subject else set())


def titles_of_gone(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Return the titles of objectives and key results of earlier plans named in diagnoses ("objective:O1@7", "kr:O1.1@7")."""
    found: dict[str, str] = {}
    for name in names:
        kind, _, key = name.partition(":")
        plain, _, version = key.rpartition("@")
        row = session.get(RegisterVersion, int(version)) if is_gone(key) and len(version) < 10 else None
        if row is None:
            continue
        was = stored(row.document, row.id)
        entries = was.objectives if kind == "objective" else [one for _, one in was.key_results()]
        title = next((one.title for one in entries if one.key == plain), None)
        if title is not None:
            found[name] = title
    return found


def renamed_diagnosis(row: Diagnosis, names: Mapping[str, str]) -> None:
    """Replace the objectives and key results that a diagnosis names ("objective:O1", "kr:O1.1") by their current names."""

    def now(value: Any) -> Any:
        return names.get(value, value) if isinstance(value, str) else value

    row.subject = now(row.subject)
    row.figures = {
        name: [now(one) for one in value] if isinstance(value, list) else now(value)
        for name, value in row.figures.items()
    }


def renamed(drift: Drift, keys: Mapping[str, str]) -> None:
    """Replace the objective keys in a fall or gap by the current ones."""
    drift.subject = keys.get(drift.subject, drift.subject)
    explanation: dict[str, Any] = dict(drift.explanation)
    if "levels" in explanation:
        levels = explanation["levels"].items()
        explanation["levels"] = {
            scope: {keys.get(key, key): pair for key, pair in its.items()} for scope, its in levels
        }
    if "parts" in explanation:
        explanation["parts"] = [
            row | {"name": keys.get(row["name"], row["name"])} if row.get("kind") == "objective" else row
            for row in explanation["parts"]
        ]
    drift.explanation, drift.absorbed_by = (
        explanation,
        [[keys.get(key, key), points] for key, points in drift.absorbed_by],
    )
