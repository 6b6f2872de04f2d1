"""Ways through GitHub's lists on which nothing is lost while they change; what each step gives is not yet understood.

- The list of issues holds pull requests too and is read oldest first by the last update. Each page is a query of its own
  from the last page's last update on: what changes meanwhile moves to the end, and would push a neighbour over the edge
  of a numbered page. Where a whole page shares one second, its pages are read until a pass meets nothing new.
- Where issues are switched off, that list answers 410; pull requests have a list of their own, newest first.
- A commit comes into the default branch with its old date (a merge, a late push). So what is new is what the branch has
  and had not at the last pull (a comparison of the two), not what is younger. A first walk is pinned to one commit.
- What has not changed is answered 304, which costs nothing of the hour's 5,000 requests: each stream keeps its ETag.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Cursor
from connectors.github.client import PAGE_SIZE, Client, Empty, NotThere
from connectors.github.parse import Repository, item_id
from connectors.times import in_utc

OVERLAP = timedelta(minutes=5)
SLICE = timedelta(days=28)
LOT = 20
"""Rows of a step; each issue costs up to four requests more."""
_FIRST = datetime(2008, 1, 1, tzinfo=UTC)
"""Before GitHub. `since=1970-01-01` is answered with an empty list."""


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of a list, and the cursor that is right once they are stored (None: as it was)."""

    rows: Sequence[Any]
    cursor: Cursor | None
    reached: datetime | None = None
    gone: Sequence[str] = ()


def path(repository: Repository) -> str:
    """Where a repository is, whatever it is called now."""
    return f"/repositories/{repository.id}"


def new_updates(client: Client, where: str, cursor: Cursor | None, begin: datetime) -> Iterator[Step]:
    """Issues or comments from the last update that is known, at first from `begin`."""
    state = dict(cursor or {"updated": text_of(begin), "back": text_of(begin), "walking": True})
    back = {"back": state["back"]}
    start = in_utc(state["updated"]) - (timedelta() if state.get("walking") else OVERLAP)
    asked, newest, tag = text_of(start), in_utc(state.get("newest", state["updated"])), ""
    etag = str(state.get("etag", "")) if state.get("asked") == asked else ""
    for rows, last, more, answered in _by_update(client, where, start, etag):
        newest, tag = max(newest, last), tag or answered
        walking = {"updated": text_of(last), "walking": True, "newest": text_of(newest)}
        done = {"updated": text_of(newest), "asked": asked, "etag": tag}
        yield Step(rows, back | (walking if more else done))


def old_updates(client: Client, where: str, cursor: Cursor, since: datetime) -> Iterator[Step]:
    """The past in slices, newest first. What changes meanwhile leaves its slice and is met by `new_updates`."""
    kept = {key: value for key, value in cursor.items() if key not in ("back", "slice")}
    back, running, oldest = in_utc(cursor["back"]), cursor.get("slice"), max(since, _FIRST)
    while back > oldest:
        low = max(oldest, back - SLICE)
        start = in_utc(running["at"]) if running else low
        for rows, last, more, _ in _by_update(client, where, start):
            more = more and last < back
            after = {"back": text_of(back), "slice": {"at": text_of(last)}} if more else {"back": text_of(low)}
            past = [row for row in rows if updated(row, low) < back]
            yield Step(past, kept | after, back if more else low)
            if not more:
                break
        back, running = low, None


def _by_update(
    client: Client, where: str, start: datetime, etag: str = ""
) -> Iterator[tuple[list[Any], datetime, bool, str]]:
    """Lots in the order of their last update: (rows, the time up to which all is read, whether more follow, ETag)."""
    start = max(start, _FIRST)
    while True:
        query = {"state": "all", "sort": "updated", "direction": "asc", "since": text_of(start), "per_page": PAGE_SIZE}
        answer = client.ask(where, query, etag, rows=True)
        if answer.data is None:
            return
        rows, more, etag = answer.data, answer.next is not None, ""
        last = latest(rows, start)
        if more and last == start:
            rows, more, last = _one_second(client, where, query, start)
        lots = list(lots_of(rows)) or [[]]
        for number, lot in enumerate(lots, 1):
            end = number == len(lots)
            yield lot, last if end else latest(lot, start), more or not end, answer.etag
        if not more:
            return
        start = last


def _one_second(
    client: Client, where: str, query: Mapping[str, Any], start: datetime
) -> tuple[list[Any], bool, datetime]:
    found: dict[str, Any] = {}
    while True:
        before, more, last = len(found), False, start
        for answer in client.pages(where, query):
            found |= {str(row.get("id")): row for row in answer.data}
            more, last = answer.next is not None, latest(answer.data, start)
            if last > start:
                break
        if len(found) == before:
            return list(found.values()), more, last


def new_pulls(client: Client, repository: Repository, cursor: Cursor | None, begin: datetime) -> Iterator[Step]:
    """Pull requests, newest first, down to what is known; the cursor moves once all of them are stored."""
    state = dict(cursor or {"updated": text_of(begin), "back": text_of(begin)})
    known = newest = in_utc(state["updated"])
    for rows in _pulls(client, repository):
        newest = latest(rows, newest)
        recent = [row for row in rows if updated(row, known) >= known - OVERLAP]
        yield from (Step(lot, None) for lot in lots_of(recent))
        if len(recent) < len(rows):
            break
    yield Step((), {"updated": text_of(newest), "back": state["back"]})


def old_pulls(client: Client, repository: Repository, cursor: Cursor, since: datetime) -> Iterator[Step]:
    """Pull requests before those that `new_pulls` read."""
    back = in_utc(cursor["back"])
    if back <= since:
        return
    for rows in _pulls(client, repository):
        for lot in lots_of([row for row in rows if since <= updated(row, since) < back]):
            reached = min(updated(row, back) for row in lot)
            yield Step(lot, {**cursor, "back": text_of(reached + timedelta(seconds=1))}, reached)
        if rows and updated(rows[-1], back) < since:
            break
    yield Step((), {**cursor, "back": text_of(since)}, since)


def _pulls(client: Client, repository: Repository) -> Iterator[list[Any]]:
    """As the list of issues would show them. A change moves one to the front, so pages repeat and lose nothing."""
    query = {"state": "all", "sort": "updated", "direction": "desc"}
    for answer in client.pages(f"{path(repository)}/pulls", query):
        yield [{**row, "pull_request": {"merged_at": row.get("merged_at")}} for row in answer.data]


def new_commits(client: Client, repository: Repository, cursor: Cursor | None, begin: datetime) -> Iterator[Step]:
    """What the default branch has and had not; at first what is younger than `begin`."""
    where = f"{path(repository)}/commits"
    try:
        query = {"sha": repository.branch, "per_page": 1}
        answer = client.ask(where, query, str((cursor or {}).get("etag", "")), rows=True)
    except (Empty, NotThere):  # no commit yet
        return
    if not answer.data:  # 304: as it was
        return
    head = {"head": str(answer.data[0]["sha"]), "etag": answer.etag}
    if cursor and "walk" not in cursor:
        try:
            yield from _compared(client, repository, cursor, head)
            return
        except NotThere:  # overwritten, and the old commits are gone from the server: all is read anew
            cursor = None
    young = {"since": text_of(max(begin, _FIRST))}
    state = dict(cursor or head | {"back": young["since"], "walk": {"sha": head["head"], **young}})
    walk = state.pop("walk")
    for answer in client.pages(where, walk):
        yield Step(answer.data, state | ({"walk": dict(answer.next)} if answer.next else {}))


def old_commits(client: Client, repository: Repository, cursor: Cursor, since: datetime) -> Iterator[Step]:
    """Commits before those of the first walk, newest first."""
    since, back = max(since, _FIRST), in_utc(cursor["back"])
    if back <= since:
        return
    kept = {key: value for key, value in cursor.items() if key != "past"}
    query = cursor.get("past") or {"sha": cursor["head"], "since": text_of(since), "until": text_of(back)}
    for answer in client.pages(f"{path(repository)}/commits", query):
        after = {"past": dict(answer.next)} if answer.next else {"back": text_of(since)}
        yield Step(answer.data, kept | after)


def _compared(client: Client, repository: Repository, cursor: Cursor, head: Mapping[str, str]) -> Iterator[Step]:
    after = {**cursor, **head}
    if head["head"] == cursor["head"]:
        yield Step((), after)
        return
    added, behind = difference(client, repository, cursor["head"], head["head"])
    taken = difference(client, repository, head["head"], cursor["head"])[0] if behind else []
    yield from (Step(lot, None) for lot in lots_of(added))
    yield Step((), after, gone=[item_id(repository, commit["sha"]) for commit in taken])


def difference(client: Client, repository: Repository, base: str, head: str) -> tuple[list[Any], int]:
    """Commits that can be reached from `head` and not from `base`, and how many there are the other way round."""
    found: list[Any] = []
    behind = 0
    for answer in client.pages(f"{path(repository)}/compare/{base}...{head}", {}, rows="commits"):
        found += answer.data["commits"]
        behind = int(answer.data.get("behind_by") or 0)
    return found, behind


def lots_of(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """So few at a time that a puller which is killed repeats little."""
    for first in range(0, len(rows), LOT):
        yield list(rows[first : first + LOT])


def updated(row: Any, otherwise: datetime) -> datetime:
    """When it was last changed; a row whose time cannot be read does not stop the walk."""
    try:
        return in_utc(row["updated_at"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return otherwise


def latest(rows: Sequence[Any], otherwise: datetime) -> datetime:
    """The last update of the rows."""
    return max([otherwise, *(updated(row, otherwise) for row in rows)])


def text_of(at: datetime) -> str:
    """As GitHub writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
