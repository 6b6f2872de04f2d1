"""Goals kept in Jira: issues of a type, and the issues below each.

Types are found by name in the site's language, by Jira's own name or by id; team-managed projects have types of one name each. A
goal is done by its status category, which no language renames.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.base import BadAnswer, NotFound
from connectors.goals import Found, Goal, Wanted
from connectors.jira.client import SOURCE, JiraClient
from connectors.jira.goal_fields import GoalFields, parent_link
from connectors.jira.projects import EpicFields, Projects
from connectors.records import UNREADABLE

FIELDS = "summary,status,parent,assignee,duedate,issuetype,project"
MOST = 2_000
"""Goals that are read at most; more are no goals."""
_LONGEST = 300
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_BATCH = 50


def read_goals(client: JiraClient, projects: Projects, epics: EpicFields, wanted: Wanted) -> Found:
    """The goals of the listed projects. Raises SourceError, also where one of the projects cannot be read: what is missing then
    would look deleted."""
    projects.find()
    if projects.missing:
        raise projects.refusal(projects.missing, "so goals are not compared.")
    within = f"project in ({', '.join(json.dumps(key) for key in projects.keys)})"
    types, said = _types(client), GoalFields(client, wanted.fields)
    also = f" AND ({wanted.query})" if wanted.query else ""
    asked = [*said.ids.values(), *epics.labels]
    above = [
        one
        for id_ in _ids(types, wanted.type)
        for one in _search(client, f"{within} AND (issuetype = {_quoted(id_)}{also})", asked)
    ]
    tops = {str(one["id"]): one for one in above}
    under = [
        found
        for link, some in _links(client, epics, list(tops.values()))
        for found in _below(client, within, some, (link, [*said.ids.values()]))
    ]
    suits = set(_ids(types, wanted.below)) if wanted.below else None
    rows: dict[str, tuple[dict[str, Any], str | None]] = {id_: (row, None) for id_, row in tops.items()}
    for parent, row in under:
        kind = row["fields"].get("issuetype") or {}
        if parent in tops and kind.get("subtask") is not True and (suits is None or str(kind.get("id")) in suits):
            rows[str(row["id"])] = (row, parent)
    goals = [goal for row, parent in rows.values() if (goal := _goal(row, parent, said)) is not None]
    return _with_known(client, goals, wanted.known)


def _types(client: JiraClient) -> list[Mapping[str, Any]]:
    return [one for one in client.get("issuetype") if isinstance(one, Mapping) and "id" in one]


def _ids(types: Sequence[Mapping[str, Any]], named: str) -> list[str]:
    """Ids of the types that a name means. Raises BadAnswer."""
    plain = named.casefold()
    found = [
        str(one["id"])
        for one in types
        if plain in (str(one.get(name, "")).casefold() for name in ("name", "untranslatedName", "id"))
    ]
    if not found:
        known = ", ".join(sorted({str(one.get("name")) for one in types}))
        raise BadAnswer(
            SOURCE,
            f"there is no issue type {named!r}; it has {known}.",
            "Write one of these in goals.type or goals.key_result_type.",
        )
    return found


def _quoted(id_: str) -> str:
    return id_ if id_.isdigit() else json.dumps(id_)


def _search(client: JiraClient, jql: str, also: Sequence[str]) -> Iterator[dict[str, Any]]:
    token: Any = None
    fields = ",".join([FIELDS, *also])
    for _ in range(MOST // 100):
        answer = client.search(jql, token, fields, changelog=False)
        for issue in answer.get("issues") or []:
            if isinstance(issue, dict) and "id" in issue and isinstance(issue.get("fields"), dict):
                yield issue
        token = answer.get("nextPageToken")
        if not token:
            return
    raise BadAnswer(
        SOURCE, f"this setting makes more than {MOST} issues goals.", "Narrow it: another type, or a query."
    )


def _links(
    client: JiraClient, epics: EpicFields, tops: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, Sequence[dict[str, Any]]]]:
    """By which field issues hang below these. Data Center has one for what is below an epic, and Advanced Roadmaps another one
    for what is below anything higher; Cloud has `parent` for all, here the empty text."""
    epic, parent = next((name for name in epics.names if name not in epics.labels), ""), parent_link(client)
    if not parent:
        yield epic, tops
        return
    labelled = [one for one in tops if any(one["fields"].get(name) for name in epics.labels)] if epic else []
    yield epic, labelled
    yield parent, [one for one in tops if one not in labelled]


def _below(
    client: JiraClient, within: str, tops: Sequence[dict[str, Any]], asked: tuple[str, Sequence[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Issues right below these by a link, each with the id of the one above; `asked` are the link and further fields."""
    link, also = asked
    by_key = {str(one["key"]): str(one["id"]) for one in tops}
    for first in range(0, len(tops), _BATCH):
        some = tops[first : first + _BATCH]
        names = ", ".join(str(one["key"]) for one in some) if link else ", ".join(str(one["id"]) for one in some)
        clause = f"cf[{link.removeprefix('customfield_')}]" if link else "parent"
        for row in _search(client, f"{within} AND ({clause} in ({names}))", [link, *also] if link else also):
            parent = (
                (row["fields"].get("parent") or {}).get("id") if not link else _key_in(row["fields"].get(link), by_key)
            )
            yield str(parent), row


def _key_in(value: Any, by_key: Mapping[str, str]) -> str | None:
    """The id of the issue that a link names; versions of Advanced Roadmaps give its key, or an object that holds it."""
    if isinstance(value, Mapping):
        value = value.get("key") or (value.get("data") or {}).get("key")
    return by_key.get(str(value))


def _goal(row: Mapping[str, Any], parent: str | None, said: GoalFields) -> Goal | None:
    """What an issue says; None where it cannot be read."""
    try:
        fields = row["fields"]
        assignee = fields.get("assignee") or {}
        due = str(fields.get("duedate") or "")
        state = ((fields.get("status") or {}).get("statusCategory") or {}).get("key")
        title = _plain(fields.get("summary"))
        if not title or not _KEY.fullmatch(str(row["key"])):
            return None
        return Goal(
            str(row["id"]),
            str(row["key"]),
            title,
            parent,
            _plain(assignee.get("emailAddress")) or None,
            bool(assignee),
            due if _DAY.fullmatch(due) else None,
            state == "done",
            {what: _plain(value) for what, value in said.read(fields).items()},
        )
    except UNREADABLE:
        return None


def _plain(text: Any) -> str:
    """Somebody's words in one line, without what is not seen: control characters and marks that turn the direction."""
    said = str(text or "").encode("utf-8", "replace").decode()
    seen = "".join(
        " " if c.isspace() else c for c in said if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf")
    )
    return " ".join(seen.split())[:_LONGEST]


def _with_known(client: JiraClient, goals: Sequence[Goal], known: Sequence[str]) -> Found:
    """Look up each key that the register names and the search did not show: deleted, moved, or no such goal any more."""
    keys, ids = {one.key for one in goals}, {one.id: one.key for one in goals}
    gone, elsewhere, moved = list[str](), list[str](), dict[str, str]()
    for key in known:
        if key in keys:
            continue
        try:
            issue = client.get(f"issue/{key}", fields="project") if _KEY.fullmatch(key) else {}
        except NotFound:
            gone.append(key)
            continue
        now = ids.get(str(issue.get("id")))
        if now is None:
            elsewhere.append(key)
        else:
            moved[key] = now
    return Found(goals, gone, elsewhere, moved)
