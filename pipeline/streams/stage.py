"""Keep the streams in the database up to date: once a day, or after a lot of new work, find them again and write what changed.

A confirmed stream's answer covers items that join it later: they get the stream's label.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models import Account, Label, Person, Stream, StreamItem, StreamJudged, WorkItem, upsert
from models.session import in_batches
from models.stream import CONFIRMED
from models.vocabulary import WITH_STREAM
from pipeline.items import load_items
from pipeline.queue import fingerprint
from pipeline.queue.marks import mark_unmatched
from pipeline.streams.load import Work, load_work, vectors_of
from pipeline.streams.naming import People, alike, by_nearness, named
from pipeline.streams.partition import Group, partition

STREAMS = "streams"
GROWN = 1.01
"""Growth of the number of work items within a day at which the streams are found again."""
TRIED, CENTRE = 12, 2_000
"""Number of members, nearest to the centroid first, that are tried for a name; number of oldest members that define the
centroid."""


def keep_streams(session: Session, model: str, last: date) -> int:
    """Bring the streams up to date; return their number, or 0 if there was nothing to do.

    `last` is the last complete day, `model` the encoder's name.
    """
    count = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    day = last.isoformat()
    if not fingerprint.differs(session, STREAMS, day) and count <= GROWN * fingerprint.size(session, STREAMS):
        return 0
    work = load_work(session)
    age = [(day or last).toordinal() for day in work.first]
    groups = partition(work.items, age, lambda at: vectors_of(session, work, model, at), work.known)
    streams = _kept(session, work, groups, last)
    _name(session, work, groups, streams, model)
    _write(session, work, groups, streams)
    _label(session, streams)
    fingerprint.keep(session, STREAMS, day, count)
    return len(groups)


def _kept(session: Session, work: Work, groups: Sequence[Group], last: date) -> list[Stream]:
    """Return each group's row, with its anchor and days updated; delete rows of streams that no longer exist."""
    known = {row.id: row for row in session.scalars(select(Stream))}
    found = []
    for group in groups:
        members = group.members.tolist()
        row = known.pop(group.stream, None) if group.stream is not None else None
        if row is None:
            row = Stream(name="", answer="")
            session.add(row)
        anchor = work.items[group.anchor].id
        days = [day for i in members for day in (work.first[i], work.last[i]) if day is not None]
        for name, value in (
            ("anchor", anchor),
            ("first_day", min(days, default=last)),
            ("last_day", max(days, default=last)),
        ):
            if getattr(row, name) != value:
                setattr(row, name, value)
        found.append(row)
    for some in in_batches(sorted(known)):
        session.execute(delete(Stream).where(Stream.id.in_(some)))
    return found


def _name(session: Session, work: Work, groups: Sequence[Group], streams: Sequence[Stream], model: str) -> None:
    """Name streams that have no name, and rename those named after words that have changed."""
    people = people_of(session)
    position = {item.id: i for i, item in enumerate(work.items)}
    within = np.empty(len(work.items), dtype=np.int64)
    for n, group in enumerate(groups):
        within[group.members] = n
    wanted: dict[int, list[int]] = {}
    for n, (group, row) in enumerate(zip(groups, streams, strict=True)):
        after = position.get(row.named_after or "", -1)
        after = after if after >= 0 and within[after] == n else -1  # an item that left does not rename it
        if row.name and (after < 0 or _says(work, after) == row.named_hash) and people.without(row.name) == row.name:
            continue
        same = [after] if row.name and after >= 0 else []
        wanted[n] = list(dict.fromkeys([*same, *_candidates(session, work, group, model)]))
    said = _words(session, work, [i for some in wanted.values() for i in some if not work.items[i].title])
    for n, candidates in wanted.items():
        names = ((named(work.items[i].title, said.get(i, ""), people), i) for i in candidates)
        name, i = next(((name, i) for name, i in names if name), ("", -1))
        own = set(groups[n].own.tolist())
        name = alike(name, [work.items[j].title or said.get(j, "") for j in candidates if j in own]) if name else ""
        row, anchor = streams[n], work.items[groups[n].anchor]
        row.name = name or people.without(f"{anchor.kind} in {anchor.container or anchor.source}"[:60])
        row.named_after = work.items[i].id if i >= 0 else None
        row.named_hash = _says(work, i) if i >= 0 else None


def _says(work: Work, i: int) -> str:
    """Return the hash of an item's words; empty if the words were deleted and it has no title."""
    return "" if work.dropped[i] and not work.items[i].title else work.hashes[i] or ""


def people_of(session: Session) -> People:
    """Return everybody whose account or address is known."""
    return People(names_of(session))


def names_of(session: Session) -> list[str]:
    """Return full names and addresses of everybody whose account or address is known."""
    names = [name for name in session.scalars(select(Account.name).where(Account.bot.is_(False))) if name]
    return [*names, *(email for email in session.scalars(select(Person.email)) if email)]


def _candidates(session: Session, work: Work, group: Group, model: str) -> list[int]:
    """Return the items that may name the stream, best first: roots with a title, then those close to the centroid."""
    own = group.own[:CENTRE]
    if len(own) > 2:  # two are equally near
        own = own[by_nearness(vectors_of(session, work, model, own))]
    ranked = own.tolist()[:TRIED]
    titled = [i for i in ranked if work.items[i].title]
    below = [i for i in group.members[:TRIED].tolist() if i not in ranked and work.items[i].title]
    return [*titled, *(i for i in ranked if i not in titled), *below]


def _words(session: Session, work: Work, at: Sequence[int]) -> dict[int, str]:
    place = {work.rows[i]: i for i in at if not work.dropped[i]}
    return {place[one.row]: one.item.words for one in load_items(session, sorted(place))} if place else {}


def _write(session: Session, work: Work, groups: Sequence[Group], streams: Sequence[Stream]) -> None:
    session.flush()
    rows = []
    for group, row in zip(groups, streams, strict=True):
        own = set(group.own.tolist())
        for i in group.members.tolist():
            if work.known.stream.get(i) != (row.id, i in own):
                rows.append({"work_item_id": work.rows[i], "stream_id": row.id, "own": i in own})
    upsert(session, StreamItem, rows, ("work_item_id",))
    if rows and (judged := set(session.scalars(select(StreamJudged.stream_id)))):
        mark_unmatched(session, [row["work_item_id"] for row in rows if row["stream_id"] in judged])


def _label(session: Session, streams: Sequence[Stream]) -> None:
    """Label items that joined a confirmed stream with the stream's answer."""
    for row in streams:
        if row.answer == CONFIRMED and row.answered_at is not None:
            label_rest(session, row.id, row.key_result, row.answered_at)


def label_rest(session: Session, stream: int, key_result: str | None, at: datetime) -> list[int]:
    """Label the stream's own root items that have no label yet; return their row ids."""
    query = (
        select(StreamItem.work_item_id)
        .outerjoin(Label, Label.work_item_id == StreamItem.work_item_id)
        .where(StreamItem.stream_id == stream, StreamItem.own, Label.work_item_id.is_(None))
    )
    items = list(session.scalars(query.order_by(StreamItem.work_item_id)))
    rows: list[Mapping[str, object]] = [
        {"work_item_id": item, "key_result": key_result, "origin": WITH_STREAM, "at": at} for item in items
    ]
    upsert(session, Label, rows, ("work_item_id",), keep=True)
    mark_unmatched(session, items)
    return items
