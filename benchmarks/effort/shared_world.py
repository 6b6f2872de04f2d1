"""Rows of a company from another author's `World` class: world.py in a given folder, imported into this process."""

import importlib.util
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.effort.rows import Company, Item, weekdays

_STATES = {"To Do": "todo", "In Progress": "doing", "Done": "done"}


def _module(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("shared_world_module", folder / "world.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def world(folder: Path, labelled: Path, style: str, seed: int = 1, points: float = 0.22) -> Company:
    """Twenty weeks of the labelled company in that style, with what a connector would see of it."""
    end = datetime(2026, 11, 25, 12, tzinfo=UTC)
    made = _module(folder).World(labelled, seed=seed, style=style, points=points, end=end)
    first, last = made.start.date(), (made.end - timedelta(days=1)).date()
    company = Company(f"{labelled.name}, {style}", first, last, top=frozenset(made.top), drift=made.drift_at.date())
    numbers: dict[str, int] = {}

    def number(name: str, where: str, goal: str, kind: str = "task") -> int:
        if name not in numbers:
            numbers[name] = len(numbers)
            company.items[numbers[name]] = Item(numbers[name], where, goal, kind)
        return numbers[name]

    _issues(company, made, number)
    _messages(company, made, number)
    _customers(company, made, number)
    company.traces.sort(key=lambda t: t.day)
    for day, person, _, goal, days in made.truth:
        # Which piece of work it was the world does not say: the goal is what shares need.
        company.truth[datetime.fromisoformat(day).date(), person, number(f"goal {goal}", "truth", goal)] += days
    company.capacity = {(p["n"], day): 1.0 for p in made.people for day in weekdays(first, last)}
    return company


def _issues(company: Company, made: Any, number: Any) -> None:
    for key, issue in made.issues.items():
        item = number(key, "issue", issue["label"], issue["type"])
        events: list[tuple[datetime, Any, str, Any, Any]] = []
        if issue["assignee"] is not None:
            # The server keeps no history of assignments: a connector sees the last one from the start on.
            events.append((issue["created"], issue["assignee"], "assignment", None, issue["assignee"]["n"]))
        events += [(h["at"], h["who"], "transition", None, _STATES[h["b"]]) for h in issue["log"]]
        events += [(w["started"], w["who"], "worklog", w["seconds"] / 3600, None) for w in issue["work"]]
        events += [(c["at"], c["who"], "comment", None, None) for c in issue["comments"]]
        for at, who, kind, hours, to in sorted(events, key=lambda e: e[0]):
            company.leave(at.date(), who["n"], item, kind, hours, to)


def _messages(company: Company, made: Any, number: Any) -> None:
    people = {p["slack"]: p["n"] for p in made.people}
    labels = _labels(made)
    for said in made.messages.values():
        threads: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in said:
            threads[message["thread"] or message["ts"]].append(message)
        for root, messages in threads.items():
            text = next((m["text"] for m in messages if m["ts"] == root), "")
            named = re.search(r"[A-Z]{2,5}-\d+", text)
            if named and named[0] in made.issues:
                item = number(named[0], "issue", made.issues[named[0]]["label"])
            else:
                item = number(f"thread {root}", "thread", labels.get(text, "noise"))
            for message in messages:
                company.leave(message["at"].date(), people[message["user"]], item, "mention" if named else "message")


def _labels(made: Any) -> dict[str, str]:
    return {ref["text"]: label for _, label, source, ref in made.items if source == "slack"}


def _customers(company: Company, made: Any, number: Any) -> None:
    labels = {ref["id"]: label for _, label, source, ref in made.items if source == "hubspot"}
    for one in made.crm:
        row, hours = one["row"], one["ms"] / 3_600_000
        deal = row["kind"] in ("deal", "ticket")
        item = number(
            f"crm {row['id'] if deal or row['parent'] else one['id']}", "deal", labels[row["id"]], row["kind"]
        )
        kind = "note" if deal else row["kind"]
        company.leave(one["at"].date(), one["who"]["n"], item, kind, hours if kind in ("call", "meeting") else None)
