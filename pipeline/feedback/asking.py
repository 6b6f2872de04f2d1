"""Choose which work to ask people about: where an answer affects the shares, or their latest change, most.

An answer applies to a whole stream: an epic's tree, or a story with its sub-tasks and what mentions it, a thread, a deal. Its
weight is the stream's share of all effort, plus the change of that share in the last weeks; its uncertainty is the standard
deviation of the belief that it serves the top priorities. Their product is the expected gain of an answer. Questions are chosen
greedily: what one answer settles, including similar work, does not count for the next (Krause & Golovin 2014, "Submodular
function maximization").
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models import Effort, Label, Question, WorkItem, upsert
from models.columns import unless_empty
from models.session import in_batches
from pipeline.encode.vectors import load_vectors
from pipeline.items import Item, load_items
from pipeline.match.beliefs import beliefs
from pipeline.match.following import Following
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.sources import is_container, is_evidence

QUESTIONS = 60
SPAN, RECENT = timedelta(weeks=13), timedelta(weeks=4)
MOST_ITEMS = 4_000
"""Only the items with the most effort and their ancestors are considered; the rest has no effect."""
CHANGE = 1.0
"""Weight of a point of change relative to a point of the level."""
UNSURE = 0.02
"""Variance that remains in the surest belief: a match may be wrong altogether in a company unlike the others."""
SETTLED, ALIKE, NEAR = 0.9, 0.6, 0.45
"""Fraction of the uncertainty that an answer settles for the items below, and at most for similar streams, with the smallest
similarity that counts."""

Rows = NDArray[np.int64]
Amounts = NDArray[np.float64]


def keep_questions(session: Session, register: Register, last: date, model: str) -> int:
    """Replace the questions by the most valuable ones now; return how many."""
    since, recently = last - SPAN, last - RECENT
    spent = func.sum(Effort.person_days)
    query = select(Effort.work_item_id, spent).where(Effort.day > since, Effort.day <= last)
    ranked = query.group_by(Effort.work_item_id).order_by(func.round(spent * 1_000_000).desc(), Effort.work_item_id)
    effort = dict(session.execute(ranked.limit(MOST_ITEMS)).all())
    recent = dict(session.execute(query.where(Effort.day > recently).group_by(Effort.work_item_id)).all())
    ids = list(effort) or list(
        session.scalars(select(WorkItem.id).order_by(WorkItem.updated_at.desc(), WorkItem.id).limit(MOST_ITEMS))
    )
    work = load_items(session, sorted(_with_leaders(session, ids)))
    top = {key for key, objective in register.objective_of().items() if objective in register.top()}
    rows = [one.row for one in work]
    believed = {row: sum(p for key, p in mine.items() if key in top) for row, mine in beliefs(session, rows)}
    # While no effort is known, all work has equal weight.
    amounts = np.array([effort.get(row, 0.0 if effort else 1.0) for row in rows])
    lately = np.array([recent.get(row, 0.0) for row in rows])
    labelled = set(session.scalars(select(Label.work_item_id).where(holds(session, register))))
    known = {i for i, row in enumerate(rows) if row in labelled}
    asked = most_telling(
        [one.item for one in work],
        load_vectors(session, work, model),
        np.array([believed.get(row, 0.0) for row in rows]),
        amounts,
        lately,
        known,
        QUESTIONS,
    )
    session.execute(delete(Question))
    upsert(session, Question, [{"work_item_id": rows[i], "rank": n} for n, i in enumerate(asked)], ("work_item_id",))
    return len(asked)


def _with_leaders(session: Session, ids: Sequence[int]) -> set[int]:
    """Return these items and their ancestors."""
    found, fresh = set(ids), list(ids)
    while fresh:
        parents: dict[str, set[str]] = defaultdict(set)
        names: set[str] = set()
        for some in in_batches(fresh):
            query = select(WorkItem.source, WorkItem.kind, WorkItem.parent, unless_empty(WorkItem.mentions))
            for source, kind, parent, mentions in session.execute(query.where(WorkItem.id.in_(some))):
                if parent:
                    parents[source].add(parent)
                if is_evidence(source, kind):
                    names.update((mentions or ())[:1])
        above: set[int] = set()
        for source, externals in parents.items():
            for some in in_batches(sorted(externals)):
                query_up = select(WorkItem.id).where(WorkItem.source == source, WorkItem.external_id.in_(some))
                above.update(session.scalars(query_up))
        for some in in_batches(sorted(names)):
            above.update(session.scalars(select(WorkItem.id).where(WorkItem.key.in_(some))))
        fresh = sorted(above - found)
        found |= above
    return found


Amount = TypeVar("Amount", float, Amounts)


def at_stake(weight: Amount, lately: Amount, variance: Amount) -> Amount:
    """Return the expected gain of an answer, from its shares of all and of recent effort and the variance of the belief."""
    stake: Amount = (weight + CHANGE * abs(lately - weight)) * (variance + UNSURE) ** 0.5
    return stake


def most_telling(
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    believed: Amounts,
    effort: Amounts,
    recent: Amounts,
    known: Collection[int],
    count: int,
) -> list[int]:
    """Return the positions of at most `count` items to ask about, the most informative first.

    `believed` is each item's probability of serving the top priorities, `effort` its person-days, `recent` those of the last
    weeks; `known` are the items already answered.
    """
    following = Following(items)
    stream = following.tops(below_containers=True)
    tops = np.unique(stream)
    place = np.full(len(items), -1, dtype=np.int64)
    place[tops] = np.arange(len(tops))
    weight = np.bincount(place[stream], effort, len(tops)) / max(effort.sum(), 1e-9)
    lately = np.bincount(place[stream], recent, len(tops)) / max(recent.sum(), 1e-9)
    stake = at_stake(weight, lately, believed[tops] * (1 - believed[tops]))
    above = np.array([_epic(following, int(i)) for i in tops], dtype=np.int64)
    for i in known:
        stake[place[stream[i]]] = 0
        if is_container(items[i].source, items[i].kind):
            stake[above == i] *= 1 - SETTLED
    return _greedy(items, vectors, tops, above, stake, set(known), count)


def _greedy(
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    tops: Rows,
    above: Rows,
    stake: Amounts,
    known: set[int],
    count: int,
) -> list[int]:
    epics = [int(i) for i in np.unique(above[above >= 0]) if i not in known and items[int(i)].words]
    can = np.array([bool(items[int(i)].words) and int(i) not in known for i in tops])
    asked: list[int] = []
    below, of_tops = above >= 0, vectors[tops]
    while len(asked) < count:
        single = np.where(can, stake, 0.0)
        sums = SETTLED * np.bincount(above[below], stake[below], len(items))
        best, epic = max(((float(sums[epic]), epic) for epic in epics), default=(0.0, -1))
        one = int(single.argmax()) if len(single) else -1
        if one < 0 or max(best, float(single[one])) <= 0:
            break
        if best > single[one]:
            members = np.flatnonzero(above == epic)
            epics.remove(epic)
            asked.append(epic)
            settled = SETTLED
        else:
            members = np.array([one])
            can[one] = False
            asked.append(int(tops[one]))
            settled = 1.0
        alike = of_tops @ vectors[asked[-1]]
        stake *= 1 - ALIKE * np.where(alike > NEAR, alike, 0)
        stake[members] *= 1 - settled
    return asked


def _epic(following: Following, i: int) -> int:
    leads = int(following.leader[i])
    above = following.items[leads]
    return leads if leads >= 0 and is_container(above.source, above.kind) else -1
