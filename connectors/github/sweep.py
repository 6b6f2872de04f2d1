"""Finds what GitHub does not announce: issues and comments that were deleted, issues that moved to another repository.

What a list does not show is asked for by itself, and only an answer that says so counts as deleted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from connectors.base import Page
from connectors.github.client import Client, Gone, NotThere
from connectors.github.parse import Repository
from connectors.github.walk import path

_LISTS = {"": "issues", "comment": "issues/comments", "line": "pulls/comments"}


def sweep(client: Client, repositories: Sequence[Repository], known: Iterable[str]) -> Iterator[Page]:
    """Pages with what is gone, and what has left. `known` are external ids; in repositories that are not listed all has left."""
    listed = {str(repository.id): repository for repository in repositories}
    kept: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    elsewhere: list[str] = []
    for id_ in known:
        repository, number, *rest = id_.split(":")
        if repository not in listed:
            elsewhere.append(id_)
        elif number.isdigit() and len(number) < 10:
            kind, name = (rest[0], rest[1]) if len(rest) > 1 and rest[0] in _LISTS else ("", number)
            if name.isdigit() and (kind or not rest):
                kept[repository, kind][int(name)] = id_
    if elsewhere:
        yield Page("sweep", {}, left=elsewhere)
    transferred: set[str] = set()
    for (name, kind), ids in sorted(
        kept.items()
    ):  # issues first: what is said on one that was transferred is found no more
        still = {number: id_ for number, id_ in ids.items() if ":".join(id_.split(":")[:2]) not in transferred}
        places = dict(_places(client, listed[name], kind, still))
        left = [id_ for id_, place in places.items() if place and not any(one.is_at(place) for one in repositories)]
        gone = [id_ for id_ in places if id_ not in left]
        transferred.update(left)
        if gone or left:
            yield Page("sweep", {}, gone=gone, left=left)


def _places(client: Client, repository: Repository, kind: str, ids: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Ids of what is neither in the list nor there when asked for, and the address of the repository that each is in now."""
    identify: Callable[[Any], int] = (lambda row: int(row["number"])) if not kind else (lambda row: int(row["id"]))
    left = dict(ids)
    where = f"{path(repository)}/{_LISTS[kind] if kind or repository.has_issues else 'pulls'}"
    try:
        for answer in client.pages(where, {"state": "all", "sort": "created", "direction": "desc"}):
            numbers = [identify(row) for row in answer.data]
            for number in numbers:
                left.pop(number, None)
            if not left or (numbers and min(numbers) < min(left)):
                break
    except Gone:
        return  # switched off, which deletes nothing
    for number, id_ in left.items():
        place = _place(client, repository, kind, number)
        if place is not None:
            yield id_, place


def _place(client: Client, repository: Repository, kind: str, number: int) -> str | None:
    """Where it is instead, empty where it is nowhere; None where it is still there."""
    try:
        row = client.get(f"{path(repository)}/{_LISTS[kind]}/{number}")
    except NotThere:
        return ""
    except Gone as error:
        return "" if "deleted" in error.message else None
    if kind or not is_elsewhere(repository, row, number):
        return None
    return str(row.get("repository_url") or "")


def is_gone(client: Client, repository: Repository, id_: str) -> bool:
    """Whether a comment, review or event of that id is not there any more."""
    _, number, kind, name = id_.split(":")[:4]
    place = {"event": "issues/events", "review": f"pulls/{number}/reviews"}.get(kind) or _LISTS[kind]
    try:
        client.get(f"{path(repository)}/{place}/{name}")
    except NotThere:
        return True
    except Gone as error:
        return "deleted" in error.message
    return False


def is_elsewhere(repository: Repository, issue: Any, number: Any) -> bool:
    """Whether the answer is an issue that was transferred: its old address leads to the new one."""
    if str(issue.get("number")) != str(number):
        return True
    address = str(issue.get("repository_url") or "")
    return bool(address) and not repository.is_at(address)
