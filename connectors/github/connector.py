"""GitHub: issues, pull requests with reviews and comments, and commits of the listed repositories.

Facts that shape this module, beside those of `walk` and `client`:
- A merge and GitHub's squash are made when somebody presses a button. The work is in the pull request's commits, so a
  commit of the default branch counts by itself only where no pull request holds it.
- A transferred issue's address answers with another repository's issue while its comments are 404; a deleted one's
  answers 410, and so does every issue's where issues are switched off, which deletes nothing.
- An edit of a comment need not touch its issue, so comments are followed by themselves as well.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import (
    BadAnswer,
    Check,
    Cursor,
    Failure,
    NotReachable,
    Page,
    Signal,
    SourceUnavailable,
    Span,
    Suspect,
    WorkItem,
)
from connectors.github import checks, walk
from connectors.github.client import Client, Gone, NotThere
from connectors.github.directory import Directory
from connectors.github.parse import (
    Parts,
    Repository,
    brings_default_branch,
    is_merge,
    item_id,
    parse_comment,
    parse_commit,
    parse_item,
)
from connectors.github.people import People
from connectors.github.sweep import is_elsewhere, is_gone, sweep
from connectors.github.walk import Step
from connectors.limits import Limiter, Rate
from connectors.records import UNREADABLE, set_aside

RECENT = timedelta(days=14)
"""What a first pull reads before it turns to the past."""
LONGEST_PARTS = 5_000
"""Events and commits read of one issue; beyond that it is an automation's, not work."""
MOST_COMMITS = 250
"""Commits that GitHub lists of one pull request; the rest is in the comparison with its base."""
_ITEMS, _COMMITS = "issues", "commits"
_COMMENTS = {"comments": "issues/comments", "line comments": "pulls/comments"}


class GitHubConnector:
    """Issues, pull requests, reviews, comments and commits of the listed repositories."""

    name = "github"

    def __init__(
        self,
        *,
        repositories: list[str],
        token: str = "",
        url: str = "https://github.com",
        app_id: str = "",
        private_key: str = "",
        installation_id: int = 0,
        own_domains: Sequence[str] = (),
        timeout: float = 30,
        requests_per_hour: float = 4_800,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.repositories, self._now = repositories, now
        self._rate = Rate.per_minute(requests_per_hour / 60)
        self.client = Client(
            url=url,
            token=token,
            app_id=app_id,
            private_key=private_key,
            installation_id=installation_id,
            timeout=timeout,
            rate=self._rate,
            limiter=limiter or Limiter(),
        )
        self.tenant = self.client.tenant
        self._directory = Directory(self.client, own_domains)
        self._known: dict[str, Repository] = {}
        self._lock = threading.Lock()

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        return checks.check(self.client, self.repositories, since, self._rate)

    def streams(self) -> list[str]:
        """Four a repository: issues with pull requests, commits, and the edits of two kinds of comments."""
        self._known.clear()  # one may have been renamed since, or its issues switched off
        return [f"{kind} {name}" for kind in (_ITEMS, _COMMITS, *_COMMENTS) for name in self.repositories]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """See connectors.base.Connector."""
        kind, repository = self._of(stream)
        recent = max(since, self._today() - RECENT)
        try:
            for step in self._new(kind, repository, cursor, recent):
                yield self._page(stream, step, since)
        except Gone:
            if kind in _COMMENTS:
                return  # issues were switched off, and their comments with them
            for step in walk.new_pulls(self.client, repository, cursor, recent):
                yield self._page(stream, step, since)

    def _new(self, kind: str, repository: Repository, cursor: Cursor | None, recent: datetime) -> Iterator[Step]:
        if kind == _COMMITS:
            return walk.new_commits(self.client, repository, cursor, recent)
        if kind == _ITEMS and not repository.has_issues:
            return walk.new_pulls(self.client, repository, cursor, recent)
        where = f"{walk.path(repository)}/{_COMMENTS.get(kind, kind)}"
        return walk.new_updates(self.client, where, cursor, recent if kind == _ITEMS else self._today())

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """The past, newest first. Comments have none of their own: it is read with their issues."""
        kind, repository = self._of(stream)
        if kind == _COMMITS:
            steps = walk.old_commits(self.client, repository, cursor, since)
        elif kind == _ITEMS and repository.has_issues:
            steps = walk.old_updates(self.client, f"{walk.path(repository)}/issues", cursor, since)
        elif kind == _ITEMS:
            steps = walk.old_pulls(self.client, repository, cursor, since)
        else:
            return
        for step in steps:
            yield self._page(stream, step, since)

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A record is an issue's number, a comment's number or a commit's hash."""
        kind, repository = self._of(stream)
        rows, gone = [], []
        for record in records:
            try:
                rows.append(self.client.get(f"{walk.path(repository)}/{_COMMENTS.get(kind, kind)}/{record}"))
            except (NotThere, Gone):
                gone.append(record)
        page = self._page(stream, Step(rows, None), datetime.min.replace(tzinfo=UTC))
        ids = [] if kind in _COMMENTS else [item_id(repository, record) for record in gone]
        yield replace(page, read=[*page.read, *gone], gone=[*page.gone, *ids])

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A repository that cannot be seen any more deletes nothing."""
        self._known.clear()
        return sweep(self.client, [self._repository(name) for name in self.repositories], known)

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """See connectors.base.Connector."""
        _, repository = self._of(stream)
        return [one.external_id for one in suspects if is_gone(self.client, repository, one.external_id)]

    def _page(self, stream: str, step: Step, since: datetime) -> Page:
        kind, repository = self._of(stream)
        people = People(self._directory.number)
        items: list[WorkItem] = []
        signals: list[Signal] = []
        failures: list[Failure] = []
        read: list[str] = []
        spans: list[Span] = []
        down = 0
        for row in step.rows:
            broken: list[str] = []
            try:
                its_items, its_signals = self._understood(kind, repository, row, people, since, broken)
            except (NotThere, Gone):
                continue  # deleted or transferred since the list; the sweep takes it away
            except Exception as error:  # the border around one record
                # One record whose parts cannot be had is its own fault, several in a row are the server's.
                down = down + 1 if isinstance(error, SourceUnavailable) else 0
                if down == 3:
                    raise
                failures.append(set_aside(self.name, stream, _record(kind, row), error))
                continue
            down = 0
            if broken:
                failures.append(Failure(self.name, stream, _record(kind, row), "; ".join(broken)[:500]))
            elif kind == _ITEMS:
                spans += [span for item in its_items for span in _spans(item.external_id)]
            items += its_items
            signals += its_signals
            read.append(_record(kind, row))
        others = [self._repository(name) for name in self.repositories if name in self._known]
        accounts = self._directory.accounts(people, repository, others)
        return Page(stream, step.cursor, items, signals, accounts, failures, read, spans, step.gone, step.reached)

    def _understood(
        self,
        kind: str,
        repository: Repository,
        row: Mapping[str, Any],
        people: People,
        since: datetime,
        broken: list[str],
    ) -> tuple[list[WorkItem], list[Signal]]:
        if kind in _COMMENTS:
            signal = parse_comment(repository, row, people)
            return [], [signal] if signal.at >= since else []
        if kind == _COMMITS:
            if is_merge(row) or self._has_pull(repository, str(row["sha"])):
                return [], []
            item, signals = parse_commit(repository, row, people)
            return [item] if item else [], signals
        if is_elsewhere(repository, row, row["number"]):
            raise NotThere(self.name, "it was transferred.")
        parts = self._parts(repository, row)
        listed = parts.pull and not brings_default_branch(repository, parts.pull)
        if listed and len(parts.commits) != int(parts.pull["commits"]):
            broken.append(f"commits: {len(parts.commits)} of {parts.pull['commits']} were listed")
        one, signals = parse_item(repository, row, parts, people, broken)
        return [one], signals

    def _parts(self, repository: Repository, issue: Mapping[str, Any]) -> Parts:
        """What the list does not give. An issue that nobody has touched since it was opened has no more."""
        where, number, is_pull = walk.path(repository), issue["number"], bool(issue.get("pull_request"))
        if not is_pull and not issue.get("comments") and issue["updated_at"] == issue["created_at"]:
            return Parts()
        timeline = self.client.rows(f"{where}/issues/{number}/timeline", LONGEST_PARTS)
        if not is_pull:
            return Parts(timeline)
        pull = self.client.get(f"{where}/pulls/{number}")
        lines = self.client.rows(f"{where}/pulls/{number}/comments", LONGEST_PARTS) if pull["review_comments"] else []
        if brings_default_branch(repository, pull):
            return Parts(timeline, pull, lines)
        if int(pull["commits"]) > MOST_COMMITS:
            commits, _ = walk.difference(self.client, repository, pull["base"]["sha"], pull["head"]["sha"])
        else:
            commits = self.client.rows(f"{where}/pulls/{number}/commits", MOST_COMMITS) if pull["commits"] else []
        return Parts(timeline, pull, lines, commits)

    def _has_pull(self, repository: Repository, commit: str) -> bool:
        """Whether a pull request of this repository holds the commit."""
        pulls = self.client.rows(f"{walk.path(repository)}/commits/{commit}/pulls", 100)
        return any(
            ((pull.get("base") or {}).get("repo") or {}).get("id") == repository.id
            and not brings_default_branch(repository, pull)
            for pull in pulls
        )

    def _of(self, stream: str) -> tuple[str, Repository]:
        kind, _, name = stream.rpartition(" ")
        return kind, self._repository(name)

    def _repository(self, name: str) -> Repository:
        with self._lock:  # four streams begin with the same question
            return self._known.get(name) or self._looked_up(name)

    def _looked_up(self, name: str) -> Repository:
        try:
            found = self.client.get(f"/repos/{name}")
            branch, has_issues = str(found.get("default_branch") or "main"), bool(found.get("has_issues", True))
            self._known[name] = Repository(int(found["id"]), str(found["full_name"]), branch, has_issues)
        except NotThere:
            raise NotReachable(
                self.name,
                f"the repository {name} does not exist, or the token has no access to it.",
                "Write it as owner/name in github.repositories, and give the token access to it.",
            ) from None
        except UNREADABLE:
            raise BadAnswer(self.name, f"the repository {name} answered with something else.") from None
        return self._known[name]

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


def _spans(item: str) -> list[Span]:
    """What is complete of an item: its commits are all that the pull request holds, the rest is asked for by itself."""
    sure = [Span(item=item, prefix=f"{item}:{kind}", sure=True) for kind in ("commit:", "closed")]
    return [*sure, *(Span(item=item, prefix=f"{item}:{kind}:") for kind in ("comment", "line", "review", "event"))]


def _record(kind: str, row: Any) -> str:
    if not isinstance(row, dict):
        return "?"
    return str(row.get({_ITEMS: "number", _COMMITS: "sha"}.get(kind, "id"), "?"))
