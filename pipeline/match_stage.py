"""Match the items of the database and keep the probabilities with their evidence.

A company of up to WHOLE items is matched as one. A larger one is matched in pieces: items that hang together, beside a sample of
the company that stands for all of it where an item is compared with what is usual. After the first time only what is new
is matched, with the items it hangs together with, against a sample whose matches stand; all of it again where the register,
the labels or the model changed, or the company grew by a fifth. docs/scale.md has the figures.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, case, delete, func, select, true, update
from sqlalchemy.orm import Session, sessionmaker

from models import Effort, Label, Match, Part, Question, Vector, WorkItem, upsert
from pipeline import basis, parts
from pipeline.ask import worth_asking
from pipeline.audit_stage import AUDIT
from pipeline.encode import Encoder
from pipeline.match import Matcher, weights_digest
from pipeline.register import Register
from pipeline.work import Work, in_lots, item_id, load_work
from pipeline.workdays import monday

MATCH, SHARE = "match", "share"
QUESTIONS = 60
"""Items kept as most worth a label."""
WHOLE = 12_000
"""Items that are matched as one, in about 1 GB."""
PIECE = 6_000
SAMPLE = 1_200
_TURNS = 16
GROWN = 1.2
_LEAST = 0.005
"""Probabilities below this are not kept; they belong to none then."""


def is_pending(session: Session, version: int, encoder: Encoder) -> bool:
    """Whether anything that the matches rest on is newer than they are."""
    new = select(WorkItem.id).where(WorkItem.unmatched, WorkItem.stale.is_(False)).limit(1)
    return session.scalar(new) is not None or basis.differs(session, MATCH, _digest(session, version, encoder))


def plan(session: Session, version: int, encoder: Encoder) -> None:
    """Note as pieces the items to match, and take the marks off them."""
    digest = _digest(session, version, encoder)
    # Locked before anything is read: marks that come later stay for the next cycle.
    news = select(WorkItem.id).where(WorkItem.unmatched, WorkItem.stale.is_(False)).order_by(WorkItem.id)
    marked = list(session.scalars(news.with_for_update()))
    count = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    kept = basis.size(session, MATCH)
    fresh = basis.differs(session, MATCH, digest)
    everything = fresh or count <= WHOLE or count > GROWN * kept
    ids = list(session.scalars(select(WorkItem.id).order_by(WorkItem.id))) if everything else marked
    if everything:
        basis.keep(session, MATCH, digest, count)
        session.execute(delete(Question))
    if ids:
        whole = everything and count <= WHOLE
        lots = [ids] if whole else _pieces(session, ids, everything)
        around = [] if whole else _around(session, count)
        parts.add(session, MATCH, {
            f"{n:06}": {"ids": list(lot), "around": around, "all": everything} for n, lot in enumerate(lots)
        })  # fmt: skip
    for lot in in_lots(marked):
        session.execute(update(WorkItem).where(WorkItem.id.in_(lot)).values(unmatched=False))


def work(session: Session, part: Part, register: Register, version: int, encoder: Encoder) -> int:
    """Match a piece and keep what is new; notes the weeks whose shares that changes. Returns the number of items."""
    ids: list[int] = part.detail["ids"]
    labels = _labels(session, set(register.objective_of()))
    kept = _kept(session, ids)
    here = load_work(session, sorted({*ids, *part.detail["around"]}))
    vectors = load_vectors(session, here, encoder.name, _dimension(encoder))
    mine = set(ids)
    matcher = Matcher(register, [one.item for one in here], encoder, vectors)
    settled = {} if part.detail["all"] else _settled(session, here, mine, matcher.keys)
    found, features = matcher.probabilities(labels, settled=settled)
    positions = [i for i, one in enumerate(here) if one.row in mine]
    reasons = matcher.evidence(labels, found, features, positions)
    rows, changed = [], []
    for i, kept_part, why in zip(positions, _worth_keeping(found[positions], matcher.keys), reasons, strict=True):
        row = here[i].row
        rows.append({"work_item_id": row, "version_id": version, "evidence": list(why),
                     "probabilities": kept_part, "none": round(max(0.0, 1 - sum(kept_part.values())), 4)})  # fmt: skip
        if kept.get(row) != kept_part:
            changed.append(row)
    upsert(session, Match, rows, ("work_item_id",))
    if part.detail["all"]:
        row_of = {one.item.id: one.row for one in here}
        asked = [row_of[id_] for id_ in worth_asking(matcher, found, QUESTIONS, set(labels))]
        upsert(session, Question, [{"work_item_id": row, "rank": n} for n, row in enumerate(asked) if row in mine],
               ("work_item_id",), keep=True)  # fmt: skip
    weeks: set[str] = set()
    for some in in_lots(changed):
        days = session.scalars(select(Effort.day).where(Effort.work_item_id.in_(some)).distinct())
        weeks |= {monday(day).isoformat() for day in days}
    parts.add(session, SHARE, {week: {} for week in weeks})
    return len(rows)


def matcher_of(
    sessions: sessionmaker[Session], register: Register, encoder: Encoder, wanted: Iterable[int] = ()
) -> tuple[list[Work], Matcher, dict[str, str | None]]:
    """Work items, their matcher, and the labels that teach it (by the items' names).

    All items of a company that is matched as one; of a larger one the `wanted` row ids, what was labelled and a sample.
    """
    with sessions() as session:
        labels = _labels(session, set(register.objective_of()))
        count = session.scalar(select(func.count()).select_from(WorkItem)) or 0
        work = load_work(session, None if count <= WHOLE else sorted({*wanted, *_around(session, count)}))
        vectors = load_vectors(session, work, encoder.name, _dimension(encoder))
    return work, Matcher(register, [one.item for one in work], encoder, vectors), labels


def match_all(sessions: sessionmaker[Session], register: Register, version: int, encoder: Encoder) -> int:
    """Match every work item against the register, in this process; returns how many."""
    count = 0

    def one(session: Session, part: Part) -> None:
        nonlocal count
        count += work(session, part, register, version, encoder)

    with sessions.begin() as session:
        basis.forget(session, MATCH)
        plan(session, version, encoder)
    parts.take(sessions, MATCH, one)
    return count


def _digest(session: Session, version: int, encoder: Encoder) -> str:
    """Of all that the matches rest on beside the items."""
    labels = session.execute(select(func.count(), func.max(Label.at)).where(Label.origin != AUDIT)).one()
    return hashlib.sha256(f"{version} {encoder.name} {weights_digest()} {tuple(labels)}".encode()).hexdigest()


def _pieces(session: Session, ids: Sequence[int], everything: bool) -> list[list[int]]:
    """Row ids in lots of about PIECE items, with what hangs together in one lot: trees, and threads with what they name.

    Lots follow the places, so that alike items meet. Without `everything` the ids' whole trees come too.
    """
    rows = session.execute(_LINKS).all() if everything else _linked(session, ids)
    position: dict[tuple[str, str], int] = {}
    by_key: dict[str, int] = {}
    above: dict[int, tuple[str, str]] = {}
    names: dict[int, str] = {}
    place: dict[int, tuple[str, str]] = {}
    for id_, source, name, parent, container, mentions, key in rows:
        position[source, name], place[id_] = id_, (source, container)
        if key:
            by_key[key] = id_
        if parent:
            above[id_] = (source, parent)
        if mentions:
            names[id_] = mentions[0]
    tree = {id_: id_ for id_ in place}

    def root(id_: int) -> int:
        while tree[id_] != id_:
            tree[id_] = tree[tree[id_]]
            id_ = tree[id_]
        return id_

    links = [(id_, position.get(parent)) for id_, parent in above.items()]
    links += [(id_, by_key.get(key)) for id_, key in names.items()]
    for id_, other in links:
        if other is not None:
            tree[root(id_)] = root(other)
    members: dict[int, list[int]] = defaultdict(list)
    for id_ in sorted(place):
        members[root(id_)].append(id_)
    touched = sorted({root(id_) for id_ in ids if id_ in tree}, key=lambda one: (place[one], one))
    lots: list[list[int]] = [[]]
    wanted = set(ids)
    for one in touched:
        together = members[one]
        # An epic that half the company names is no neighbourhood: what is new in it is matched by itself.
        if not everything and len(together) > PIECE // 4:
            together = [id_ for id_ in together if id_ in wanted]
        for some in in_lots(together, PIECE):
            if lots[-1] and len(lots[-1]) + len(some) > PIECE:
                lots.append([])
            lots[-1] += some
    return [lot for lot in lots if lot]


_LINKS = select(
    WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.parent, WorkItem.container,
    case((WorkItem.source == "slack", WorkItem.mentions), else_=None), WorkItem.key,
)  # fmt: skip


def _linked(session: Session, ids: Sequence[int]) -> list[Any]:
    """Rows of these items and of all that hangs together with them, found link by link."""
    found: dict[int, Any] = {}
    fresh: Sequence[int] = ids
    while fresh:
        rows = [row for some in in_lots(fresh) for row in session.execute(_LINKS.where(WorkItem.id.in_(some)))]
        found |= {row[0]: row for row in rows}
        steps: list[tuple[ColumnElement[bool], Any, list[str]]] = []
        for source in sorted({row[1] for row in rows}):
            mine = [row for row in rows if row[1] == source]
            here = WorkItem.source == source
            steps.append((here, WorkItem.external_id, [parent for _, _, _, parent, *_ in mine if parent]))
            steps.append((here, WorkItem.parent, [name for _, _, name, *_ in mine]))
        steps.append((true(), WorkItem.key, [mentions[0] for *_, mentions, _ in rows if mentions]))
        steps.append((WorkItem.source == "slack", WorkItem.mentions[0].as_string(), [key for *_, key in rows if key]))
        reached: set[int] = set()
        for condition, column, names in steps:
            for some in in_lots(sorted(set(names))):
                reached.update(session.scalars(select(WorkItem.id).where(condition, column.in_(some))))
        fresh = sorted(reached - found.keys())
    return [found[id_] for id_ in sorted(found)]


def _around(session: Session, count: int) -> list[int]:
    """A sample that stands for the company of so many items, by the row ids so that it stays the same, and all that was labelled.

    What hangs together is taken together: a story without its epic, or a thread without the issue that it names, is not what is
    usual in the company, and a piece beside such a sample would seem to be more on the plan than it is.
    """
    step = max(1, count // SAMPLE)
    tops = session.scalars(select(WorkItem.id).where(WorkItem.id % step == 0, WorkItem.parent.is_(None))).all()
    found: dict[int, None] = {}
    for turn in range(_TURNS):
        found |= dict.fromkeys(
            row[0] for row in _linked(session, [id_ for id_ in tops if id_ // step % _TURNS == turn])
        )
        if len(found) >= SAMPLE:
            break
    labelled = session.scalars(select(Label.work_item_id).where(Label.origin != AUDIT))
    return [*list(found)[: 3 * SAMPLE // 2], *labelled]


def _kept(session: Session, ids: Sequence[int]) -> dict[int, dict[str, float]]:
    query = select(Match.work_item_id, Match.probabilities)
    return {id_: p for some in in_lots(ids) for id_, p in session.execute(query.where(Match.work_item_id.in_(some)))}


def _worth_keeping(found: NDArray[np.float32], keys: Sequence[str]) -> list[dict[str, float]]:
    """For each item what is not too small to keep, by key result."""
    kept: list[dict[str, float]] = [{} for _ in found]
    rows, columns = np.nonzero(found[:, :-1] >= _LEAST)
    for i, k, p in zip(rows.tolist(), columns.tolist(), found[rows, columns].tolist(), strict=True):
        kept[i][keys[k]] = round(p, 4)
    return kept


def _settled(
    session: Session, here: Sequence[Work], mine: set[int], keys: Sequence[str]
) -> dict[int, NDArray[np.float32]]:
    """Rows of the items around that were matched before, by their position."""
    kept = _kept(session, [one.row for one in here if one.row not in mine])
    found = {}
    for i, one in enumerate(here):
        if one.row in kept:
            row = np.array([kept[one.row].get(key, 0.0) for key in keys] + [0.0], np.float32)
            row[-1] = max(0.0, 1 - row.sum())
            found[i] = row
    return found


def _dimension(encoder: Encoder) -> int:
    return int(encoder.encode(["-"]).shape[1])


def load_vectors(session: Session, work: Sequence[Work], model: str, size: int = 1) -> NDArray[np.float32]:
    """(items, dimension), zero where an item has no words; `size` is the dimension where none is stored yet."""
    stored: dict[int, bytes] = {}
    for some in in_lots([one.row for one in work]):
        query = select(WorkItem.id, Vector.data).join(Vector, Vector.text_hash == WorkItem.text_hash)
        query = query.where(Vector.model == model, WorkItem.id.in_(some))
        stored |= dict(session.execute(query).all())
    size = len(next(iter(stored.values()))) // 2 if stored else size
    found = np.zeros((len(work), size), np.float32)
    for i, one in enumerate(work):
        if one.row in stored:
            found[i] = np.frombuffer(stored[one.row], np.float16)
    return found


def _labels(session: Session, known: set[str]) -> dict[str, str | None]:
    query = (
        select(WorkItem.source, WorkItem.external_id, Label.key_result)
        .join(Label, Label.work_item_id == WorkItem.id)
        .where(Label.origin != AUDIT)
        .order_by(WorkItem.source, WorkItem.external_id)
    )
    return {item_id(source, id_): key for source, id_, key in session.execute(query) if key is None or key in known}
