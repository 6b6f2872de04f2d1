"""Jira Cloud (REST v3) and Data Center, through the `jira` client.

Facts that shape this module, each of which has cost another connector data:
- A bare JQL date is read in the account's own time zone and to the minute, so the window is given in epoch
  milliseconds. There is no upper bound, or an issue that keeps changing would be lost.
- The search index lags behind writes, so each pull overlaps the one before by OVERLAP.
- Issue keys change when an issue moves to another project; the numeric id does not, so ids are numeric.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from jira import JIRA
from jira.exceptions import JIRAError

from connectors.base import (
    Account,
    BadAnswer,
    Check,
    CredentialError,
    Cursor,
    Failure,
    Page,
    RateLimited,
    ScopeError,
    Signal,
    SourceError,
    SourceUnavailable,
    WorkItem,
)
from connectors.retry import retrying
from connectors.text import from_adf, issue_keys

OVERLAP = timedelta(minutes=5)
PAGE_SIZE = 100
FIELDS = ("summary,description,issuetype,status,project,parent,assignee,creator,reporter,labels,created,updated,"
          "comment,worklog,issuelinks")  # fmt: skip
LONGEST_TEXT = 20_000
_MAKE_ONE = "https://id.atlassian.com/manage-profile/security/api-tokens"


class JiraConnector:
    """Issues of the listed projects with their transitions, comments and worklogs."""

    name = "jira"

    def __init__(self, *, url: str, email: str = "", token: str, projects: list[str], timeout: float = 30) -> None:
        self.url, self.projects = url.rstrip("/"), projects
        self._options = {"server": self.url, "rest_api_version": "3"}
        self._auth: dict[str, Any] = {"basic_auth": (email, token)} if email else {"token_auth": token}
        self._timeout = timeout
        self._client: JIRA | None = None
        self._categories: dict[str, str] = {}
        self._known: set[str] = set()

    def check(self) -> list[Check]:
        """See connectors.base.Connector."""
        checks = []
        try:
            me = self._ask(lambda: self.client.myself())
            checks.append(Check("account", True, f"{me.get('displayName', '?')}, time zone {me.get('timeZone', '?')}"))
            visible = {p["key"] for p in self._ask(lambda: self.client._get_json("project"))}
        except SourceError as error:
            return [*checks, Check("account", False, error.message, error.mend)]
        for key in self.projects:
            mend = "" if key in visible else "Check the key, or give the account the permission Browse Projects there."
            checks.append(
                Check(f"project {key}", key in visible, "readable" if key in visible else "not visible", mend)
            )
        return checks

    def streams(self) -> list[str]:
        """One stream: the search covers all projects in one walk."""
        return ["issues"]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Walk the issues in the order of their last update. See connectors.base.Connector."""
        state = dict(cursor or {"updated": _millis(since)})
        start = int(state["updated"]) - (_millis_of(OVERLAP) if cursor else 0)
        newest, token = int(state.get("newest", state["updated"])), state.get("token")
        if not self._categories:
            self._categories = {
                status["id"]: status["statusCategory"]["key"]
                for status in self._ask(lambda: self.client._get_json("status"))
            }
        while True:
            answer = self._search(f"updated >= {start}", token)
            issues = answer.get("issues")
            if not isinstance(issues, list):
                raise BadAnswer(self.name, "the search answered without a list of issues.")
            token = answer.get("nextPageToken")
            newest = max([newest, *(_millis(at) for at in map(_updated, issues) if at)])
            # While walking, keep the old lower bound: the token is only valid for the very same query.
            after: dict[str, Any] = (
                {"updated": start + _millis_of(OVERLAP), "newest": newest, "token": token} if token
                else {"updated": newest}
            )  # fmt: skip
            yield self._page(issues, after)
            if not token:
                return

    @property
    def client(self) -> JIRA:
        """The vendor's client; asks the server on first use which kind of Jira it is."""
        if self._client is None:
            self._client = self._retried(
                lambda: JIRA(self.url, options=self._options, max_retries=0, timeout=self._timeout, **self._auth)
            )
        return self._client

    def _search(self, which: str, token: Any) -> dict[str, Any]:
        keys = ", ".join(json.dumps(key) for key in self.projects)
        jql = f"project in ({keys}) AND {which} ORDER BY updated ASC, id ASC"
        if self.client._is_cloud:
            return dict(self._ask(lambda: self.client.enhanced_search_issues(
                jql, nextPageToken=token, maxResults=PAGE_SIZE, fields=FIELDS, expand="changelog", json_result=True
            )))  # fmt: skip
        offset = int(token or 0)
        answer = dict(self._ask(lambda: self.client.search_issues(
            jql, startAt=offset, maxResults=PAGE_SIZE, fields=FIELDS, expand="changelog", json_result=True
        )))  # fmt: skip
        seen = offset + len(answer.get("issues", []))
        if answer.get("issues") and seen < int(answer.get("total", 0)):
            answer["nextPageToken"] = seen
        return answer

    def _page(self, issues: list[dict[str, Any]], cursor: Cursor) -> Page:
        items: list[WorkItem] = []
        signals: list[Signal] = []
        accounts: dict[str, Account] = {}
        failures: list[Failure] = []
        for issue in issues:
            try:
                self._complete(issue)
                item, its_signals, its_accounts = parse_issue(issue, self._categories, self.url)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                name = str(issue.get("id", "?")) if isinstance(issue, dict) else "?"
                failures.append(Failure(self.name, "issues", name, f"{type(error).__name__}: {error}"))
                continue
            items.append(item)
            self._known.add(item.external_id)
            signals.extend(its_signals)
            accounts.update({account.external_id: account for account in its_accounts})
        items += self._missing_parents(items)
        return Page("issues", cursor, items, signals, list(accounts.values()), failures)

    def _missing_parents(self, items: list[WorkItem]) -> list[WorkItem]:
        """Epics that nobody has touched within the window: without them their stories would lose their strongest clue.

        Only the items, not their signals, which lie before the window. Parents in projects that are not listed stay out.
        """
        found: list[WorkItem] = []
        wanted = {item.parent for item in items if item.parent} - self._known
        while wanted:
            self._known |= wanted
            ids = sorted(wanted)
            wanted = set()
            for first in range(0, len(ids), PAGE_SIZE):
                for issue in self._search(f"id in ({', '.join(ids[first : first + PAGE_SIZE])})", None)["issues"]:
                    try:
                        item, _, _ = parse_issue(issue, self._categories, self.url)
                    except (KeyError, TypeError, ValueError, AttributeError):
                        continue  # it is set aside when it comes up in a walk of its own
                    found.append(item)
                    wanted |= {item.parent} - self._known if item.parent else set()
        return found

    def _complete(self, issue: dict[str, Any]) -> None:
        """Fetch what the search cut off: it gives 100 histories, 20 worklogs and a first page of comments."""
        for holder, name, key in (
            (issue, "changelog", "histories"),
            (issue["fields"], "comment", "comments"),
            (issue["fields"], "worklog", "worklogs"),
        ):
            part = holder.get(name) or {}
            if len(part.get(key) or []) < int(part.get("total") or 0):
                path = f"issue/{issue['id']}/{name}"
                holder[name] = {key: self._all(path, "values" if name == "changelog" else key)}

    def _all(self, path: str, key: str) -> list[Any]:
        found: list[Any] = []
        while True:
            query = {"startAt": len(found), "maxResults": PAGE_SIZE}
            answer = self._ask(lambda query=query: self.client._get_json(path, params=query))
            found += answer[key]
            if not answer[key] or len(found) >= int(answer["total"]):
                return found

    def _ask(self, call: Any) -> Any:
        _ = self.client  # connects first: retries within retries would multiply
        return self._retried(call)

    def _retried(self, call: Any) -> Any:
        return retrying(lambda: self._translated(call))

    def _translated(self, call: Any) -> Any:
        """Run a call of the client; its errors become ours, which say whether to try again."""
        try:
            return call()
        except JIRAError as error:
            raise self._error(error) from None  # the client's message holds headers and the whole body
        except requests.JSONDecodeError:
            raise SourceUnavailable(self.name, f"{self.url} answered with something that is not JSON.") from None
        except requests.RequestException as error:
            raise SourceUnavailable(
                self.name, f"no answer from {self.url} ({type(error).__name__}).", "Check jira.url and the network."
            ) from None

    def _error(self, error: JIRAError) -> SourceError:
        status, response = error.status_code, error.response
        if status == 401:
            return CredentialError(
                self.name,
                "the token is not accepted.",
                f"Make a new one at {_MAKE_ONE} and set jira.email, jira.token.",
            )
        if status == 403:
            return ScopeError(self.name, "read:jira-work", "Give the account Browse Projects, or the token that scope.")
        if status == 429:
            return RateLimited(self.name, float((response and response.headers.get("Retry-After")) or 5))
        if status is None or status >= 500:
            return SourceUnavailable(self.name, f"{self.url} answered {status}.")
        return BadAnswer(self.name, f"{self.url} answered {status}: {str(error.text)[:200]}")


def parse_issue(
    issue: Mapping[str, Any], categories: Mapping[str, str], url: str = ""
) -> tuple[WorkItem, list[Signal], list[Account]]:
    """Read one issue of the search's answer.

    `categories` gives the category (new, indeterminate, done) of a status id. Raises KeyError, TypeError or
    ValueError where the answer is not what Jira documents.
    """
    fields, id_ = issue["fields"], str(issue["id"])
    accounts: list[Account] = []

    def account(user: Mapping[str, Any] | None) -> str | None:
        if not user:
            return None
        found = _account(user)
        accounts.append(found)
        return found.external_id

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
        f"{url}/browse/{issue['key']}", _time(fields["created"]), _time(fields["updated"]),
    )  # fmt: skip
    signals = [Signal("jira", f"issue:{id_}:created", id_, "created", _time(fields["created"]), creator)]
    for history in (issue.get("changelog") or {}).get("histories") or []:
        signals += _changes(history, id_, account(history.get("author")), categories)
    for comment in (fields.get("comment") or {}).get("comments") or []:
        body = from_adf(comment.get("body"))[:LONGEST_TEXT]
        signals.append(Signal(
            "jira", f"comment:{comment['id']}", id_, "comment", _time(comment["created"]),
            account(comment.get("author")), text=body, mentions=issue_keys(body),
        ))  # fmt: skip
    for log in (fields.get("worklog") or {}).get("worklogs") or []:
        signals.append(Signal(
            "jira", f"worklog:{log['id']}", id_, "worklog", _time(log["started"]), account(log.get("author")),
            hours=float(log["timeSpentSeconds"]) / 3600, text=from_adf(log.get("comment")) or None,
        ))  # fmt: skip
    return item, signals, accounts


def _changes(
    history: Mapping[str, Any], id_: str, author: str | None, categories: Mapping[str, str]
) -> Iterator[Signal]:
    at = _time(history["created"])
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


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    return at.astimezone(UTC)


def _updated(issue: Any) -> datetime | None:
    try:
        return _time(issue["fields"]["updated"])
    except (KeyError, TypeError, ValueError):
        return None


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _millis_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
