"""Jira's issues as its API shows them."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from simulator.api.config import ApiConfig
from simulator.world import Issue, World

STATUSES = {
    "To Do": ("1", "new"),
    "In Progress": ("3", "indeterminate"),
    "In Review": ("4", "indeterminate"),
    "Done": ("5", "done"),
}
LEVELS = {"Goal": 2, "Epic": 1, "Sub-task": -1}
"""Levels of the types that are not at the stories' own."""
_SELF = "https://velora.atlassian.example/rest/api/3"
_FIRST_WORKLOGS, _FIRST_HISTORIES, _FIRST_COMMENTS = 20, 100, 50


class Rows:
    """Makes them of what a World holds. `statuses` are those of the site."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self._world, self._config = world, config
        self._users: dict[int, dict[str, Any]] = {}
        self.statuses = [_status(id_, name, key) for name, (id_, key) in STATUSES.items()]

    def issue(self, issue: Issue, fields: list[str], changelog: bool) -> dict[str, Any]:
        """An issue with the fields that are asked for."""
        row: dict[str, Any] = {"id": str(issue.id), "key": issue.key, "self": f"/rest/api/3/issue/{issue.id}"}
        values = self._fields(issue)
        row["fields"] = values if "*all" in fields else {name: values[name] for name in fields if name in values}
        if not fields:
            del row["fields"]  # without `fields` the search gives ids only
        if changelog:
            rows = self.histories(issue)
            row["changelog"] = {
                "startAt": 0,
                "maxResults": _FIRST_HISTORIES,
                "total": len(rows),
                "histories": rows[::-1][:_FIRST_HISTORIES],
            }
        return row

    def _fields(self, issue: Issue) -> dict[str, Any]:
        logs, comments = self.worklogs(issue), self.comments(issue)
        status, category = STATUSES[issue.status]
        return {
            "summary": issue.title,
            "description": self._body(issue.text),
            "issuetype": self.type_of(issue),
            "status": next((row for row in self.statuses if row["id"] == status), None)
            or _status(status, issue.status, category),
            "project": {
                "self": f"{_SELF}/project/{issue.project}",
                "id": issue.project,
                "key": issue.project,
                "name": issue.project,
                "projectTypeKey": "software",
                "simplified": False,
                "avatarUrls": _avatars(issue.project),
            },
            "labels": issue.labels,
            "duedate": issue.due,
            "timespent": sum(row["timeSpentSeconds"] for row in logs) or None,
            "created": self._time(issue.created),
            "updated": self._time(issue.updated),
            "creator": self._user(issue.creator),
            "reporter": self._user(issue.creator),
            "assignee": None if issue.assignee is None else self._user(issue.assignee),
            **self._above(issue),
            "comment": {"total": len(comments), "maxResults": _FIRST_COMMENTS, "comments": comments[:_FIRST_COMMENTS]},
            "worklog": {"total": len(logs), "maxResults": _FIRST_WORKLOGS, "worklogs": logs[:_FIRST_WORKLOGS]},
            "issuelinks": [],
            **issue.more,
        }

    def _above(self, issue: Issue) -> dict[str, Any]:
        """What an issue hangs on: Data Center has `parent` for sub-tasks alone, and custom fields for epics."""
        if not self._config.jira_data_center:
            return {"parent": {"id": str(issue.parent.id), "key": issue.parent.key} if issue.parent else None}
        above, higher = (
            issue.parent.key if issue.parent else None,
            self._config.jira_parent_link and issue.type == "Epic",
        )
        return {
            "customfield_10100": None if higher else above,
            "customfield_10101": issue.title if issue.type == "Epic" else None,
            "customfield_10102": above if higher else None,
        }

    def types(self) -> list[dict[str, Any]]:
        """The types of issues that the site has."""
        return list({row["id"]: row for issue in self._world.issues for row in [self.type_of(issue)]}.values())

    def type_of(self, issue: Issue) -> dict[str, Any]:
        """In the site's own words; Data Center does not say the level."""
        if not self._config.jira_data_center:
            return _kind(issue.type)
        name = "Epos" if issue.type == "Epic" else issue.type
        return {"id": name, "name": name, "subtask": False}

    def _body(self, text: str | None) -> Any:
        return text if self._config.jira_data_center else _adf(text)

    def histories(self, issue: Issue) -> list[dict[str, Any]]:
        """What changed, oldest first."""
        rows = []
        for number, (at, author, field, old, new) in enumerate(issue.changes):
            change: dict[str, Any] = {"field": field, "fieldtype": "jira", "fieldId": field}
            if field == "Key":
                change |= {"from": None, "fromString": old, "to": None, "toString": new}
            elif field == "status":
                change |= {"from": STATUSES[old][0], "fromString": old, "to": STATUSES[new][0], "toString": new}
            else:
                change |= {"from": self._id(old), "to": self._id(new)}
                change |= {"fromString": self._called(old), "toString": self._called(new)}
            rows.append(
                {
                    "id": f"{issue.id}{number:04d}",
                    "created": self._time(at),
                    "author": self._user(author),
                    "items": [change],
                }
            )
        return rows

    def worklogs(self, issue: Issue) -> list[dict[str, Any]]:
        """The time that was logged."""
        return [
            {
                "id": f"{issue.id}{n:04d}",
                "issueId": str(issue.id),
                "started": self._time(row[0]),
                "author": self._user(row[1]),
                "timeSpentSeconds": int(row[2] * 3600),
            }
            for n, row in enumerate(issue.worklogs)
            if row
        ]

    def comments(self, issue: Issue) -> list[dict[str, Any]]:
        """What was said below it."""
        return [
            {
                "id": f"{issue.id}{n:04d}",
                "created": self._time(row[0]),
                "updated": self._time(row[0]),
                "author": self._user(row[1]),
                "body": self._body(row[2]),
            }
            for n, row in enumerate(issue.comments)
            if row
        ]

    def _id(self, number: int | None) -> str | None:
        """What names a user in a history: on Data Center the key, which is not the login name."""
        return (
            None
            if number is None
            else f"JIRAUSER{10_000 + number}"
            if self._config.jira_data_center
            else _account(number)
        )

    def _called(self, number: int | None) -> str | None:
        """As a history names an assignee, who is none that asks through a portal: Jira assigns nothing to them."""
        return (
            None if number is None or number in self._config.jira_customers else str(self._user(number)["displayName"])
        )

    def _time(self, at: datetime) -> str:
        """In the account's own time zone, as Jira does."""
        local = at.astimezone(self._zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}" + local.strftime("%z")

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._config.jira_time_zone)

    def _user(self, number: int) -> dict[str, Any]:
        """With all that Jira says of a user, which is most of an answer's bytes; of one who is erased next to nothing."""
        if number in self._config.jira_erased:
            if self._config.jira_data_center:
                name = f"jirauser{10_000 + number}"
                who = {"displayName": f"user-{number:05x}", "emailAddress": f"{name}@jira.invalid"}
                return {"name": name, "key": self._id(number), "active": False, **who}
            who = {"accountType": "unknown", "displayName": "Former user"}
            return {"accountId": str(_account(number)), "active": False, **who}
        if self._config.jira_data_center:
            person = self._world.people[number]
            name = person.email.partition("@")[0]
            return {
                "name": name,
                "key": self._id(number),
                "displayName": person.name,
                "active": True,
                "emailAddress": person.email,
                "timeZone": self._config.jira_time_zone,
            }
        if number not in self._users:
            person, id_ = self._world.people[number], str(_account(number))
            user = {
                "self": f"{_SELF}/user?accountId={id_}",
                "accountId": id_,
                "accountType": "atlassian",
                "active": True,
                "avatarUrls": _avatars(id_),
                "displayName": person.name,
                "timeZone": self._config.jira_time_zone,
            }
            hidden = number in self._config.hidden_emails
            self._users[number] = user if hidden else user | {"emailAddress": person.email}
        if number in self._config.jira_customers:
            return self._users[number] | {"accountType": "customer"}
        return self._users[number]


def _avatars(name: str) -> dict[str, str]:
    return {
        f"{size}x{size}": f"https://avatars.velora.example/{name}/{size}?default=identicon" for size in (48, 24, 16, 32)
    }


@cache
def _kind(name: str) -> dict[str, Any]:
    return {
        "self": f"{_SELF}/issuetype/{name}",
        "id": name,
        "description": f"A {name.lower()}.",
        "name": name,
        "iconUrl": f"https://velora.atlassian.example/icons/{name}.svg",
        "subtask": False,
        "avatarId": 10318,
        "hierarchyLevel": LEVELS.get(name, 0),
    }


def _status(id_: str, name: str, category: str) -> dict[str, Any]:
    return {
        "self": f"{_SELF}/status/{id_}",
        "description": "",
        "iconUrl": "https://velora.atlassian.example/icons/s.png",
        "name": name,
        "id": id_,
        "statusCategory": {
            "self": f"{_SELF}/statuscategory/{id_}",
            "id": 2,
            "key": category,
            "colorName": "blue-gray",
            "name": name,
        },
    }


def _account(number: int | None) -> str | None:
    return None if number is None else f"5f{number:06d}"


def _adf(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": part}]} for part in text.split("\n") if part
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}
