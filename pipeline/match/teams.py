"""The team of an item that is assigned to nobody: a story of which only the sub-tasks are assigned, a task that was handed
back."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from pipeline.items import Item
from pipeline.match.following import Following
from pipeline.sources import is_container


def teams_of(items: Sequence[Item], following: Following) -> list[str | None]:
    """Return, by index within `following.core`, the item's team, else the most frequent one among its followers, else in its
    tree.

    Epics are left as they are: the work below one may belong to several teams, and a side project's epic would be mistaken for a
    goal of the team that lent people to it.
    """
    speaker, tops = following.speaker.tolist(), following.tops().tolist()
    below: dict[int, Counter[str]] = defaultdict(Counter)
    tree: dict[int, Counter[str]] = defaultdict(Counter)
    for item, speaks, top in zip(items, speaker, tops, strict=True):
        if item.team:
            below[speaks][item.team] += 1
            tree[top][item.team] += 1
    return [
        items[i].team
        or (None if is_container(items[i].source, items[i].kind) else _most(below[place]) or _most(tree[tops[i]]))
        for place, i in enumerate(following.core.tolist())
    ]


def _most(counted: Counter[str]) -> str | None:
    """Return the most frequent team; ties go to the first by name, so that the order of items does not matter."""
    return min(counted, key=lambda team: (-counted[team], team), default=None)
