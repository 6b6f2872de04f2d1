"""Load a labelled company: okrs.yaml, signals.jsonl and gold.jsonl in a folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.worlds.rows import Person


@dataclass(frozen=True)
class Labelled:
    """`signals` are the lines of signals.jsonl with `label` (key result or None), `category` and `theme` added."""

    name: str
    register: dict[str, Any]
    signals: Sequence[dict[str, Any]]

    @property
    def objective_of(self) -> dict[str, str]:
        """Objective by key result."""
        return {k["key"]: o["key"] for o in self.register["objectives"] for k in o["key_results"]}

    @property
    def top(self) -> frozenset[str]:
        """Objectives of priority one to three."""
        return frozenset(o["key"] for o in self.register["objectives"] if o["priority"] <= 3)


def read_labelled(folder: Path) -> Labelled:
    """Read a folder."""
    lines = {
        name: [json.loads(line) for line in (folder / name).read_text().splitlines() if line.strip()]
        for name in ("signals.jsonl", "gold.jsonl")
    }
    gold = {row["id"]: row for row in lines["gold.jsonl"]}
    signals = [
        {
            **row,
            "label": gold[row["id"]]["key_result"],
            "category": gold[row["id"]]["category"],
            "theme": gold[row["id"]].get("theme"),
        }
        for row in lines["signals.jsonl"]
    ]
    return Labelled(folder.name, yaml.safe_load((folder / "okrs.yaml").read_text()), signals)


def document(register: dict[str, Any], people: Sequence[Person], start: date, end: date) -> str:
    """okrs.yaml with the teams' members in it, and a period that holds all of the world: after a plan's end nothing is drift."""
    teams = [
        {**team, "members": [{"email": one.email, "part": one.part} for one in people if one.team == team["key"]]}
        for team in register["teams"]
    ]
    period = {"name": register["period"]["name"], "start": start, "end": end + timedelta(weeks=2)}
    calendar = register.get("calendar", {"country": "DE", "time_zone": "Europe/Berlin"})
    return yaml.safe_dump(
        {**register, "period": period, "teams": teams, "calendar": calendar}, sort_keys=False, allow_unicode=True
    )
