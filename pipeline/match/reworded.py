"""When only the wording of some key results changed: which items this can affect, and how their probabilities change.

A key result's wording matters to an item that is believed to serve it, or will be. The former are known from the matches. The
latter are items whose tree is close enough to the new wording. The company's own matches give that threshold: below it lay, on
average, no more than MISSED of all items' probability for a key result. Items of a team whose key results changed are among the
former, because the team's evidence does not depend on wording. All other matches stand.

For these items only the changed key results are evaluated again. In a conditional logit a change of one score affects the others
through the normalising sum only, so the stored probabilities are multiplied by the ratio of the odds under the new and the old
wording, both computed against the same sample.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import Match, RegisterVersion, Vector, WorkItem
from models.columns import plain
from pipeline.encode.encoder import Encoder
from pipeline.encode.vectors import load_vectors
from pipeline.items import LoadedItem, load_items
from pipeline.match.beliefs import beliefs
from pipeline.match.chunking import chunks_of, every_root
from pipeline.match.item_features import targets
from pipeline.match.matcher import Belief
from pipeline.match.sparse import SMALLEST
from pipeline.register.document import KeyResult, Objective, Register, stored

Matrix = NDArray[np.float32]
MISSED = 1e-3
"""Probability mass of a key result, as a proportion of all items, that may be missed: a tenth of a percentage point of the
work."""
MOST_ITEMS, MOST_WORDS = 0.3, 0.1
"""Proportions of the items, and of the key results, above which everything is matched again."""
_SOME = 0.05
"""Smaller probabilities do not show closeness: an uncertain item serves a little of everything."""
_READ = 20_000
_FLOOR = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Again:
    """Key results reworded between two register versions, the row ids of the items this can affect, and those of a sample that
    represents the company."""

    before: int
    after: int
    keys: Sequence[str]
    items: Sequence[int]
    sample: Sequence[int]

    def chunks(self, session: Session, done: Collection[int]) -> list[dict[str, Any]]:
        """Return the chunks' details, without the items that are `done` in other chunks."""
        known = {"before": self.before, "after": self.after, "keys": self.keys}
        known["free"] = sorted(set(self.sample).intersection(self.items))
        batches = chunks_of(session, self.items, everything=False)
        wanted = ([id_ for id_ in batch if id_ not in done] for batch in batches)
        return [{"ids": some, "around": self.sample, "all": False, "again": known} for some in wanted if some]


def reworded(session: Session, before: int, after: int, encoder: Encoder, sample: Sequence[int]) -> Again | None:
    """Return what to match again after a change from one version to the other; None for everything.

    `sample`: row ids of items that represent the company, matched against the former version.
    """
    was, now = version_of(session, before), version_of(session, after)
    keys = changed_words(was, now)
    if keys is None:
        return None
    items: list[int] = []
    if keys:
        near, count = _near(session, was, now, keys, encoder, sample)
        items = sorted({*_believed(session, keys), *near})
        if len(items) > MOST_ITEMS * count:
            return None
    return Again(before, after, keys, items, sample)


def version_of(session: Session, version: int) -> Register:
    """Return the register of a version."""
    return stored(session.get_one(RegisterVersion, version).document, version)


def changed_words(before: Register, after: Register) -> list[str] | None:
    """Return the keys of key results whose wording, or whose objective's, changed; None if anything else that matters changed."""
    was, now = (list(one.key_results()) for one in (before, after))
    if (before.teams, before.top()) != (after.teams, after.top()) or [_besides(one) for _, one in was] != [
        _besides(one) for _, one in now
    ]:
        return None
    both = zip(was, now, strict=True)
    changed = [one.key for old, new in both if _words(*old) != _words(*new) for one in new[1:]]
    return changed if len(changed) <= max(1, MOST_WORDS * len(now)) else None


def _besides(one: KeyResult) -> tuple[object, ...]:
    """Return what the match uses apart from the wording."""
    return one.key, one.teams, one.owner, one.scope


def _words(objective: Objective, one: KeyResult) -> tuple[object, ...]:
    return objective.title, one.title, one.description, one.aliases


def _believed(session: Session, keys: Collection[str]) -> Sequence[int]:
    """Items that are believed to serve one of them, with or without the judge; what is kept as the smallest is a draw."""
    parts = [part[key].as_float() > SMALLEST for key in sorted(keys) for part in (Match.probabilities, Match.alone)]
    return session.scalars(select(Match.work_item_id).where(or_(*parts))).all()


def _near(
    session: Session, before: Register, after: Register, keys: Collection[str], encoder: Encoder, sample: Sequence[int]
) -> tuple[list[int], int]:
    """Return row ids of items whose trees are close enough to the new wording, and the number of all items."""
    root = every_root(session)
    here = load_items(session, sorted(set(sample)))
    vectors = load_vectors(session, here, encoder.name)
    trees = [root(one.row) for one in here]
    enough = _enough(session, before, here, _nearness(vectors @ targets(before, encoder).T, trees)[0])
    columns = [n for n, (_, one) in enumerate(after.key_results()) if one.key in keys]
    new = targets(after, encoder)[columns]
    _, middle, spread = _nearness(vectors @ new.T, trees)
    rows, likeness = _likeness(session, new, encoder.name)
    tree = _mean_of_tree(likeness, [root(row) for row in rows])
    far = ((tree - middle) / spread).max(1, initial=-np.inf) < enough
    return [row for row, no in zip(rows, far.tolist(), strict=True) if not no], len(rows)


def _nearness(likeness: Matrix, trees: Sequence[int]) -> tuple[Matrix, Matrix, Matrix]:
    """Return each item's tree's similarity, (items, targets), standardised; and the mean and standard deviation used."""
    tree = _mean_of_tree(likeness, trees)
    middle, spread = tree.mean(0), tree.std(0) + np.float32(1e-6)
    return (tree - middle) / spread, middle, spread


def _mean_of_tree(likeness: Matrix, trees: Sequence[int]) -> Matrix:
    _, place = np.unique(np.array(trees, dtype=np.int64), return_inverse=True)
    sums = np.zeros((int(place.max(initial=-1)) + 1, likeness.shape[1]), np.float32)
    np.add.at(sums, place, likeness)
    sums /= np.bincount(place).astype(np.float32)[:, None]
    return sums[place]


def _enough(session: Session, before: Register, here: Sequence[LoadedItem], near: Matrix) -> float:
    """Return the similarity below which no more than MISSED of the mass lies, among teams that a key result does not name."""
    column = {one.key: n for n, (_, one) in enumerate(before.key_results())}
    teams = [frozenset(one.teams) for _, one in before.key_results()]
    place = {one.row: i for i, one in enumerate(here)}
    held = np.zeros_like(near)
    for row, believed in beliefs(session, place):
        for key, p in believed.items():
            n = column.get(key, -1)
            if p >= _SOME and n >= 0 and here[place[row]].item.team not in teams[n]:
                held[place[row], n] = p
    order = np.argsort(near, axis=None)
    missed = np.cumsum(held.ravel()[order])
    at = int(np.searchsorted(missed, MISSED * near.size, "right"))
    return float(near.ravel()[order[at]]) if at < len(order) else float("inf")


def _likeness(session: Session, new: Matrix, model: str) -> tuple[list[int], Matrix]:
    """Return row ids of all items, and their similarities to the new wording, (items, new targets)."""
    query = select(WorkItem.id, Vector.data).join(Vector, Vector.text_hash == WorkItem.text_hash)
    read = plain(session, query.where(Vector.model == model).execution_options(yield_per=_READ))
    rows: list[int] = []
    parts = [np.zeros((0, len(new)), np.float32)]
    for some in read.partitions():
        rows += [row for row, _ in some]
        vectors = np.frombuffer(b"".join(data for _, data in some), np.float16).reshape(len(some), -1)
        parts.append(vectors.astype(np.float32) @ new.T)
    return rows, np.concatenate(parts)


def moved(stood: Mapping[int, Matrix], old: Belief, new: Belief, columns: Sequence[int]) -> Belief:
    """Return `stood`, the stored rows by position, updated for the new wording of these columns; elsewhere the `new` beliefs.

    `old` and `new` are the beliefs under the old and the new wording.
    """
    found = new.found.copy()
    if stood:
        at, columns = list(stood), list(columns)
        known = np.stack(list(stood.values()))
        some = [part[at][:, columns] for part in (old.found, new.found)]
        odds = [part / np.maximum(1 - part.sum(1, keepdims=True), _FLOOR) for part in some]
        large = known[:, columns] > np.float32(SMALLEST)
        before = np.where(large, known[:, columns], np.minimum(some[0], np.float32(SMALLEST)))
        known[:, columns] = before * (odds[1] + _FLOOR) / (odds[0] + _FLOOR)
        found[at] = known / known.sum(1, keepdims=True)
    return replace(new, found=found)
