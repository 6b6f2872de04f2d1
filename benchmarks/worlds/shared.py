"""Another author's worlds: the World class in a given folder (world.py), converted to the rows that its server would return.

The code is imported, not copied. `points` is the planted fall; a ramp and a single team's fall are obtained by planting by day
and team.
"""

import importlib.util
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.worlds.labelled import Labelled, document
from benchmarks.worlds.rows import BUSY, DONE, NEW, Done, Item, Person, Rows, World

WEEKS, DRIFT_WEEK = 20, 13
_CATEGORY = {"To Do": NEW, "In Progress": BUSY, "Done": DONE}
EVENTS = ("none", "fall10", "fall15", "fall20", "fall30", "ramp", "team")


def points_of(event: str) -> float:
    """What an event takes from the top share."""
    if event.startswith("fall"):
        return int(event.removeprefix("fall")) / 100
    return {"ramp": 0.24, "team": 0.35}.get(event, 0.0)


def styles(folder: Path) -> list[str]:
    """Names of the styles that the class knows."""
    return list(_module(folder).STYLES)


def build(folder: Path, company: Path, labelled: Labelled, style: str, event: str, seed: int, end: datetime) -> World:
    """One world of the class in `folder`."""
    module = _module(folder)
    wanted = points_of(event)
    first_team = labelled.register["teams"][0]["key"]

    class Planted(module.World):  # type: ignore[misc,name-defined]
        def _mix(self, team: str, day: datetime) -> Any:
            self.points = wanted
            if event == "ramp":
                self.points = wanted * min(1.0, max(0, (day - self.drift_at).days) / 35)
            if event == "team" and team != first_team:
                self.points = 0.0
            return super()._mix(team, day)

    its = Planted(company, weeks=WEEKS, drift_week=DRIFT_WEEK, points=wanted, end=end, seed=seed, style=style)
    people = [Person(p["n"], p["email"], p["team"]) for p in its.people]
    rows = Rows(people)
    label = {row["id"]: row["label"] for row in labelled.signals}
    issues = _issues(its, rows, label, people)
    _messages(its, rows, label, people, issues)
    _records(its, rows, label, people)
    done = _done(its, labelled)
    return World(
        labelled.name,
        f"shared-{style}",
        event,
        [(its.start.date(), document(labelled.register, people, its.start.date(), end.date()))],
        rows.pages(),
        rows.labels,
        done,
        its.start.date(),
        end,
        its.drift_at.date() if wanted else None,
        bool(wanted),
    )


def _module(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("shared_world", folder / "world.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _issues(its: Any, rows: Rows, label: dict[str, str | None], people: list[Person]) -> dict[str, Item]:
    def served(key: str) -> str | None:
        while key not in label and its.issues[key]["parent"]:
            key = its.issues[key]["parent"]
        return label.get(key)

    found: dict[str, Item] = {}

    def add(key: str) -> Item:
        if key not in found:
            one = its.issues[key]
            parent = add(one["parent"]) if one["parent"] in its.issues else None
            found[key] = rows.issue(key, one["type"], one["title"], one["text"], parent, served(key))
        return found[key]

    for key, one in its.issues.items():
        item = add(key)
        rows.created(item, one["created"] or its.start, people[0])
        for change in one["log"]:
            rows.move(item, _CATEGORY[change["b"]], change["at"], people[change["who"]["n"]])
        for log in one["work"]:
            rows.log(item, log["started"], people[log["who"]["n"]], log["seconds"] / 3600)
        for comment in one["comments"]:
            rows.comment(item, comment["at"], people[comment["who"]["n"]], comment["text"])
        if one["assignee"]:
            rows.assign(item, people[one["assignee"]["n"]], one["updated"] or its.start, log=False)
    return found


def _messages(
    its: Any, rows: Rows, label: dict[str, str | None], people: list[Person], issues: dict[str, Item]
) -> None:
    of_text = {row["text"]: key for key, row in _slack_rows(its).items()}
    by_account = {p["slack"]: people[p["n"]] for p in its.people}
    for channel, messages in its.messages.items():
        threads: dict[str, Item] = {}
        for one in sorted(messages, key=lambda m: (m["thread"] is not None, m["ts"])):
            if one["thread"]:
                rows.message(channel, one["at"], by_account[one["user"]], one["text"], threads[one["thread"]])
                continue
            named = next(
                (key for key in issues if key in one["text"].replace(":", " ").replace("?", " ").split()), None
            )
            serves = rows.labels[issues[named]] if named else label.get(of_text.get(one["text"], ""))
            threads[one["ts"]] = rows.message(channel, one["at"], by_account[one["user"]], one["text"], None, serves)


def _slack_rows(its: Any) -> dict[str, Any]:
    return {ref["id"]: ref for _, _, source, ref in its.items if source == "slack"}


def _records(its: Any, rows: Rows, label: dict[str, str | None], people: list[Person]) -> None:
    seen: dict[str, Item] = {}
    for one in its.crm:
        row, by, at = one["row"], people[one["who"]["n"]], one["at"]
        serves = label.get(row["id"])
        if row["kind"] in ("deal", "ticket"):
            if row["id"] not in seen:
                seen[row["id"]] = rows.record(row["kind"], row["container"], row["title"], row["text"], at, by, serves)
            rows.engagement("note", None, f"{row['title'] or ''}: next step agreed", at, by, seen[row["id"]], serves)
        else:
            hours = one["ms"] / 3_600_000 if row["kind"] in ("call", "meeting") else None
            rows.engagement(row["kind"], row["title"], row["text"], at, by, seen.get(row["parent"]), serves, hours)


def _done(its: Any, labelled: Labelled) -> list[Done]:
    """Its truth is by objective: a key result of it stands for the objective."""
    some = {objective: key for key, objective in labelled.objective_of.items()}
    return [
        Done(datetime.fromisoformat(day).date(), n, team, some.get(label), amount, None)
        for day, n, team, label, amount in its.truth
    ]
