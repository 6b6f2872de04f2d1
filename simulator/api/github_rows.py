"""GitHub's objects as its API shows them."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from simulator.code import Code, Commit, Remark, Repository, Ticket

GHOST = {"id": 10_137, "login": "ghost", "type": "User"}
_API = "https://github.example/api/v3"


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}


class Rows:
    """Makes them of what Code holds."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def repository(self, repository: Repository) -> dict[str, Any]:
        return {
            "id": repository.id,
            "full_name": repository.name,
            "default_branch": "main",
            "private": True,
            "has_issues": repository.has_issues,
        }

    def user(self, number: int | None) -> dict[str, Any] | None:
        if number is None:
            return None
        account = self._code.accounts[number]
        return {"id": account.id, "login": account.login, "type": "Bot" if account.bot else "User"}

    def issue(self, repository: Repository, ticket: Ticket) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": ticket.id,
            "number": ticket.number,
            "title": ticket.title,
            "body": ticket.text,
            "state": "closed" if ticket.closed else "open",
            "user": self.user(ticket.user) or GHOST,
            "assignees": [self.user(one) for one in ticket.assignees],
            "labels": [{"name": one} for one in ticket.labels],
            "comments": len(ticket.comments),
            "created_at": text_of(ticket.created),
            "updated_at": text_of(ticket.updated),
            "closed_at": text_of(ticket.closed) if ticket.closed else None,
            "milestone": None,
            "repository_url": f"{_API}/repos/{repository.name}",
            "html_url": f"https://github.example/{repository.name}/issues/{ticket.number}",
        }
        if ticket.branch:
            merged = text_of(ticket.merged) if ticket.merged else None
            row |= {"draft": ticket.draft, "pull_request": {"merged_at": merged}}
        return row

    def pull(self, repository: Repository, ticket: Ticket, *, brief: bool = False) -> dict[str, Any]:
        row = self.issue(repository, ticket)
        del row["pull_request"], row["comments"], row["repository_url"]
        base = next(iter(repository.commits), "")
        head = ticket.commits[-1].sha if ticket.commits else base
        row |= {
            "merged_at": text_of(ticket.merged) if ticket.merged else None,
            "head": {"ref": ticket.branch, "sha": head, "repo": self.repository(repository)},
            "base": {"ref": "main", "sha": base, "repo": self.repository(repository)},
        }
        return row if brief else row | {"commits": len(ticket.commits), "review_comments": len(ticket.lines)}

    def remark(self, repository: Repository, ticket: Ticket, remark: Remark, kind: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": remark.id,
            "body": remark.text,
            "created_at": text_of(remark.at),
            "updated_at": text_of(remark.at),
            "user": self.user(remark.user),
        }
        where = f"{_API}/repos/{repository.name}"
        if kind == "comments":
            return row | {"issue_url": f"{where}/issues/{ticket.number}"}
        return row | {"pull_request_url": f"{where}/pulls/{ticket.number}"}

    def timeline(self, ticket: Ticket) -> list[Any]:
        rows: list[tuple[datetime, dict[str, Any]]] = []
        for one in ticket.comments:
            rows.append(
                (
                    one.at,
                    {
                        "event": "commented",
                        "id": one.id,
                        "body": one.text,
                        "user": self.user(one.user),
                        "actor": self.user(one.user),
                        "created_at": text_of(one.at),
                    },
                )
            )
        for one in ticket.reviews:
            rows.append(
                (
                    one.at,
                    {
                        "event": "reviewed",
                        "id": one.id,
                        "body": one.text,
                        "user": self.user(one.user),
                        "state": one.state,
                        "submitted_at": text_of(one.at) if one.state != "pending" else None,
                    },
                )
            )
        for commit in ticket.commits:
            rows.append((commit.committed, {"event": "committed", "sha": commit.sha, "message": commit.message}))
        for id_, at, kind, account, who in ticket.events:
            row = {"event": kind, "id": id_, "actor": self.user(account), "created_at": text_of(at)}
            rows.append((at, row | ({"assignee": self.user(who)} if kind.endswith("assigned") else {})))
        return [row for _, row in sorted(rows, key=lambda one: one[0])]

    def commit(self, commit: Commit) -> dict[str, Any]:
        signed = {"name": commit.name, "email": commit.email, "date": text_of(commit.written)}
        committed = {"name": "GitHub", "email": "noreply@github.com"} if commit.by_github else signed
        by = {"id": 19_864_447, "login": "web-flow", "type": "User"} if commit.by_github else self.user(commit.user)
        return {
            "sha": commit.sha,
            "author": self.user(commit.user),
            "committer": by,
            "parents": [{"sha": sha} for sha in commit.parents],
            "commit": {
                "author": signed,
                "committer": committed | {"date": text_of(commit.committed)},
                "message": commit.message,
            },
        }


def text_of(at: datetime) -> str:
    """As GitHub writes a time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moved(address: str, request: Request) -> Refused:
    """A redirect that keeps the query."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Refused(301, "Moved Permanently", {"Location": address + query})
