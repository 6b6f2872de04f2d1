"""Jira's issues to work items and signals: pure functions of the JSON that the search answers with."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.base import Account, Signal, WorkItem
from connectors.text import from_adf, hours_of, issue_keys

LONGEST_TEXT = 20_000


def parse_issue(
    issue: Mapping[str, Any], categories: Mapping[str, str], url: str = ""
) -> tuple[WorkItem, list[Signal], list[Account]]:
    """Read one issue of the search's answer.

    `categories` gives the category (new, indeterminate, done) of a status id. Raises KeyError, TypeError or
    ValueError where the answer is not what Jira documents.
    """
    fields, id_ = issue["fields"], str(issue["id"])
    accounts: dict[str, Account] = {}

    def account(user: Mapping[str, Any] | None) -> str | None:
        if not user:
            return None
        name = str(user.get("accountId") or user["name"])
        if name not in accounts:
            accounts[name] = _account(user)
        return name

    assignee, creator = account(fields.get("assignee")), account(fields.get("creator") or fields.get("reporter"))
    title, text = fields.get("summary"), from_adf(fields.get("description"))[:LONGEST_TEXT] or None
    linked = [
        link[side]["key"] for link in fields.get("issuelinks") or [] for side in ("inwardIssue", "outwardIssue")
        if side in link
    ]  # fmt: skip
    item = WorkItem(
        "jira", id_, fields["issuetype"]["name"].lower(), fields["project"]["key"], title, text, issue["key"],
        str(fields["parent"]["id"]) if fields.get("parent") else None, tuple(fields.get("labels") or ()),
        fields["status"]["name"], assignee,
        tuple(key for key in (*issue_keys(title, text), *linked) if key != issue["key"]),
        f"{url}/browse/{issue['key']}", read_time(fields["created"]), read_time(fields["updated"]),
    )  # fmt: skip
    signals = [Signal("jira", f"issue:{id_}:created", id_, "created", read_time(fields["created"]), creator)]
    for history in (issue.get("changelog") or {}).get("histories") or []:
        signals += _changes(history, id_, account(history.get("author")), categories)
    for comment in (fields.get("comment") or {}).get("comments") or []:
        body = from_adf(comment.get("body"))[:LONGEST_TEXT]
        signals.append(Signal(
            "jira", f"comment:{comment['id']}", id_, "comment", read_time(comment["created"]),
            account(comment.get("author")), text=body, mentions=issue_keys(body),
        ))  # fmt: skip
    for log in (fields.get("worklog") or {}).get("worklogs") or []:
        signals.append(Signal(
            "jira", f"worklog:{log['id']}", id_, "worklog", read_time(log["started"]), account(log.get("author")),
            hours=hours_of(log["timeSpentSeconds"]), text=from_adf(log.get("comment")) or None,
        ))  # fmt: skip
    return item, signals, list(accounts.values())


def _changes(
    history: Mapping[str, Any], id_: str, author: str | None, categories: Mapping[str, str]
) -> Iterator[Signal]:
    at = read_time(history["created"])
    for number, change in enumerate(history["items"]):
        name = f"change:{history['id']}:{number}"
        if change["field"] == "status":
            detail = {"from": categories.get(str(change.get("from")), "new"),
                      "to": categories.get(str(change.get("to")), "new")}  # fmt: skip
            yield Signal("jira", name, id_, "transition", at, author, detail=detail)
        elif change["field"] == "assignee":
            yield Signal("jira", name, id_, "assignment", at, author,
                         detail={"from": change.get("from"), "to": change.get("to")})  # fmt: skip
        elif change["field"] in ("description", "summary"):
            yield Signal("jira", name, id_, "edit", at, author)


def _account(user: Mapping[str, Any]) -> Account:
    return Account(
        "jira", str(user.get("accountId") or user["name"]), user.get("displayName") or "", user.get("emailAddress"),
        user.get("accountType") == "app", user.get("timeZone"),
    )  # fmt: skip


def read_time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    return at.astimezone(UTC)
