"""What the database must hold of the simulated company's GitHub: read off its objects, by nothing that the connector uses."""

from collections.abc import Iterator

from simulator.code import Code, Commit, Repository, Ticket
from simulator.server import Simulator
from tests.connectors.truth import Row


def signals_of(company: Simulator) -> set[Row]:
    """(source, id, item, time, hours) of every signal that there is."""
    code = company.github.code
    found = {
        row
        for repository, ticket in code.tickets()
        if repository.has_issues or ticket.branch
        for row in _of_ticket(code, repository, ticket)
    }
    for repository in code.repositories:
        for commit in _alone(repository):
            item = f"{repository.id}:{commit.sha}"
            found |= {("github", id_, item, commit.written, None) for id_ in _ids(code, f"{item}:commit", commit)}
    return found


def items_of(company: Simulator) -> set[tuple[str, str, str | None]]:
    """(source, id, title) of every issue, pull request and commit without one."""
    code = company.github.code
    found = {
        ("github", f"{repository.id}:{ticket.number}", ticket.title)
        for repository, ticket in code.tickets()
        if repository.has_issues or ticket.branch
    }
    for repository in code.repositories:
        found |= {("github", f"{repository.id}:{c.sha}", c.message.split("\n")[0]) for c in _alone(repository)}
    return found


def _of_ticket(code: Code, repository: Repository, ticket: Ticket) -> Iterator[Row]:
    item = f"{repository.id}:{ticket.number}"
    yield "github", f"{item}:created", item, ticket.created, None
    if ticket.branch:
        yield "github", f"{item}:opened", item, ticket.created, None
    for kind, remarks in (("comment", ticket.comments), ("line", ticket.lines)):
        for one in remarks:
            yield "github", f"{item}:{kind}:{one.id}", item, one.at, None
    for one in ticket.reviews:
        if one.state != "pending" and (one.text or one.state != "commented"):
            yield "github", f"{item}:review:{one.id}", item, one.at, None
    for id_, at, kind, _, _ in ticket.events:
        if kind in ("closed", "reopened", "renamed") or (kind in ("assigned", "unassigned") and not ticket.branch):
            yield "github", f"{item}:event:{id_}", item, at, None
    if ticket.closed and not any(event[2] == "closed" for event in ticket.events):
        yield "github", f"{item}:closed", item, ticket.closed, None
    for commit in ticket.commits:
        if len(commit.parents) < 2:
            for id_ in _ids(code, f"{item}:commit:{commit.sha}", commit):
                yield "github", id_, item, commit.written, None


def _alone(repository: Repository) -> list[Commit]:
    """Commits of the default branch that no pull request holds and that bring together no others."""
    if not repository.main:
        return []
    return [
        one
        for one in repository.reached(repository.main).values()
        if len(one.parents) < 2 and one.sha not in repository.holders and not one.by_github
    ]


def _ids(code: Code, name: str, commit: Commit) -> list[str]:
    """One for each who wrote it."""
    ids = [name]
    for line in commit.message.split("\n"):
        if line.lower().startswith("co-authored-by:"):
            address = line.partition("<")[2].strip("> ")
            number, _, rest = address.partition("+")
            account = number if rest.endswith("users.noreply.github.com") else address.lower()
            ids.append(f"{name}:{account}")
    return ids


__all__ = ["Row", "items_of", "signals_of"]
