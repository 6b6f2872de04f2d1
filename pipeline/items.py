"""Load work items as the match sees them: the words of a whole thread, the team of the people who work on it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.orm import Session

from connectors.registry import all_traits
from models import Account, Signal, WorkItem
from models.columns import plain, unless_empty
from models.session import in_batches
from pipeline.register.membership import Teams, load_teams
from pipeline.said import telling, topic
from pipeline.sources import said_by_item, said_by_signals


@dataclass(frozen=True, slots=True)
class Item:
    """A work item, or one line of signals.jsonl, as the match sees it.

    Ids are unique over all sources; `key` is the name people use, if different. `traces` is the number of signals, 0 if unknown.
    """

    id: str
    source: str
    kind: str
    container: str = ""
    team: str | None = None
    parent: str | None = None
    title: str | None = None
    text: str | None = None
    mentions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    automated: bool = False
    key: str | None = None
    traces: int = 0

    @property
    def words(self) -> str:
        """Title and text together; empty if there is neither."""
        parts = (part.strip() for part in (self.title, self.text) if part)
        return ". ".join(part for part in parts if part.strip("-. "))


LONGEST_WORDS = 700
"""Characters of a thread's or deal's words: the encoder would truncate more anyway."""


_COLUMNS = select(
    WorkItem.id,
    WorkItem.source,
    WorkItem.external_id,
    WorkItem.key,
    WorkItem.kind,
    WorkItem.container,
    WorkItem.parent,
    WorkItem.title,
    WorkItem.text,
    unless_empty(WorkItem.labels),
    WorkItem.assignee,
    unless_empty(WorkItem.mentions),
    WorkItem.automated,
    WorkItem.text_hash,
    WorkItem.text_dropped,
    func.coalesce(WorkItem.updated_at, WorkItem.created_at).label("touched"),
)


_KEYS = select(WorkItem.source, WorkItem.key, WorkItem.external_id).order_by(WorkItem.source, WorkItem.external_id)


@dataclass(frozen=True, slots=True)
class LoadedItem:
    """An item with its row id. `kept_hash` identifies its vector if its words were deleted after encoding."""

    row: int
    item: Item
    kept_hash: str | None = None


def item_id(source: str, external_id: str) -> str:
    """Return a work item's id, unique over all sources."""
    return f"{source}:{external_id}"


def load_items(session: Session, ids: Sequence[int] | None = None, *, traces: bool = False) -> list[LoadedItem]:
    """Load work items with their words, ordered by source and name: all of them, or those with these row ids.

    `traces` are counted on request only, since that reads every signal and only the match needs it.
    """
    rows = _rows(session, ids)
    said, mentions, authors = _signals(session, None if ids is None else rows)
    counts = _traces(session, None if ids is None else rows) if traces else {}
    person_of, teams = _people(session), load_teams(session)
    by_key = _by_key(session, rows, mentions) if ids is not None else _all_keys(session)
    sources = {row.source for row in rows}
    owns, repeated = ({one: asked(one) for one in sources} for asked in (said_by_item, said_by_signals))
    work = []
    for row in rows:
        key = (row.source, row.external_id)
        issues = [
            by_key[name] for name in dict.fromkeys([*(row.mentions or ()), *mentions.get(key, ())]) if name in by_key
        ]
        people = [row.assignee] if row.assignee else authors.get(key, [])
        own = row.text if owns[row.source] else None
        text = " ".join(part for part in (own, *(telling if own or row.title else topic)(said.get(key, ()))) if part)
        others = tuple(i for i in issues if i != item_id(*key)) if issues else ()
        who = [person_of[row.source, account] for account in people if (row.source, account) in person_of]
        team = _team(who, teams, row.touched.date() if row.touched else date.max)
        kept = row.text_hash if row.text_dropped and not (row.text and not repeated[row.source]) else None
        work.append(LoadedItem(row.id, _item(row, team, text[:LONGEST_WORDS], others, counts.get(key, 0)), kept))
    return work


@dataclass(frozen=True, slots=True)
class Links:
    """An item's links: its row id and item id, and the item ids of its parent and of the items it mentions."""

    row: int
    id: str
    parent: str | None
    mentions: tuple[str, ...]


def load_links(session: Session, ids: Sequence[int]) -> list[Links]:
    """Load the parents and mentions of these items, as load_items does, without any words; ordered by row id."""
    columns = select(
        WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.parent, unless_empty(WorkItem.mentions)
    )
    rows = [row for some in in_batches(ids) for row in plain(session, columns.where(WorkItem.id.in_(some)))]
    said: dict[_Key, list[str]] = defaultdict(list)
    query = select(Signal.source, Signal.item, Signal.mentions).where(cast(Signal.mentions, Text) != "[]")
    ordered = query.order_by(Signal.at, Signal.source, Signal.external_id)
    for one in _of_items(ordered, rows, lambda row: said_by_signals(row.source)):
        for source, item, mentions in session.execute(one):
            said[source, item] += mentions
    by_key = _by_key(session, rows, said)
    found = []
    for row in sorted(rows, key=lambda row: int(row.id)):
        id_ = item_id(row.source, row.external_id)
        named = dict.fromkeys([*(row.mentions or ()), *said.get((row.source, row.external_id), ())])
        others = tuple(by_key[name] for name in named if by_key.get(name, id_) != id_)
        found.append(Links(row.id, id_, item_id(row.source, row.parent) if row.parent else None, others))
    return found


def _item(row: Any, team: str | None, text: str, mentions: tuple[str, ...], traces: int) -> Item:
    return Item(
        item_id(row.source, row.external_id),
        row.source,
        row.kind,
        row.container,
        team,
        item_id(row.source, row.parent) if row.parent else None,
        row.title,
        text or None,
        mentions,
        tuple(row.labels or ()),
        row.automated,
        row.key,
        traces,
    )


def _rows(session: Session, ids: Sequence[int] | None) -> list[Any]:
    """Return rows ordered by name: row ids depend on which source was faster, and results must not."""
    if ids is None:
        rows = list(plain(session, _COLUMNS))
    else:
        rows = [row for some in in_batches(ids) for row in plain(session, _COLUMNS.where(WorkItem.id.in_(some)))]
    return sorted(rows, key=lambda row: (row.source, row.external_id))


def _all_keys(session: Session) -> dict[str, str]:
    return _ids(session.execute(_KEYS.where(WorkItem.key.is_not(None))))


def _by_key(session: Session, rows: Sequence[Any], mentions: Mapping[Any, Sequence[str]]) -> dict[str, str]:
    names = sorted(
        {name for row in rows for name in row.mentions or ()} | {n for named in mentions.values() for n in named}
    )
    found: dict[str, str] = {}
    for some in in_batches(names):
        found |= _ids(session.execute(_KEYS.where(WorkItem.key.in_(some))))
    return found


def _ids(rows: Iterable[Any]) -> dict[str, str]:
    """Return item ids by the key that people use; if two sources use the same key, the first source's."""
    found: dict[str, str] = {}
    for source, key, external_id in rows:
        found.setdefault(key, item_id(source, external_id))
    return found


_Key = tuple[str, str]
_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


def _signals(
    session: Session, rows: Sequence[Any] | None
) -> tuple[Mapping[_Key, list[str]], Mapping[_Key, list[str]], Mapping[_Key, list[str]]]:
    """Return texts, mentioned keys and authors by item, for the given rows or all items.

    Authors stand in for the assignee of items that are assigned to nobody.
    """
    said: dict[_Key, list[str]] = defaultdict(list)
    named: dict[_Key, list[str]] = defaultdict(list)
    authors: dict[_Key, list[str]] = defaultdict(list)
    # Comments on an issue only answer its title; a thread or deal has no words other than those said in it.
    silent = sorted(source for source in all_traits() if not said_by_signals(source))
    query = (
        select(Signal.source, Signal.item, Signal.text, unless_empty(Signal.mentions), Signal.account)
        .where(Signal.source.not_in(silent))
        .order_by(Signal.at, Signal.source, Signal.external_id)
    )
    for one in _of_items(query, rows, lambda row: said_by_signals(row.source)):
        for source, item, text, mentions, account in plain(session, one):
            key = (source, item)
            if text:
                said[key].append(text)
            if mentions:
                named[key] += mentions
            if account:
                authors[key].append(account)
    for source, item, account in _at_unassigned(session, silent, rows):
        authors[source, item].append(account)
    return said, named, authors


def _at_unassigned(
    session: Session, sources: Sequence[str], rows: Sequence[Any] | None
) -> Iterator[tuple[str, str, str]]:
    """Yield (source, item, account) of all signals on items of these sources that are assigned to nobody."""
    query = (
        select(Signal.source, Signal.item, Signal.account)
        .join(WorkItem, (WorkItem.source == Signal.source) & (WorkItem.external_id == Signal.item))
        .where(Signal.source.in_(sources), Signal.account.is_not(None), WorkItem.assignee.is_(None))
        .order_by(Signal.at, Signal.source, Signal.external_id)
    )
    for one in _of_items(query, rows, lambda row: row.source in sources and not row.assignee):
        for source, item, account in session.execute(one):
            yield source, item, account or ""


def _traces(session: Session, rows: Sequence[Any] | None) -> dict[_Key, int]:
    """Count the signals on each item."""
    query = select(Signal.source, Signal.item, func.count()).group_by(Signal.source, Signal.item)
    return {
        (source, item): count
        for one in _of_items(query, rows, lambda row: True)
        for source, item, count in plain(session, one)
    }


def _of_items(query: _Query, rows: Sequence[Any] | None, wanted: Callable[[Any], bool]) -> list[_Query]:
    """Return the signal query as it is if no rows are given, else one query per batch of the wanted rows."""
    if rows is None:
        return [query]
    by_source: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if wanted(row):
            by_source[row.source].append(row.external_id)
    return [
        query.where(Signal.source == source, Signal.item.in_(some))
        for source, names in by_source.items()
        for some in in_batches(names)
    ]


def _people(session: Session) -> dict[_Key, int]:
    query = select(Account.source, Account.external_id, Account.person_id)
    return {(source, account): person for source, account, person in session.execute(query) if person is not None}


def _team(who: Sequence[int], teams: Teams, touched: date) -> str | None:
    """Return the most frequent of their teams at the time: people who change team leave their work behind."""
    if len(who) == 1:
        return teams.near(who[0], touched)
    counted = Counter(team for person in who if (team := teams.near(person, touched))).most_common(1)
    return counted[0][0] if counted else None
