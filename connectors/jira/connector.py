"""Jira Cloud (REST v3) and Data Center, through the `jira` client.

Facts that shape this module, each of which has cost another connector data:
- A bare JQL date is read in the account's own time zone and to the minute, so times are given in epoch milliseconds.
- There is no upper bound on what is new, or an issue that keeps changing would be lost.
- Issues change while the walk goes on, and then move within its order: a page that is found by its place would skip
  their neighbours. Each page is therefore a query of its own, from the last page's last update on; the page token
  only leads through issues that share one millisecond.
- The search index lags behind writes, so each pull overlaps the one before by OVERLAP.
- Issues are asked for by id through bulkfetch, which is never behind; `id in (...)` refuses the whole query for one
  id that does not exist.
- Issue keys change when an issue moves to another project; the numeric id does not, so ids are numeric.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.ahead import ahead
from connectors.base import (
    Account,
    BadAnswer,
    Check,
    Cursor,
    Failure,
    NotFound,
    Page,
    Signal,
    SourceError,
    SourceUnavailable,
    Span,
    Suspect,
    WorkItem,
)
from connectors.checks import after_pages, clock_row, listed_rows
from connectors.goals import Found, Wanted
from connectors.jira.client import PAGE_SIZE, JiraClient
from connectors.jira.fields import NamedFields
from connectors.jira.goals import read_goals
from connectors.jira.issues import FIELDS, Issues
from connectors.jira.metric import measured
from connectors.jira.parse import parse_issue
from connectors.jira.projects import EpicFields, Projects
from connectors.jira.statuses import Statuses
from connectors.jira.walk import Walk
from connectors.limits import Limiter, Rate
from connectors.records import UNREADABLE, set_aside
from connectors.times import millis, read_time


class JiraConnector:
    """Issues of the listed projects with their transitions, comments and worklogs."""

    name = "jira"

    def __init__(
        self,
        *,
        url: str,
        email: str = "",
        token: str,
        projects: list[str],
        fields: Sequence[str] = (),
        timeout: float = 30,
        requests_per_second: float = 10,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.url, self.projects, self._now = url.rstrip("/"), projects, now
        self._rate = Rate.per_second(requests_per_second)
        self.client = JiraClient(self.url, email, token, timeout, self._rate, limiter or Limiter())
        self.tenant = self.client.tenant
        self._projects = Projects(self.client, projects)
        self._statuses = Statuses(self.client)
        self._epics = EpicFields(self.client)
        self._fields = NamedFields(self.client, fields)
        self._issues = Issues(self.client, self._projects, self._epics, self._fields)
        self._walk = Walk(self.name, self._issues, self._projects, self._fields, now)
        self._known: set[str] = set()

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        checks = []
        try:
            me = self.client.ask(lambda jira: jira.myself())
            checks.append(Check("account", True, f"{me.get('displayName', '?')}, time zone {me.get('timeZone', '?')}"))
            visible = self._projects.find()
        except SourceError as error:
            return [*checks, Check("account", False, error.message, error.fix)]
        checks.append(clock_row(self.client.skew))
        fix = "Check the key, or give the account the permission Browse Projects there."
        checks += listed_rows("project", self.projects, visible, fix)
        if self._projects.keys:
            checks.append(self._volume(since))
        return checks

    def _volume(self, since: datetime) -> Check:
        jql = f"{self._issues.in_projects()} AND updated >= {millis(since)}"
        try:
            count = int(self.client.ask(lambda jira: jira.approximate_issue_count(jql)))
        except (SourceError, *UNREADABLE):
            return Check("data", True, "this Jira does not count issues; the first pull shows its progress")
        return after_pages("issues", count, PAGE_SIZE, self._rate)

    def names(self) -> list[str]:
        """See connectors.base.Choosable: the keys of the projects that the account sees."""
        return sorted(self._projects.find())

    def people(self) -> Iterator[Page]:
        """See connectors.base.Choosable: a Jira has no teams that all may read."""
        return iter(())

    def streams(self) -> list[str]:
        """The search covers all projects in one walk; each that cannot be read is a stream that says so.

        Asks first who is signed in: with an expired token some Jiras answer a search with nothing instead of a 401.
        """
        self.client.get("myself")
        self._projects.find()
        self._statuses.expire()
        issues = ["issues"] if self._projects.keys else []
        return [*issues, *(f"project {name}" for name in self._projects.missing)]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Walk on from the last update that is known. See connectors.base.Connector."""
        if stream != "issues":
            raise self._projects.refusal([stream.removeprefix("project ")])
        for issues, after in ahead(self._walk.forward(cursor, since)):
            yield self._page(issues, after)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """The past, newest first. See connectors.base.Connector."""
        if stream != "issues":
            return
        for issues, after in ahead(self._walk.backward(cursor, since)):
            yield self._page(issues, after, datetime.fromtimestamp(after["back"] / 1000, UTC))

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector."""
        self._projects.find()
        for first in range(0, len(records), PAGE_SIZE):
            some = [record for record in records[first : first + PAGE_SIZE] if record.isdigit()]
            page = self._page(self._issues.by_id(some, FIELDS), None) if some else Page(stream, None)
            missing = sorted({*some} - {*page.read} - {failure.external_id for failure in page.failures})
            places = {id_: self._place(id_) for id_ in missing}
            gone = [id_ for id_, place in places.items() if place is None]
            left = [id_ for id_, place in places.items() if place and place not in self._projects.keys]
            yield replace(page, read=[*page.read, *gone, *left], gone=gone, left=left)

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Ask for every known issue by its id: one that is deleted is gone, one in a project that is not listed has left."""
        self._projects.find()
        if self._projects.missing:
            raise self._projects.refusal(self._projects.missing, "so nothing is taken for deleted.")
        ids = [id_ for id_ in known if id_.isdigit()]
        for first in range(0, len(ids), PAGE_SIZE):
            some = ids[first : first + PAGE_SIZE]
            places = self._issues.places(some)
            missing = sorted({*some} - places.keys())
            places |= {id_: self._place(id_) for id_ in missing}
            gone = [id_ for id_ in missing if places[id_] is None]
            left = [id_ for id_ in some if places[id_] not in (None, "", *self._projects.keys)]
            if gone or left:
                yield Page("sweep", {}, gone=gone, left=left)

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """Comments and worklogs can be deleted; a history cannot. See connectors.base.Connector."""
        gone = []
        for name, issue in suspects:
            kind, _, id_ = name.partition(":")
            if name == issue:
                gone += [name] if self._place(issue) is None else []
            elif kind in ("comment", "worklog") and not self.client.is_there(f"issue/{issue}/{kind}/{id_}"):
                gone.append(name)
        return gone

    def recognises(self, sample: Sequence[tuple[str, datetime]]) -> bool:
        """See connectors.tenant.Recognising: no two Jiras made an issue of one number in the same millisecond."""
        self._projects.find()
        wanted = {id_: created for id_, created in sample if id_.isdigit()}
        if not wanted or not self._projects.keys:
            return False
        found = {
            str(one["id"]): one["fields"]["created"] for one in self._issues.by_id(sorted(wanted), "created,project")
        }
        alike = sum(read_time(created) == wanted[id_] for id_, created in found.items())
        return alike == len(found) and 2 * alike >= len(wanted)

    def measure(self, metric: Mapping[str, Any]) -> float:
        """See connectors.metrics.Measuring."""
        self._projects.find()
        if not self._projects.keys:
            raise self._projects.refusal(self._projects.missing, "so nothing is measured.")
        return measured(self.client, self._issues.in_projects(), metric)

    def goals(self, wanted: Wanted) -> Found:
        """See connectors.goals.KeepsGoals."""
        return read_goals(self.client, self._projects, self._epics, wanted)

    def _place(self, id_: str) -> str | None:
        """The key of the project that an issue is in, empty where that cannot be told; None where Jira says that it is gone."""
        try:
            return str(self.client.get(f"issue/{id_}", fields="project")["fields"]["project"]["key"])
        except NotFound:
            return None
        except (BadAnswer, SourceUnavailable, *UNREADABLE):
            return ""

    def _page(self, issues: list[Any], cursor: Cursor | None, reached: datetime | None = None) -> Page:
        items: list[WorkItem] = []
        signals: list[Signal] = []
        accounts: dict[str, Account] = {}
        failures: list[Failure] = []
        down = 0
        for issue in issues:
            name = str(issue.get("id", "?")) if isinstance(issue, dict) else "?"
            broken: list[str] = []
            try:
                self._issues.complete(issue)
                item, its_signals, its_accounts = self._parse(issue, broken)
            except NotFound:
                continue  # deleted since the search; the sweep takes it away
            except Exception as error:  # the border around one record
                # One issue whose parts cannot be had is its own fault, several in a row are the server's.
                down = down + 1 if isinstance(error, SourceUnavailable) else 0
                if down == 3:
                    raise
                failures.append(set_aside(self.name, "issues", name, error))
                continue
            down = 0
            items.append(item)
            failures += [Failure(self.name, "issues", name, "; ".join(broken)[:500])] if broken else []
            self._known.add(item.external_id)
            signals.extend(its_signals)
            for account in its_accounts:
                known = accounts.get(account.external_id)
                if known is None or _said_of(account) > _said_of(known):
                    accounts[account.external_id] = account
        read = [item.external_id for item in items]
        spans = [Span(item=id_) for id_ in read]
        items = self._epics.parents(items, issues, self._issues.by_id)
        items += self._missing_parents(items)
        return Page("issues", cursor, items, signals, list(accounts.values()), failures, read, spans, reached=reached)

    def _parse(self, issue: dict[str, Any], broken: list[str]) -> tuple[WorkItem, list[Signal], list[Account]]:
        states = self._statuses.of([issue])
        named = self._fields.ids
        return parse_issue(issue, states, self.client.site, broken=broken, epic_fields=self._epics.labels, fields=named)

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
                for issue in self._issues.by_id(ids[first : first + PAGE_SIZE], FIELDS):
                    try:
                        item, _, _ = self._parse(issue, [])
                    except (*UNREADABLE, BadAnswer):
                        continue  # it is set aside when it comes up in a walk of its own
                    found.append(item)
                    wanted |= {item.parent} - self._known if item.parent else set()
        return found


def _said_of(account: Account) -> tuple[bool, bool, bool]:
    """Of two that are one, that which says more of it is kept."""
    return bool(account.email), account.bot, bool(account.time_zone)
