"""Partition work items into streams, and recognise streams that were known before.

An item belongs to the root of its tree (an epic or story, a thread, a deal, the issue that a message names). Roots of small trees
join a similar older one by leader clustering (Hartigan 1975, "Clustering algorithms", chapter 3), in chronological order and with
the leader's own vector as the centre, so later items never move earlier ones. A known stream is recognised by its own root items,
else by the majority of its items, so ids are stable unless the work really splits.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.match.following import Following
from pipeline.sources import is_container

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]
Vectors = Callable[[Rows], Matrix]
"""Returns unit vectors of the items at these positions, zero for an item without words."""
SMALL = 3
"""The root of a tree of at most this many items is loose: it may join a similar one."""
ALIKE = 0.55
"""Cosine similarity at which loose items join a stream; benchmarks/streams.py measures the trade-off."""
MOST_LEADERS = 4_000
"""Number of newest leaders that a loose item is compared with: streams that nothing joined for a long time do not come back."""
_BATCH = 1_024


@dataclass(frozen=True, slots=True)
class Known:
    """The known streams: by position of an item, its stream and whether it is one of its own root items; anchors by stream."""

    stream: Mapping[int, tuple[int, bool]]
    anchors: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Group:
    """A stream: positions of its anchor, of all its items, and of its own root items, oldest first.

    `stream` is the id of the known stream that it continues, None for a new one.
    """

    anchor: int
    members: Rows
    own: Rows
    stream: int | None


NOTHING = Known({}, {})


def partition(items: Sequence[Item], age: Sequence[int], vectors: Vectors, known: Known = NOTHING) -> list[Group]:
    """Return groups that contain each item once, oldest anchor first. `age` is the day each item began, as an ordinal."""
    following = Following(items)
    top = following.tops()
    size = np.bincount(top, minlength=len(items))
    order = sorted(np.unique(top).tolist(), key=lambda i: (age[i], items[i].id))
    kept: dict[int, list[int]] = defaultdict(list)
    fresh = []
    for i in order:
        stream, own = known.stream.get(i, (0, False))
        if own:
            kept[stream].append(i)
        else:
            fresh.append(i)
    position = following.position
    leaders = {stream: _anchor(own, position.get(known.anchors.get(stream, ""), -1)) for stream, own in kept.items()}

    def loose(i: int) -> bool:
        return bool(size[i] <= SMALL) and not is_container(items[i].source, items[i].kind)

    joinable = [i for stream, i in leaders.items() if loose(i) or len(kept[stream]) > 1]
    joinable.sort(key=lambda i: (age[i], items[i].id))
    leader_of = _join([i for i in fresh if loose(i)], joinable, vectors)
    if not items:
        return []
    streams = {leader: stream for stream, leader in leaders.items()}
    own_of: dict[int, list[int]] = {leader: list(kept[stream]) for leader, stream in streams.items()}
    for i in fresh:
        own_of.setdefault(leader_of.get(i, i), []).append(i)
    groups = _groups(own_of, top, streams, len(items))
    return sorted(_recognised(groups, known), key=lambda one: (age[one.anchor], items[one.anchor].id))


def _anchor(own: Sequence[int], before: int) -> int:
    """Return the previous anchor if it is still one of the stream's own items, else the oldest of them."""
    return before if before in own else own[0]


def _join(loose: Sequence[int], leaders: Sequence[int], vectors: Vectors) -> dict[int, int]:
    """Return the leader of each loose item, which may be itself; both arguments are ordered by age."""
    found: dict[int, int] = {}
    places = list(leaders[-MOST_LEADERS:])
    heads: Matrix | None = vectors(np.array(places, dtype=np.int64)) if places and loose else None
    for first in range(0, len(loose), _BATCH):
        batch = loose[first : first + _BATCH]
        here = vectors(np.array(batch, dtype=np.int64))
        among = here @ here.T
        nearest: Rows = np.full(len(batch), -1, dtype=np.int64)
        best: NDArray[np.float32] = np.zeros(len(batch), np.float32)
        if heads is not None and len(heads):
            likeness = here @ heads.T
            nearest, best = likeness.argmax(1), likeness.max(1)
        new: list[int] = []
        for n, i in enumerate(batch):
            head, likeness_of = (places[nearest[n]], float(best[n])) if nearest[n] >= 0 else (i, 0.0)
            if new:
                inside = among[n, new]
                at = int(inside.argmax())
                if float(inside[at]) > likeness_of:
                    head, likeness_of = batch[new[at]], float(inside[at])
            if likeness_of >= ALIKE:
                found[i] = head
            else:
                found[i] = i
                if among[n, n] > 0:
                    new.append(n)
        places = (places + [batch[n] for n in new])[-MOST_LEADERS:]
        more = here[new]
        heads = (more if heads is None else np.vstack([heads, more]))[-MOST_LEADERS:]
    return found


def _groups(own_of: Mapping[int, Sequence[int]], top: Rows, streams: Mapping[int, int], count: int) -> list[Group]:
    led = np.full(count, -1, dtype=np.int64)
    for one, own in own_of.items():
        led[list(own)] = one
    leader = led[top]
    order = np.argsort(leader, kind="stable")
    cuts = np.flatnonzero(np.diff(leader[order])) + 1
    found = []
    for members in np.split(order, cuts):
        anchor = int(leader[members[0]])
        found.append(Group(anchor, members, np.array(own_of[anchor], dtype=np.int64), streams.get(anchor)))
    return found


def _recognised(groups: Sequence[Group], known: Known) -> list[Group]:
    """Identify new groups that contain most of a known stream's items, and little of any other."""
    taken = {one.stream for one in groups if one.stream is not None}
    left = Counter(stream for stream, _ in known.stream.values() if stream not in taken)
    found = []
    for one in groups:
        if one.stream is None and left:
            here = Counter(known.stream[i][0] for i in one.members.tolist() if i in known.stream)
            stream, count = here.most_common(1)[0] if here else (0, 0)
            if stream in left and 2 * count > max(here.total(), left[stream]):
                found.append(replace(one, stream=stream))
                continue
        found.append(one)
    return found


def below_root(items: Sequence[Item]) -> list[int]:
    """Return, by position, the ancestor of each item just below the stream's root; roots are their own."""
    following = Following(items)
    found = []
    for i in range(len(items)):
        while (above := int(following.leader[i])) >= 0 and following.leader[above] >= 0:
            i = above
        found.append(i)
    return found
