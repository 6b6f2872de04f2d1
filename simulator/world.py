"""What the company's tools hold: issues, messages, CRM records; and beside it, the truth."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from simulator.company import Person, Planted


@dataclass(slots=True)
class Issue:
    """A Jira issue. Histories, comments and worklogs are kept as (at, author, ...) in order of time.

    A deleted comment or worklog is None, since ids are places in the list; `touched` is when that or an edit was.
    """

    id: int
    key: str
    project: str
    type: str
    title: str
    text: str | None
    creator: int
    created: datetime
    parent: "Issue | None" = None
    assignee: int | None = None
    status: str = "To Do"
    labels: list[str] = field(default_factory=list)
    changes: list[tuple[datetime, int, str, Any, Any]] = field(default_factory=list)
    comments: list[tuple[datetime, int, str] | None] = field(default_factory=list)
    worklogs: list[tuple[datetime, int, float] | None] = field(default_factory=list)
    stream: str = ""
    touched: datetime | None = None
    due: str | None = None
    former: str | None = None
    """The key it had in the project that it was moved from, by which Jira still finds it."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields by their id, as the API gives them."""

    @property
    def updated(self) -> datetime:
        """Time of the last change of any kind."""
        times = [self.created, *([self.touched] if self.touched else [])]
        for rows in (self.changes, self.comments, self.worklogs):
            last = rows[-1] if rows else None
            times += [last[0]] if last else []
        return max(times)


@dataclass(slots=True)
class Message:
    """A Slack message. `thread` is the root's ts; `user` is None for a bot; a tombstone is a deleted root with replies."""

    channel: str
    ts: str
    user: int | None
    text: str
    thread: str | None = None
    stream: str = ""
    tombstone: bool = False
    broadcast: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    """What hangs on it, as the API gives it; a mail that came into the channel is such a file."""


@dataclass(slots=True)
class Record:
    """A HubSpot object. `links` are (type, id) of the records it hangs on."""

    type: str
    id: int
    properties: dict[str, str]
    created: datetime
    modified: datetime
    links: list[tuple[str, int]] = field(default_factory=list)
    stream: str = ""
    archived: bool = False
    histories: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """All of it. `truth` holds (day, person, {stream: part of a full day})."""

    today: date
    people: list[Person]
    planted: list[Planted]
    issues: list[Issue] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    truth: list[tuple[date, int, dict[str, float]]] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Every text people wrote, for checking how often one repeats."""
        found = [text for issue in self.issues for text in (issue.title, issue.text) if text]
        found += [row[2] for issue in self.issues for row in issue.comments if row]
        found += [message.text for message in self.messages]
        keys = (
            "dealname",
            "description",
            "subject",
            "content",
            "hs_call_body",
            "hs_note_body",
            "hs_email_text",
            "hs_meeting_body",
            "hs_task_body",
        )
        return found + [text for record in self.records for key in keys if (text := record.properties.get(key))]

    def weekly_truth(self) -> list[dict[str, Any]]:
        """Per week: share of the true effort on each objective ('' is none) and on the top three."""
        weeks: dict[date, dict[str, float]] = {}
        for day, _, split in self.truth:
            monday = date.fromordinal(day.toordinal() - day.weekday())
            sums = weeks.setdefault(monday, {})
            for stream, part in split.items():
                objective = stream.split(".")[0] if stream.startswith("O") else ""
                sums[objective] = sums.get(objective, 0.0) + part
        rows = []
        for monday, sums in sorted(weeks.items()):
            total = sum(sums.values())
            top = sum(sums.get(key, 0.0) for key in ("O1", "O2", "O3"))
            rows.append(
                {
                    "week": monday.isoformat(),
                    "person_days": round(total, 2),
                    "top_share": top / total,
                    "shares": {key: value / total for key, value in sorted(sums.items())},
                }
            )
        return rows
