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
    """Pages with what is gone. `known` are external ids; those of repositories that are not listed are gone too."""
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
        yield Page("sweep", {}, gone=elsewhere)
    for (name, kind), ids in sorted(kept.items()):
        gone = list(_gone(client, listed[name], kind, ids))
        if gone:
            yield Page("sweep", {}, gone=gone)


def _gone(client: Client, repository: Repository, kind: str, ids: dict[int, str]) -> Iterator[str]:
    """Ids of what is neither in the list nor there when asked for."""
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
        if _is_gone(client, repository, kind, number):
            yield id_


def _is_gone(client: Client, repository: Repository, kind: str, number: int) -> bool:
    try:
        row = client.get(f"{path(repository)}/{_LISTS[kind]}/{number}")
    except NotThere:
        return True
    except Gone as error:
        return "deleted" in error.message
    return not kind and is_elsewhere(repository, row, number)


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
    return bool(address) and not address.lower().endswith(
        (f"/repos/{repository.name.lower()}", f"/repositories/{repository.id}")
    )
