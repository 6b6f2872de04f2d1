"""Match the items in the database and store the probabilities with their evidence.

A company of up to WHOLE items is matched as one. A larger one is matched in chunks of connected items, each alongside a sample
that represents the company wherever an item is compared with what is typical. After the first run only new items are matched,
with everything connected to them, against a sample whose matches stay fixed; everything is matched again if the register, the
labels or the model changed, or the company grew by a fifth. If only the wording of some key results changed, only the items that
this can affect are updated (reworded.py). docs/scale.md has the figures.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Chunk, Effort, Label, Match, Question, RegisterVersion, WorkItem, upsert
from models.session import in_batches
from models.vocabulary import AUDIT
from pipeline.encode.encoder import Encoder
from pipeline.encode.vectors import load_vectors
from pipeline.items import LoadedItem, load_items
from pipeline.large import LARGE as WHOLE  # as one, in about 1 GB
from pipeline.large import taught
from pipeline.match.active_learning import worth_asking
from pipeline.match.answers import Answers, load_answers, loosened, with_stream
from pipeline.match.chunking import chunks_of, sample_of
from pipeline.match.evidence import reasons
from pipeline.match.judged import hear
from pipeline.match.matcher import Belief, Matcher, weights_fingerprint
from pipeline.match.reworded import Again, moved, reworded, version_of
from pipeline.match.sparse import sparse
from pipeline.queue import chunks, fingerprint
from pipeline.register.document import Register
from pipeline.register.workdays import monday

MATCH, SHARE = "match", "share"
QUESTIONS = 60
"""Number of items kept as most worth a label."""
GROWN = 1.2
_NEVER_ENCODED = WorkItem.stale & WorkItem.text_hash.is_(None)
"""Items not yet encoded have to wait: without their words they would be matched as if they were empty."""
_VERSIONS = 20
"""How many register versions to look back for the one that all items were matched against."""
_READING = 4
"""Version of the interpretation and storage; matches made with an older one are redone. 2: "none" refers to the key results that
existed then. 3: top priorities have odds of their own. 4: small probabilities are drawn, not dropped; the odds vary by kind."""


def is_pending(session: Session, version: int, encoder: Encoder) -> bool:
    """Return True if anything that the matches depend on is newer than they are."""
    new = select(WorkItem.id).where(WorkItem.unmatched, WorkItem.stale.is_(False)).limit(1)
    return session.scalar(new) is not None or fingerprint.differs(
        session, MATCH, _fingerprint(session, version, encoder, fingerprint.size(session, MATCH))
    )


def plan(session: Session, version: int, encoder: Encoder) -> int:
    """Queue chunks of the items to match and clear their marks; return the number of items to match."""
    # Lock before reading anything: marks set later are left for the next cycle.
    news = select(WorkItem.id).where(WorkItem.unmatched, WorkItem.stale.is_(False)).order_by(WorkItem.id)
    marked = list(session.scalars(news.with_for_update()))
    count = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    kept = fingerprint.size(session, MATCH)
    fresh = fingerprint.differs(session, MATCH, _fingerprint(session, version, encoder, kept))
    large = WHOLE < count <= GROWN * kept
    again = _reworded(session, version, encoder, count, kept) if fresh and large else None
    everything = not large or (fresh and again is None)
    ids = (
        list(session.scalars(select(WorkItem.id).where(~_NEVER_ENCODED).order_by(WorkItem.id)))
        if everything
        else marked
    )
    if everything:
        session.execute(delete(Question))
    if fresh or everything:
        size = count if everything else kept
        fingerprint.keep(session, MATCH, _fingerprint(session, version, encoder, size), size)
    details: list[dict[str, Any]] = []
    if ids:
        whole = everything and count <= WHOLE
        batches = [ids] if whole else chunks_of(session, ids, everything)
        around = [] if whole else sample_of(session, count)
        details = [{"ids": list(batch), "around": around, "all": everything} for batch in batches]
    if again is not None:
        details += again.chunks(session, {id_ for detail in details for id_ in detail["ids"]})
    chunks.add(session, MATCH, {f"{n:06}": detail for n, detail in enumerate(details)})
    for batch in in_batches(marked):
        session.execute(update(WorkItem).where(WorkItem.id.in_(batch)).values(unmatched=False))
    return len(ids) + (len(again.items) if again is not None else 0)


def _reworded(session: Session, version: int, encoder: Encoder, count: int, kept: int) -> Again | None:
    """Return what to match again if only the wording of some key results changed since everything was matched; else None."""
    older = select(RegisterVersion.id).where(RegisterVersion.id < version).order_by(RegisterVersion.id.desc())
    for before in session.scalars(older.limit(_VERSIONS)):
        if not fingerprint.differs(session, MATCH, _fingerprint(session, before, encoder, kept)):
            return reworded(session, before, version, encoder, sample_of(session, count))
    return None


def run_chunk(session: Session, chunk: Chunk, register: Register, version: int, encoder: Encoder) -> int:
    """Match a chunk, store what changed and queue the weeks whose shares it changes. Returns the number of items."""
    ids: list[int] = chunk.detail["ids"]
    again: Mapping[str, Any] = chunk.detail.get("again") or {}
    if again:  # stay with the planned versions, even if a newer register has been loaded since
        version, register = again["after"], version_of(session, again["after"])
    answers = load_answers(session, register)
    kept = _kept(session, ids)
    here = load_items(session, sorted({*ids, *chunk.detail["around"]}), traces=True)
    mine = set(ids)
    matcher, belief = _believed(session, chunk, here, register, encoder, answers)
    heard = hear(session, here, register, belief)
    positions = [i for i, one in enumerate(here) if one.row in mine]
    evidence = reasons(matcher, answers.labels, belief.found, belief.features, positions)
    rows, changed = [], []
    names = [here[i].item.id for i in positions]
    probabilities = sparse(heard.found[positions], matcher.keys, names)
    alone = sparse(belief.found[positions], matcher.keys, names) if heard.changed else probabilities
    for i, kept_part, without, why in zip(positions, probabilities, alone, evidence, strict=True):
        row = here[i].row
        if again and kept.get(row) == kept_part:
            continue
        said = [*why, *([heard.said[i]] if i in heard.said else [])]
        rows.append(_row(row, version, said, kept_part, without if i in heard.changed else None))
        if kept.get(row) != kept_part:
            changed.append(row)
    upsert(session, Match, rows, ("work_item_id",))
    if chunk.detail["all"]:
        row_of = {one.item.id: one.row for one in here}
        asked = [row_of[id_] for id_ in worth_asking(matcher, heard.found, QUESTIONS, set(answers.labels))]
        ranked = [{"work_item_id": row, "rank": n} for n, row in enumerate(asked) if row in mine]
        upsert(session, Question, ranked, ("work_item_id",), keep=True)
    _note_weeks(session, changed)
    return len(rows)


def _believed(
    session: Session,
    chunk: Chunk,
    here: Sequence[LoadedItem],
    register: Register,
    encoder: Encoder,
    answers: Answers,
) -> tuple[Matcher, Belief]:
    """Match a chunk's items and the sample; if only wording changed, update the previous beliefs instead."""
    mine: set[int] = set(chunk.detail["ids"])
    again: Mapping[str, Any] = chunk.detail.get("again") or {}
    vectors = load_vectors(session, here, encoder.name, _dimension(encoder))
    # Items selected by content are not representative; the sample is.
    usual = _positions(here, set(chunk.detail["around"])) if again else None
    matcher = Matcher(register, [one.item for one in here], encoder, vectors, usual)
    free = mine.union(again.get("free", ()))
    settled = {} if chunk.detail["all"] else _settled(session, here, free, matcher.keys)
    settled |= with_stream(session, here, matcher)
    belief = matcher.believe(answers.labels, settled=settled)
    if again:
        before = matcher.beside(version_of(session, again["before"]), encoder)
        stood = _settled(session, here, {one.row for one in here} - mine, matcher.keys)
        columns = [matcher.keys.index(key) for key in again["keys"]]
        belief = moved(stood, before.believe(answers.labels, settled=settled), belief, columns)
    return matcher, loosened(matcher, belief, answers)


def _positions(here: Sequence[LoadedItem], rows: set[int]) -> NDArray[np.int64]:
    return np.flatnonzero([one.row in rows for one in here])


def _row(
    item: int, version: int, evidence: list[str], kept: dict[str, float], alone: dict[str, float] | None
) -> dict[str, object]:
    """Return the row of a match. `alone` holds the probabilities without the judge, where they differ."""
    return {
        "work_item_id": item,
        "version_id": version,
        "evidence": evidence,
        "probabilities": kept,
        "none": round(max(0.0, 1 - sum(kept.values())), 4),
        "alone": alone,
    }


def _note_weeks(session: Session, changed: Sequence[int]) -> None:
    """Queue the weeks in which somebody worked on these items: their shares must be estimated again."""
    weeks: set[str] = set()
    for some in in_batches(changed):
        days = session.scalars(select(Effort.day).where(Effort.work_item_id.in_(some)).distinct())
        weeks |= {monday(day).isoformat() for day in days}
    chunks.add(session, SHARE, {week: {} for week in weeks})


def matcher_of(
    sessions: sessionmaker[Session], register: Register, encoder: Encoder, wanted: Iterable[int] = ()
) -> tuple[list[LoadedItem], Matcher, dict[str, str | None]]:
    """Return work items, their matcher, and the labels by item id.

    All items of a company that is matched as one; for a larger one, the `wanted` row ids, the labelled items and a sample.
    """
    with sessions() as session:
        labels = load_answers(session, register).labels
        count = session.scalar(select(func.count()).select_from(WorkItem)) or 0
        rows = None if count <= WHOLE else sorted({*wanted, *sample_of(session, count)})
        work = load_items(session, rows, traces=True)
        vectors = load_vectors(session, work, encoder.name, _dimension(encoder))
    return work, Matcher(register, [one.item for one in work], encoder, vectors), labels


def match_all(sessions: sessionmaker[Session], register: Register, version: int, encoder: Encoder) -> int:
    """Match every work item against the register in this process; return how many."""
    count = 0

    def one(session: Session, chunk: Chunk) -> None:
        nonlocal count
        count += run_chunk(session, chunk, register, version, encoder)

    with sessions.begin() as session:
        fingerprint.forget(session, MATCH)
        plan(session, version, encoder)
    chunks.take(sessions, MATCH, one)
    return count


def _fingerprint(session: Session, version: int, encoder: Encoder, items: int) -> str:
    """Return a hash of everything that the matches of a company of `items` items depend on, apart from the items.

    Labels change the matches of other items, so new labels rematch everything; a large company takes them into account in steps.
    """
    exact = select(func.count(), func.max(Label.at)).where(Label.origin != AUDIT)
    labels = taught(session) if items > WHOLE else tuple(session.execute(exact).one())
    return hashlib.sha256(f"{_READING} {version} {encoder.name} {weights_fingerprint()} {labels}".encode()).hexdigest()


def _kept(session: Session, ids: Sequence[int], *, alone: bool = False) -> dict[int, dict[str, float]]:
    """Return probabilities by row id; `alone`: without the judge's answers, which are no evidence about other streams."""
    query = select(Match.work_item_id, Match.probabilities, Match.alone)
    rows = (row for some in in_batches(ids) for row in session.execute(query.where(Match.work_item_id.in_(some))))
    return {id_: without if alone and without is not None else whole for id_, whole, without in rows}


def _settled(
    session: Session, here: Sequence[LoadedItem], mine: set[int], keys: Sequence[str]
) -> dict[int, NDArray[np.float32]]:
    """Return rows of previously matched items outside `mine`, by position."""
    kept = _kept(session, [one.row for one in here if one.row not in mine], alone=True)
    places, column = [i for i, one in enumerate(here) if one.row in kept], {key: n for n, key in enumerate(keys)}
    table = np.zeros((len(places), len(keys) + 1), np.float32)
    for row, i in zip(table, places, strict=True):
        for key, p in kept[here[i].row].items():  # an item has a handful of two hundred key results
            if key in column:
                row[column[key]] = p
    table[:, -1] = np.maximum(0.0, 1 - table.sum(1))
    return dict(zip(places, table, strict=True))


def _dimension(encoder: Encoder) -> int:
    return int(encoder.encode(["-"]).shape[1])
