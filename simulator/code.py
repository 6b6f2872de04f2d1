"""What the company keeps on GitHub: repositories with issues, pull requests and commits, made from the issues they serve.

Made from a World with randomness of its own, so that nothing else of the company depends on it.
"""

import hashlib
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.company import Person
from simulator.world import Issue, World

TEAMS = {"app": 811, "fleet": 812, "platform": 813}
OWNER = "velora"
BOT = (49_699_333, "dependabot[bot]")
_PRIVATE_EVERY, _NOREPLY_EVERY = 7, 5


@dataclass(slots=True)
class Remark:
    """A comment, a review (with a `state`) or a comment on a line. `user` is an account's number, None for a deleted one."""

    id: int
    user: int | None
    at: datetime
    text: str | None
    state: str = ""


@dataclass(slots=True)
class Commit:
    """A commit. `user` is the account that its address belongs to, if any."""

    sha: str
    name: str
    email: str
    user: int | None
    written: datetime
    committed: datetime
    message: str
    parents: list[str] = field(default_factory=list)
    by_github: bool = False


@dataclass(slots=True)
class Ticket:
    """An issue, or with `branch` a pull request. `events` are (id, at, kind, account, who is assigned)."""

    id: int
    number: int
    title: str
    text: str | None
    user: int | None
    created: datetime
    branch: str | None = None
    closed: datetime | None = None
    merged: datetime | None = None
    draft: bool = False
    assignees: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    comments: list[Remark] = field(default_factory=list)
    reviews: list[Remark] = field(default_factory=list)
    lines: list[Remark] = field(default_factory=list)
    events: list[tuple[int, datetime, str, int | None, int | None]] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    touched: datetime | None = None

    @property
    def updated(self) -> datetime:
        """Time of the last change; an edited or deleted comment is none."""
        remarks = [*self.comments, *self.reviews, *self.lines]
        times = [self.created, *(one.at for one in remarks), *(event[1] for event in self.events)]
        return max([*times, *(one.committed for one in self.commits), *([self.touched] if self.touched else [])])


@dataclass(slots=True)
class Repository:
    """A repository. `main` is the newest commit of its default branch, `commits` all that the server has.

    `holders` gives the pull requests of a commit; `lost` what became of issues that are no longer there: "deleted", or
    the repository and number they were transferred to.
    """

    id: int
    name: str
    tickets: dict[int, Ticket] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    main: str = ""
    holders: dict[str, list[int]] = field(default_factory=dict)
    lost: dict[int, Any] = field(default_factory=dict)
    former: list[str] = field(default_factory=list)
    has_issues: bool = True

    def reached(self, sha: str) -> dict[str, Commit]:
        """The commits that lead to one, itself included."""
        found: dict[str, Commit] = {}
        waiting = [sha]
        while waiting:  # as `git log`: the newest that can be reached, a commit before its parents
            waiting.sort(key=lambda one: self.commits[one].committed)
            one = waiting.pop()
            if one not in found:
                found[one] = self.commits[one]
                waiting += [parent for parent in found[one].parents if parent in self.commits]
        return found

    def push(self, commit: Commit) -> Commit:
        """Put a commit on top of the default branch."""
        commit.parents = [*([self.main] if self.main else []), *commit.parents]
        self.commits[commit.sha] = commit
        self.main = commit.sha
        return commit


@dataclass(slots=True)
class Account:
    """Somebody on GitHub; the address is hidden unless `email` is set."""

    id: int
    login: str
    name: str
    email: str | None = None
    bot: bool = False


class Code:
    """All repositories and accounts of the company."""

    def __init__(self, world: World, teams: Collection[str] = tuple(TEAMS), most: int = 1_000_000) -> None:
        """Of these teams' repositories, each made of at most so many issues, spread over the time there is."""
        self.rng = random.Random(f"code{world.today}")
        self.accounts: dict[int, Account] = {BOT[0]: Account(*BOT, name=BOT[1], bot=True)}
        self.numbers: dict[int, int] = {}
        self.people = {person.number: person for person in world.people}
        for person in world.people:
            number = 5_000_000 + person.number
            self.numbers[person.number] = number
            self.accounts[number] = Account(number, person.email.partition("@")[0].replace(".", "-"), person.name)
        self._most = most
        self.repositories = [Repository(TEAMS[team], f"{OWNER}/{team}") for team in teams]
        self._ids = 90_000
        for repository, team in zip(self.repositories, teams, strict=True):
            self._fill(repository, [person for person in world.people if person.team == team], world)

    def next_id(self) -> int:
        """A number that nothing has yet."""
        self._ids += 1
        return self._ids

    def find(self, name: str) -> Repository:
        """By its present name."""
        return next(one for one in self.repositories if one.name == name)

    def commit(self, person: Person, at: datetime, message: str) -> Commit:
        """By somebody's own address; some hide it, and some use one that GitHub does not know."""
        number, account = self.numbers[person.number], self.accounts[self.numbers[person.number]]
        email, user = person.email, number
        if person.number % _PRIVATE_EVERY == 3:
            return self._commit(person.name, f"{account.login}@private.example", None, at, message)
        if person.number % _NOREPLY_EVERY == 2:
            email = f"{number}+{account.login}@users.noreply.github.com"
        return self._commit(person.name, email, user, at, message)

    def _commit(self, name: str, email: str, user: int | None, at: datetime, message: str) -> Commit:
        sha = hashlib.sha1(f"{self.next_id()}".encode(), usedforsecurity=False).hexdigest()
        return Commit(sha, name, email, user, at, at, message)

    def _fill(self, repository: Repository, team: list[Person], world: World) -> None:
        numbers = {person.number for person in team}
        work = sorted((i for i in world.issues if i.assignee in numbers), key=lambda i: i.updated)
        work = work[:: max(1, len(work) // self._most)]
        first = min((issue.created for issue in work), default=None)
        if first is None:
            return
        repository.push(self.commit(team[0], first, "Start"))
        for issue in work:
            moves = [row for row in issue.changes if row[2] == "status"]
            if moves and self.rng.random() < 0.6:
                self._pull(repository, issue, moves, team)
            elif self.rng.random() < 0.4:
                self._ticket(repository, issue, team)
            if self.rng.random() < 0.2:
                person = self.rng.choice(team)
                repository.push(self.commit(person, issue.updated, f"Note on {issue.title}\n\nRefs {issue.key}"))
        self._bump(repository, work[-1].updated, team)

    def _new(self, repository: Repository, title: str, text: str | None, user: int | None, at: datetime) -> Ticket:
        number = max([0, *repository.tickets, *repository.lost]) + 1
        ticket = Ticket(self.next_id(), number, title, text, user, at)
        repository.tickets[number] = ticket
        return ticket

    def _ticket(self, repository: Repository, issue: Issue, team: list[Person]) -> None:
        by = self.numbers[issue.creator]
        ticket = self._new(repository, f"Follow up: {issue.title}", issue.text, by, issue.created)
        if self.rng.random() < 0.5:
            who = self.numbers[self.rng.choice(team).number]
            ticket.assignees.append(who)
            ticket.events.append((self.next_id(), issue.created + timedelta(hours=1), "assigned", by, who))
        for _ in range(self.rng.randrange(3)):
            person = self.rng.choice(team)
            at = issue.created + timedelta(hours=self.rng.uniform(2, 30))
            ticket.comments.append(Remark(self.next_id(), self.numbers[person.number], _whole(at), f"See {issue.key}."))
        if self.rng.random() < 0.5:
            ticket.closed = ticket.updated + timedelta(hours=3)
            ticket.events.append((self.next_id(), ticket.closed, "closed", by, None))

    def _pull(self, repository: Repository, issue: Issue, moves: list[Any], team: list[Person]) -> None:
        person = next(p for p in team if p.number == issue.assignee)
        mate = self.rng.choice([p for p in team if p is not person])
        begin, author, other = moves[0][0], self.numbers[person.number], self.numbers[mate.number]
        pull = self._new(
            repository,
            issue.title,
            f"<!-- what and why -->\nFixes {issue.key}\n\n```\ncode\n```",
            author,
            _whole(begin + timedelta(hours=2)),
        )
        pull.branch = f"feature/{issue.key}-{pull.number}"
        for n in range(self.rng.randint(1, 4)):
            pull.commits.append(
                self.commit(person, _whole(begin + timedelta(hours=n + 1)), f"{issue.title}, step {n + 1}")
            )
        if self.rng.random() < 0.3:
            pull.commits[-1].message += f"\n\nCo-authored-by: {mate.name} <{mate.email}>"
        last = pull.commits[-1].committed
        state = self.rng.choice(["approved", "changes_requested", "commented"])
        review = Remark(
            self.next_id(), other, last + timedelta(minutes=50), self.rng.choice([None, "", "Looks good."]), state
        )
        pull.reviews.append(review)
        if state == "commented":
            pull.lines.append(Remark(self.next_id(), other, review.at, "Why here?"))
        if moves[-1][4] == "Done":
            self._merge(repository, pull, issue, max(moves[-1][0], review.at) + timedelta(minutes=5), mate)

    def _merge(self, repository: Repository, pull: Ticket, issue: Issue, at: datetime, by: Person) -> None:
        number = self.numbers[by.number]
        pull.closed = pull.merged = at
        pull.events += [(self.next_id(), at, kind, number, None) for kind in ("merged", "closed")]
        way = self.rng.choice(["squash", "squash", "merge", "rebase"])
        title = f"{issue.title} (#{pull.number})"
        for sha in [one.sha for one in pull.commits]:
            repository.holders.setdefault(sha, []).append(pull.number)
        if way == "squash":
            commit = self._commit(by.name, by.email, number, at, f"{title}\n\n* {pull.commits[0].message}")
            commit.by_github = True
            repository.push(commit)
        elif way == "merge":
            base = repository.main
            for one in pull.commits:
                one.parents = [base]
                repository.commits[one.sha] = one
                base = one.sha
            merge = self._commit(by.name, by.email, number, at, f"Merge pull request #{pull.number}")
            merge.parents = [base]
            repository.push(merge)
        else:
            for one in pull.commits:
                copy = self._commit(one.name, one.email, one.user, one.written, one.message)
                copy.committed = at
                repository.push(copy)
                repository.holders[copy.sha] = [pull.number]

    def _bump(self, repository: Repository, at: datetime, team: list[Person]) -> None:
        """What a bot does, and somebody who has left."""
        pull = self._new(repository, "Bump left-pad from 1.2.0 to 1.3.0", "Release notes", BOT[0], at)
        pull.branch = "dependabot/npm/left-pad-1.3.0"
        email = f"{BOT[0]}+{BOT[1]}@users.noreply.github.com"
        pull.commits.append(self._commit(BOT[1], email, BOT[0], at, pull.title))
        old = self._new(repository, "Written by somebody who has left", None, None, at)
        old.comments.append(Remark(self.next_id(), None, at + timedelta(hours=1), "Gone since."))

    def tickets(self) -> Iterator[tuple[Repository, Ticket]]:
        """All issues and pull requests."""
        for repository in self.repositories:
            for ticket in repository.tickets.values():
                yield repository, ticket


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
