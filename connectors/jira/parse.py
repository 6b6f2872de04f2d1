"""Jira's issues to work items and signals: pure functions of the JSON that the search answers with."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.base import Account, ItemKind, Signal, SignalKind, State, WorkItem
from connectors.jira.fields import filled
from connectors.records import UNREADABLE
from connectors.text import from_adf, hours_of, issue_keys
from connectors.times import ImplausibleTime, read_time

LONGEST_TEXT, LONGEST_NAME = 20_000, 200
_KINDS = {kind.value: kind for kind in (ItemKind.STORY, ItemKind.TASK, ItemKind.BUG, ItemKind.SUBTASK)}
_STATES = {state.value: state for state in State}
_HOURS_A_DAY = 8.0
_CUSTOMER = "customer"
"""Who asks through a portal of Jira Service Management: nobody whose work is counted, so no account is made and no name kept."""
_ERASED = re.compile(r"user-[0-9a-f]{5,}")
_SAME = ("author", "started", "timeSpentSeconds", "comment")
_MOMENT = timedelta(seconds=10)
"""Between two worklogs that are one. Who states the same hours twice by hand needs longer."""


def parse_issue(
    issue: Mapping[str, Any],
    states: Mapping[str, str],
    url: str = "",
    *,
    broken: list[str] | None = None,
    epic_fields: tuple[str, ...] = (),
    fields: Mapping[str, str] | None = None,
) -> tuple[WorkItem, list[Signal], list[Account]]:
    """Read one issue of the search's answer.

    `states` gives the category (new, indeterminate, done) by status id. What was set at creation stands in the signal
    `created`: history begins with it. A comment, change or worklog that cannot be read is left out and
    named in `broken`. `epic_fields` are custom fields that only epics fill (Data Center); `fields` are
    names by id of those whose filling is an event. Raises KeyError, TypeError or
    ValueError where the issue itself is not what Jira documents.
    """
    given, id_ = issue["fields"], str(issue["id"])
    people = _People()
    assignee, creator = people.of(given.get("assignee")), people.of(given.get("creator") or given.get("reporter"))
    item = _item(issue, assignee, url, epic_fields)
    changes: list[tuple[Any, Mapping[str, Any]]] = []
    signals = _parts(issue, people, states, changes, broken)
    begin = {
        "state": _first(changes, "status", states, given["status"].get("id")),
        "assignee": _first(changes, "assignee", None, assignee),
    }
    created = Signal(
        "jira", f"issue:{id_}:created", id_, SignalKind.CREATED, read_time(given["created"]), creator, detail=begin
    )
    signals += filled(issue, fields, people.of) if fields else ()
    return item, [created, *signals], list(people.accounts.values())


def _former_keys(issue: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys that it had before it was moved from project to project; Jira keeps them working."""
    histories = (h for h in (issue.get("changelog") or {}).get("histories") or [] if isinstance(h, Mapping))
    changes = (c for h in histories for c in h.get("items") or [] if isinstance(c, Mapping))
    had = (str(c.get("fromString") or "") for c in changes if c.get("field") == "Key" and c.get("fieldtype") == "jira")
    return tuple(dict.fromkeys(key for key in had if key and key != issue["key"]))


def _item(issue: Mapping[str, Any], assignee: str | None, url: str, epic_fields: tuple[str, ...]) -> WorkItem:
    fields = issue["fields"]
    title, text = fields.get("summary"), from_adf(fields.get("description"))[:LONGEST_TEXT] or None
    linked = [
        link[side]["key"]
        for link in fields.get("issuelinks") or []
        for side in ("inwardIssue", "outwardIssue")
        if side in link
    ]
    return WorkItem(
        "jira",
        str(issue["id"]),
        _kind(fields, epic_fields),
        fields["project"]["key"],
        title,
        text,
        issue["key"],
        str(fields["parent"]["id"]) if fields.get("parent") else None,
        tuple(fields.get("labels") or ()),
        fields["status"]["name"],
        assignee,
        tuple(key for key in (*issue_keys(title, text), *linked) if key != issue["key"]),
        f"{url}/browse/{issue['key']}",
        read_time(fields["created"]),
        read_time(fields["updated"]),
        former=_former_keys(issue),
    )


class _People:
    """Accounts met in an issue. Data Center knows people by `key` in histories and by `key` and `name` elsewhere."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._called: set[str] = set()

    def called(self, id_: Any, name: Any) -> None:
        """Whoever had an issue and did nothing on it is named in its history alone, by id and by what people call them."""
        if id_ and name and str(id_) not in self.accounts and not _nobody(str(name)):
            self.accounts[str(id_)] = Account("jira", str(id_), str(name))
            self._called.add(str(id_))

    def of(self, user: Mapping[str, Any] | None) -> str | None:
        # What is left of some is a name to show.
        if not user or not any(user.get(name) for name in ("accountId", "key", "name")):
            return None
        id_ = account_id(user)
        if user.get("accountType") == _CUSTOMER:
            return id_
        known = self.accounts.get(id_)
        # A history may say less of somebody than the issue does.
        if known is None or id_ in self._called or (user.get("emailAddress") and not known.email):
            self._called.discard(id_)
            self.accounts[id_] = Account(
                "jira",
                id_,
                "" if is_erased(user) else user.get("displayName") or "",
                user.get("emailAddress"),
                user.get("accountType") == "app",
                user.get("timeZone"),
            )
        return id_


def _parts(
    issue: Mapping[str, Any],
    people: _People,
    states: Mapping[str, str],
    changes: list[tuple[Any, Mapping[str, Any]]],
    broken: list[str] | None,
) -> list[Signal]:
    """The changes, comments and worklogs of an issue; what changed is added to `changes`."""
    fields, id_ = issue["fields"], str(issue["id"])
    signals: list[Signal] = []

    def part(name: str, row: Any, read: Callable[[], Iterator[Signal]]) -> None:
        try:
            signals.extend(read())
        except UNREADABLE as error:
            if broken is not None:
                why = error if isinstance(error, ImplausibleTime) else f"{type(error).__name__}: {error}"
                broken.append(f"{name} {row.get('id', '?') if isinstance(row, Mapping) else '?'}: {why}")

    for history in (issue.get("changelog") or {}).get("histories") or []:
        part("change", history, partial(_changes, history, id_, people, states, changes))
    for comment in (fields.get("comment") or {}).get("comments") or []:
        part("comment", comment, partial(_comment, comment, id_, people))
    for log in _once((fields.get("worklog") or {}).get("worklogs") or []):
        part("worklog", log, partial(_worklog, log, id_, people))
    return signals


def account_id(user: Mapping[str, Any]) -> str:
    """What names a user for good: a Data Center's `name` may change, its `key` does not."""
    return str(user.get("accountId") or user.get("key") or user["name"])


def is_erased(user: Mapping[str, Any]) -> bool:
    """Return True if the account is gone and what it is called names nobody: Cloud's "Former user", Data Center's user-1f3a8."""
    return user.get("active") is False and _nobody(str(user.get("displayName") or ""))


def _nobody(name: str) -> bool:
    return name == "Former user" or bool(_ERASED.fullmatch(name))


def _kind(fields: Mapping[str, Any], epic_fields: tuple[str, ...]) -> ItemKind:
    """By level and not by name: types are called what the company, or the site's language, calls them."""
    type_ = fields["issuetype"]
    name, level = type_["name"].lower(), type_.get("hierarchyLevel")
    if isinstance(level, int) and not isinstance(level, bool):
        if level > 0:
            return ItemKind.EPIC
    elif name == "epic" or any(fields.get(field) for field in epic_fields):
        return ItemKind.EPIC
    if level == -1 or type_.get("subtask") is True:
        return ItemKind.SUBTASK
    return _KINDS.get(name, ItemKind.ISSUE)


def _changes(
    history: Mapping[str, Any],
    id_: str,
    people: _People,
    states: Mapping[str, str],
    seen: list[tuple[Any, Mapping[str, Any]]],
) -> Iterator[Signal]:
    at, author = read_time(history["created"]), people.of(history.get("author"))
    for number, change in enumerate(history["items"]):
        if change.get("fieldtype") == "custom":  # may be called "status" as well
            continue
        name, field = f"change:{history['id']}:{number}", change["field"]
        if field == "status":
            seen.append((at, change))
            detail: dict[str, Any] = {
                "from": state_of(states, change.get("from")),
                "to": state_of(states, change.get("to")),
            }
            if change.get("toString"):
                detail["name"] = str(change["toString"])[:LONGEST_NAME]
            yield Signal("jira", name, id_, SignalKind.TRANSITION, at, author, detail=detail)
        elif field == "assignee":
            seen.append((at, change))
            for side in ("from", "to"):
                people.called(change.get(side), change.get(f"{side}String"))
            detail = {"from": change.get("from"), "to": change.get("to")}
            yield Signal("jira", name, id_, SignalKind.ASSIGNMENT, at, author, detail=detail)
        elif field in ("description", "summary"):
            yield Signal("jira", name, id_, SignalKind.EDIT, at, author)


def _comment(comment: Mapping[str, Any], id_: str, people: _People) -> Iterator[Signal]:
    body = from_adf(comment.get("body"))[:LONGEST_TEXT]
    at, author = read_time(comment["created"]), people.of(comment.get("author"))
    name = f"comment:{comment['id']}"
    yield Signal("jira", name, id_, SignalKind.COMMENT, at, author, text=body, mentions=issue_keys(body))


def _once(logs: Sequence[Any]) -> Iterator[Any]:
    """Without those that a tool sent twice: all is the same, and they were made in the same moment."""
    made: dict[str, list[datetime]] = {}
    for log in logs:
        with suppress(KeyError, TypeError, ValueError, AttributeError):  # what cannot be read is said of the record
            told, same = read_time(log["created"]), {key: log.get(key) for key in _SAME}
            earlier = made.setdefault(json.dumps(same, sort_keys=True), [])
            if any(abs(told - one) <= _MOMENT for one in earlier):
                continue
            earlier.append(told)
        yield log


def _worklog(log: Mapping[str, Any], id_: str, people: _People) -> Iterator[Signal]:
    at, hours = read_time(log["started"]), hours_of(log["timeSpentSeconds"])
    if hours > _HOURS_A_DAY * 1.5 and log.get("created"):
        at = _end_of(at, hours, read_time(log["created"]))
    text, author = from_adf(log.get("comment")) or None, people.of(log.get("author"))
    yield Signal("jira", f"worklog:{log['id']}", id_, SignalKind.WORKLOG, at, author, hours=hours, text=text)


def _end_of(started: datetime, hours: float, told: datetime) -> datetime:
    """When work of several days ended that began then: as many weekdays later, but not after it was written down."""
    end = started
    for _ in range(min(math.ceil(hours / _HOURS_A_DAY), 30) - 1):
        end += timedelta(days=3 if end.weekday() == 4 else 1)
    return min(end, told) if told.date() > started.date() else started


def _first(
    changes: list[tuple[Any, Mapping[str, Any]]], field: str, states: Mapping[str, str] | None, today: Any
) -> str | None:
    """What it was at creation: what the first change came from, else what it is today."""
    made = [(at, change) for at, change in changes if change["field"] == field]
    value = min(made, key=lambda one: one[0])[1].get("from") if made else today  # newest first on some instances
    if states is not None:
        return state_of(states, value)
    return None if value is None else str(value)


def state_of(states: Mapping[str, str], status: Any) -> State:
    """The state of a status id; one that cannot be looked up is unknown, which is not "to do"."""
    return _STATES.get(states.get(str(status), ""), State.UNKNOWN)
