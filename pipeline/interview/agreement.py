"""Semantic agreement of lists of priorities, from 0 (nothing in common) to 1 (the same, in anybody's words).

Two lists: each line's similarity to the nearest line of the other list, averaged over each list, then over both, as BERTScore
(Zhang et al. 2020) matches the words of two sentences. A group: the mean over all pairs of people, which is the observed
agreement of Fleiss (1971) with similarity in place of category equality. The similarity of two lines is their cosine, rescaled
so that unrelated lines have 0 and rewordings 1 (UNLIKE and ALIKE: benchmarks/interview.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

UNLIKE, ALIKE = 0.2, 0.5
SAME = 0.5
"""Similarity from which two lines mean the same thing."""
NEAR = 0.75
"""Similarity from which one line may represent another on display: stricter, so that one person's wording is not shown."""
Floats = NDArray[np.float32]


def likeness(left: Floats, right: Floats) -> Floats:
    """Return the similarity of each line of one list to each of another, from unit vectors."""
    cosine = left.astype(np.float32) @ right.astype(np.float32).T
    stretched: Floats = np.clip((cosine - UNLIKE) / (ALIKE - UNLIKE), 0.0, 1.0).astype(np.float32)
    return stretched


def of_two(left: Floats, right: Floats) -> float:
    """Return the agreement of two lists; 0 with an empty one."""
    if not len(left) or not len(right):
        return 0.0
    alike = likeness(left, right)
    return float(alike.max(1).mean() + alike.max(0).mean()) / 2


def of_all(lists: Sequence[Floats]) -> float:
    """Return the agreement of a group's lists: the mean over all pairs."""
    pairs = [of_two(left, right) for left, right in combinations(lists, 2)]
    return float(np.mean(pairs)) if pairs else 1.0


def with_register(lists: Sequence[Floats], objectives: Sequence[Floats]) -> float:
    """Return the agreement of lists with the top objectives, each given by its lines (title, key results), the nearest
    counting."""
    found = []
    for mine in lists:
        if not len(mine) or not objectives:
            found.append(0.0)
            continue
        alike = np.stack([likeness(mine, lines).max(1) for lines in objectives], axis=1)
        found.append(float(alike.max(1).mean() + alike.max(0).mean()) / 2)
    return float(np.mean(found)) if found else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer: its person (an arbitrary number), words and vector."""

    person: int
    text: str
    vector: Floats


def clusters(lines: Sequence[Line], least: int) -> list[Line]:
    """Return for each thing named by at least `least` people the medoid of its lines, the most frequently named first.

    A line attracts the lines similar to it; the one that gathers the most people goes first and removes its lines.
    """
    if not lines:
        return []
    vectors = np.stack([one.vector for one in lines])
    alike = likeness(vectors, vectors) >= SAME
    left, found = set(range(len(lines))), []
    while left:
        groups = {n: [m for m in left if alike[n, m]] for n in sorted(left)}
        best = max(groups, key=lambda n: (len({lines[m].person for m in groups[n]}), -n))
        if len({lines[m].person for m in groups[best]}) < least:
            break
        found.append(_middle([lines[m] for m in groups[best]]))
        left -= set(groups[best])
    return found


def furthest(lists: Sequence[Sequence[Line]]) -> tuple[Line, Line] | None:
    """Return the two most distant wordings, of the two people who agree least; None if nobody differs much.

    Considers only what somebody else named as well, shown by the medoid of these lines: no wording is one person's alone.
    """
    far: list[tuple[float, Line, Line]] = []
    for left, right in combinations([one for one in lists if one], 2):
        mine, others = np.stack([one.vector for one in left]), np.stack([one.vector for one in right])
        alike = likeness(mine, others)
        a, b = left[int(alike.max(1).argmin())], right[int(alike.max(0).argmin())]
        if float(alike.max(1).min()) < SAME and float(alike.max(0).min()) < SAME:
            far.append((of_two(mine, others), a, b))
    every = [line for one in lists for line in one]
    for _, a, b in sorted(far, key=lambda one: one[0]):
        near = [[one for one in every if _alike(x, one) >= NEAR] for x in (a, b)]
        shown = _middle(near[0]), _middle(near[1])
        if all(len({one.person for one in some}) >= 2 for some in near) and _alike(*shown) < SAME:
            return shown
    return None


def _alike(left: Line, right: Line) -> float:
    return float(likeness(left.vector[None], right.vector[None])[0, 0])


def _middle(lines: Sequence[Line]) -> Line:
    vectors = np.stack([one.vector for one in lines])
    return lines[int(likeness(vectors, vectors).sum(1).argmax())]
