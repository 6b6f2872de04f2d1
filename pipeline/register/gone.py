"""Objectives of earlier plans that figures are still kept of: a fall of last quarter is told in last quarter's words."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models import Drift, RegisterVersion
from pipeline.register.document import stored
from pipeline.register.schema import Objective, Register


def with_gone(session: Session, register: Register, keys: Iterable[str]) -> Register:
    """The register, with those of earlier versions that figures are kept of under `keys` ("O1@7": O1 as version 7 had it)."""
    known = {one.key for one in register.objectives}
    found = [one for key in sorted({*keys} - known) if (one := _as_it_was(session, key)) is not None]
    return register.model_copy(update={"objectives": (*register.objectives, *found)}) if found else register


def is_gone(key: str) -> bool:
    """Return True for the key that an objective of an earlier plan is kept under, which nobody wrote."""
    name, _, version = key.rpartition("@")
    return bool(name) and version.isdecimal()


def _as_it_was(session: Session, key: str) -> Objective | None:
    name, _, version = key.rpartition("@")
    row = session.get(RegisterVersion, int(version)) if name and version.isdecimal() and len(version) < 10 else None
    was = stored(row.document, row.id).objectives if row is not None else ()
    found = next((one for one in was if one.key == name), None)
    # What was planned then is no plan for today.
    return found.model_copy(update={"key": key, "plan": None, "share": None}) if found is not None else None


def told_in(session: Session, register: Register, *drifts: Drift) -> Register:
    """The register in whose words findings are told: with the objectives of earlier plans that they are about."""
    return with_gone(session, register, {key for one in drifts for key in keys_of(one)})


def keys_of(drift: Drift) -> set[str]:
    """Keys of the objectives that a finding tells of."""
    levels = (drift.explanation or {}).get("levels", {}).values()
    gained = {str(key) for key, _ in drift.absorbed_by or ()}
    return {key for scope in levels for key in scope} | gained | ({drift.subject} if drift.subject else set())


def renamed(drift: Drift, keys: Mapping[str, str]) -> None:
    """What a fall, or a gap, tells of objectives under their keys by now."""
    drift.subject = keys.get(drift.subject, drift.subject)
    told: dict[str, Any] = dict(drift.explanation)
    if "levels" in told:
        levels = told["levels"].items()
        told["levels"] = {scope: {keys.get(key, key): pair for key, pair in its.items()} for scope, its in levels}
    if "parts" in told:
        told["parts"] = [
            row | {"name": keys.get(row["name"], row["name"])} if row.get("kind") == "objective" else row
            for row in told["parts"]
        ]
    drift.explanation, drift.absorbed_by = told, [[keys.get(key, key), points] for key, points in drift.absorbed_by]
