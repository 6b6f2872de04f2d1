"""GitHub's answers to work items and signals; asks nobody.

Raises KeyError, TypeError, ValueError or AttributeError where an answer is not what GitHub documents.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors.base import ItemKind, Signal, SignalKind, State, WorkItem
from connectors.github.people import People, is_bot
from connectors.github.text import from_markdown, from_message, mentions
from connectors.records import UNREADABLE
from connectors.times import in_utc

_LONGEST_KEY = 64
_EARLIEST = datetime(2005, 4, 7, tzinfo=UTC)
"""Git's own first day: an earlier commit has a broken clock."""
_CO_AUTHOR = re.compile(r"^co-authored-by:\s*([^<>\n]*?)\s*<([^<>\s]+@[^<>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)
_EVENTS = {"commented", "reviewed", "closed", "reopened", "assigned", "unassigned", "renamed"}
_MERGED = re.compile(r"\(#\d+\)$")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as it is called now; `id` stays when it is renamed or moves."""

    id: int
    name: str
    branch: str
    has_issues: bool = True

    def is_at(self, address: str) -> bool:
        """Whether an address of GitHub's API is this one's, by its name or its number."""
        return address.lower().endswith((f"/repos/{self.name.lower()}", f"/repositories/{self.id}"))


@dataclass(frozen=True, slots=True)
class Parts:
    """What is asked for beside an issue: its timeline, and of a pull request itself, its lines' comments, its commits."""

    timeline: Sequence[Any] = ()
    pull: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[Any] = ()
    commits: Sequence[Any] = ()


_signal = partial(Signal, "github")


def item_id(repository: Repository, number: Any) -> str:
    """The id of an issue or pull request, or of a commit."""
    return f"{repository.id}:{number}"


def parse_item(
    repository: Repository, issue: Mapping[str, Any], parts: Parts, people: People, broken: list[str] | None = None
) -> tuple[WorkItem, list[Signal]]:
    """Read an issue or pull request with what belongs to it.

    An event, a comment or a commit that cannot be read is left out and named in `broken`.
    """
    aside: list[str] = [] if broken is None else broken
    id_, is_pull = item_id(repository, issue["number"]), bool(issue.get("pull_request"))
    item = _item(repository, id_, issue, parts, people)
    author, at = people.account(issue.get("user")), in_utc(issue["created_at"])
    signals = [_signal(f"{id_}:created", id_, SignalKind.CREATED, at, author)]
    if is_pull:  # an open pull request is work under way, by whom it comes from
        detail = {"from": State.TODO, "to": State.DOING}
        signals.append(_signal(f"{id_}:opened", id_, SignalKind.TRANSITION, at, detail=detail))
    event, line = partial(_events, id_, repository, is_pull, people), partial(_line, id_, repository, people)
    signals += _readable("event", parts.timeline, event, aside)
    signals += _closing(id_, is_pull, issue, signals, people)
    signals += _readable("comment on a line", parts.lines, line, aside)
    signals += _readable("commit", parts.commits, partial(_of_pull, id_, repository, people), aside)
    return item, signals


def _readable(
    name: str, rows: Sequence[Any], read: Callable[[Any], Iterator[Signal]], broken: list[str]
) -> Iterator[Signal]:
    """The signals of the rows that can be read; the others cost only themselves."""
    for row in rows:
        try:
            yield from list(read(row))
        except UNREADABLE as error:
            id_ = (row.get("id") or row.get("sha")) if isinstance(row, Mapping) else None
            broken.append(f"{name} {id_ or '?'}: {type(error).__name__}: {error}")


def _of_pull(id_: str, repository: Repository, people: People, commit: Mapping[str, Any]) -> Iterator[Signal]:
    if is_merge(commit):  # another pull request that went into this one's branch, as before a release
        return iter(())
    return _committed(id_, f"{id_}:commit:{commit['sha']}", repository, commit, people)


def _line(id_: str, repository: Repository, people: People, comment: Mapping[str, Any]) -> Iterator[Signal]:
    yield _said(id_, repository, comment, "line", people)


def _item(repository: Repository, id_: str, issue: Mapping[str, Any], parts: Parts, people: People) -> WorkItem:
    title, text, is_pull = issue["title"], from_markdown(issue.get("body")) or None, bool(issue.get("pull_request"))
    names = [f"{repository.name}#{issue['number']}", f"{repository.name.partition('/')[2]}#{issue['number']}"]
    branch = str((parts.pull.get("head") or {}).get("ref") or "")
    author, assignees = issue.get("user"), [people.account(user) for user in issue.get("assignees") or []]
    milestone = (issue.get("milestone") or {}).get("title")
    labels = [str(one.get("name") or "") if isinstance(one, Mapping) else str(one) for one in issue.get("labels") or []]
    return WorkItem(
        source="github",
        external_id=id_,
        kind=ItemKind.PULL_REQUEST if is_pull else ItemKind.ISSUE,
        container=repository.name,
        title=title,
        text=text,
        key=next((name for name in names if len(name) <= _LONGEST_KEY), None),
        parent=_parent(repository, issue),
        labels=tuple(label for label in (*labels, milestone) if label),
        status=_status(issue),
        assignee=people.account(author) if is_pull else next((one for one in assignees if one), None),
        mentions=tuple(name for name in mentions(repository.name, title, text, branch=branch) if name != names[0]),
        url=str(issue.get("html_url") or "") or None,
        created_at=in_utc(issue["created_at"]),
        updated_at=in_utc(issue["updated_at"]),
        automated=is_bot(author),
    )


def parse_comment(repository: Repository, comment: Mapping[str, Any], people: People) -> Signal:
    """Read a comment on an issue, or on a line of a pull request."""
    address = comment.get("issue_url") or comment["pull_request_url"]
    id_ = item_id(repository, int(str(address).rpartition("/")[2]))
    return _said(id_, repository, comment, "comment" if "issue_url" in comment else "line", people)


def parse_commit(
    repository: Repository, commit: Mapping[str, Any], people: People
) -> tuple[WorkItem | None, list[Signal]]:
    """Read a commit that came into the default branch without a pull request; nothing for a merge."""
    id_ = item_id(repository, commit["sha"])
    signals = list(_committed(id_, f"{id_}:commit", repository, commit, people))
    if not signals:
        return None, []
    subject, rest = from_message(commit["commit"]["message"])
    item = WorkItem(
        "github",
        id_,
        ItemKind.COMMIT,
        repository.name,
        subject,
        rest or None,
        assignee=signals[0].account,
        mentions=mentions(repository.name, subject, rest),
        url=str(commit.get("html_url") or "") or None,
        created_at=signals[0].at,
        updated_at=signals[0].at,
        automated=is_bot(commit.get("author")),
    )
    return item, signals


def brings_default_branch(repository: Repository, pull: Mapping[str, Any]) -> bool:
    """Whether it takes the default branch elsewhere, as a release does: the work in it was counted where it came in."""
    head = pull.get("head") or {}
    return head.get("ref") == repository.branch and (head.get("repo") or {}).get("id") == repository.id


def is_merge(commit: Mapping[str, Any]) -> bool:
    """Whether the commit only brings together what others hold: two parents, or GitHub's squash of a pull request.

    The squash is made when somebody presses the button; the work is in the pull request's own commits.
    """
    subject = str(commit["commit"]["message"]).strip().partition("\n")[0].strip()
    by_github = (commit.get("committer") or {}).get("login") == "web-flow"
    return len(commit.get("parents") or ()) > 1 or (by_github and bool(_MERGED.search(subject)))


def _committed(
    item: str, name: str, repository: Repository, commit: Mapping[str, Any], people: People
) -> Iterator[Signal]:
    """One signal for each who wrote it; none for a merge."""
    if len(commit.get("parents") or ()) > 1:
        return
    own, message = commit["commit"]["author"], str(commit["commit"]["message"])
    wrote = [people.author(str(own.get("name") or ""), str(own.get("email") or ""), commit.get("author"))]
    wrote += [people.author(*found) for found in _CO_AUTHOR.findall(message)]
    subject, rest = from_message(message)
    at = _committed_at(commit["commit"])
    named = mentions(repository.name, subject, rest)
    for number, account in enumerate(dict.fromkeys(wrote)):
        own_name = name if number == 0 else f"{name}:{account}"
        yield _signal(own_name, item, SignalKind.COMMIT, at, account, text=subject, mentions=named)


def _committed_at(commit: Mapping[str, Any]) -> datetime:
    """When it was written; where that clock was wrong, when it was committed."""
    committed = in_utc((commit.get("committer") or commit["author"])["date"])
    written = in_utc(commit["author"]["date"])
    if not committed - timedelta(days=366) <= written <= committed + timedelta(days=1):
        written = committed
    if written < _EARLIEST:
        raise ValueError(f"a commit of {written:%Y-%m-%d}")
    return written


def _events(
    id_: str, repository: Repository, is_pull: bool, people: People, event: Mapping[str, Any]
) -> Iterator[Signal]:
    """What one event of the timeline says, if anything."""
    working = State.DOING if is_pull else State.TODO
    kind = event.get("event")
    if kind not in _EVENTS:
        return
    by = people.account(event.get("assigner") or event.get("actor") or event.get("user"))
    if kind == "commented":
        yield _said(id_, repository, event, "comment", people)
    elif kind == "reviewed" and event.get("submitted_at"):
        text = from_markdown(event.get("body")) or None
        if text or event.get("state") != "commented":  # else it only holds its comments on lines
            at = in_utc(event["submitted_at"])
            yield _signal(f"{id_}:review:{event['id']}", id_, SignalKind.REVIEW, at, by, text=text)
    elif kind in ("closed", "reopened"):
        was, now = (working, State.DONE) if kind == "closed" else (State.DONE, working)
        yield _event(id_, event, SignalKind.TRANSITION, by, {"from": was, "to": now})
    elif kind in ("assigned", "unassigned") and not is_pull:
        who = people.account(event.get("assignee"))
        detail = {"from": None, "to": who} if kind == "assigned" else {"from": who, "to": None}
        yield _event(id_, event, SignalKind.ASSIGNMENT, by, detail)
    elif kind == "renamed":
        yield _event(id_, event, SignalKind.EDIT, by, {})


def _event(id_: str, event: Mapping[str, Any], kind: SignalKind, by: str | None, detail: Mapping[str, Any]) -> Signal:
    return _signal(f"{id_}:event:{event['id']}", id_, kind, in_utc(event["created_at"]), by, detail=detail)


def _closing(
    id_: str, is_pull: bool, issue: Mapping[str, Any], signals: Sequence[Signal], people: People
) -> Iterator[Signal]:
    """The end of a closed issue whose timeline does not hold it, as after an import."""
    if issue.get("state") != "closed" or not issue.get("closed_at"):
        return
    if not any(signal.kind == SignalKind.TRANSITION and signal.detail["to"] == State.DONE for signal in signals):
        detail = {"from": State.DOING if is_pull else State.TODO, "to": State.DONE}
        by = people.account(issue.get("closed_by"))
        yield _signal(f"{id_}:closed", id_, SignalKind.TRANSITION, in_utc(issue["closed_at"]), by, detail=detail)


def _said(id_: str, repository: Repository, comment: Mapping[str, Any], kind: str, people: People) -> Signal:
    text, at = from_markdown(comment.get("body")), in_utc(comment["created_at"])
    by, named = people.account(comment.get("user") or comment.get("actor")), mentions(repository.name, text)
    return _signal(f"{id_}:{kind}:{comment['id']}", id_, SignalKind.COMMENT, at, by, text=text, mentions=named)


def _status(issue: Mapping[str, Any]) -> str:
    if (issue.get("pull_request") or {}).get("merged_at"):
        return "merged"
    return "draft" if issue.get("draft") and issue["state"] == "open" else str(issue["state"])


def _parent(repository: Repository, issue: Mapping[str, Any]) -> str | None:
    """The issue that this one is a sub-issue of, where that is in the same repository."""
    found = re.search(r"/repos/([^/]+/[^/]+)/issues/(\d+)$", str(issue.get("parent_issue_url") or ""))
    return item_id(repository, found[2]) if found and found[1].lower() == repository.name.lower() else None
