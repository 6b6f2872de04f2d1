"""Work items as the match sees them, read from the database: words of a whole thread, team of who works on it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Account, Person, Signal, WorkItem
from pipeline.links import Item

_LONGEST_WORDS = 700
"""Characters of a thread's or deal's words: more would be cut by the encoder anyway."""


@dataclass(frozen=True, slots=True)
class Work:
    """An item with the id of its row. `kept_hash` names its vector where its words were deleted after encoding."""

    row: int
    item: Item
    kept_hash: str | None = None


def item_id(source: str, external_id: str) -> str:
    """Name of a work item that is unique over the sources."""
    return f"{source}:{external_id}"


def load_work(session: Session, only_stale: bool = False) -> list[Work]:
    """All work items with their words; with `only_stale`, those that changed since they were encoded."""
    query = select(WorkItem).order_by(WorkItem.id)
    if only_stale:
        query = query.where(WorkItem.stale)
    rows = list(session.scalars(query))
    wanted = {(row.source, row.external_id) for row in rows}
    said, mentions, authors = _signals(session, wanted)
    teams = _teams(session)
    by_key = dict(session.execute(select(WorkItem.key, WorkItem.external_id).where(WorkItem.source == "jira")).all())
    work = []
    for row in rows:
        key = (row.source, row.external_id)
        named = dict.fromkeys([*row.mentions, *mentions.get(key, ())])
        ids = [item_id("jira", by_key[name]) for name in named if name in by_key]
        people = [row.assignee] if row.assignee else authors.get(key, [])
        parent = item_id(row.source, row.parent) if row.parent else None
        text = " ".join(part for part in (row.text if row.source != "slack" else None, *said.get(key, ())) if part)
        work.append(Work(row.id, Item(
            item_id(*key), row.source, row.kind, row.container, _team(row.source, people, teams), parent, row.title,
            text[:_LONGEST_WORDS] or None, tuple(i for i in ids if i != item_id(*key)), tuple(row.labels), row.automated, row.key,
        ), row.text_hash if row.text_dropped and not (row.text and row.source == "jira") else None))  # fmt: skip
    return work


def named_issue(session: Session) -> dict[int, int]:
    """Row of the issue that a Slack thread names, by row of the thread: the thread is evidence for it, not more work."""
    by_key = dict(session.execute(select(WorkItem.key, WorkItem.id).where(WorkItem.key.is_not(None))).all())
    threads = session.execute(select(WorkItem.id, WorkItem.mentions).where(WorkItem.source == "slack"))
    return {row: by_key[names[0]] for row, names in threads if names and names[0] in by_key}


def _signals(
    session: Session, wanted: set[tuple[str, str]]
) -> tuple[
    Mapping[tuple[str, str], list[str]], Mapping[tuple[str, str], list[str]], Mapping[tuple[str, str], list[str]]
]:
    """What was said, which issues were named and who spoke, by item."""
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    authors: dict[tuple[str, str], list[str]] = defaultdict(list)
    query = select(Signal.source, Signal.item, Signal.text, Signal.mentions, Signal.account).order_by(
        Signal.at, Signal.id
    )
    # Comments on issues are answers to what the title says; a thread or deal has no words but what is said in it.
    for source, item, text, mentions, account in session.execute(query.where(Signal.source != "jira")):
        key = (source, item)
        if key in wanted:
            if text:
                said[key].append(text)
            named[key] += mentions
            if account:
                authors[key].append(account)
    return said, named, authors


def _teams(session: Session) -> dict[tuple[str, str], str]:
    query = select(Account.source, Account.external_id, Person.team).join(Person, Person.id == Account.person_id)
    return {(source, account): team for source, account, team in session.execute(query) if team}


def _team(source: str, accounts: Sequence[str], teams: Mapping[tuple[str, str], str]) -> str | None:
    found: Iterable[str] = (teams[source, account] for account in accounts if (source, account) in teams)
    counted = Counter(found).most_common(1)
    return counted[0][0] if counted else None
