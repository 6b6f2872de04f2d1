"""How work items are connected (parent, thread, deal, mentions, container), as one graph for the match."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item

_DEEPEST = 8


class Links:
    """Positions of related items. `root` is the top of an item's tree (usually the item itself)."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.position = {item.id: i for i, item in enumerate(items)}
        self.parent: NDArray[np.int64] = np.array(
            [self.position.get(item.parent or "", -1) for item in items], dtype=np.int64
        )
        self.parent[self.parent == np.arange(len(items))] = -1

    @cached_property
    def root(self) -> NDArray[np.int64]:
        """Follow parents upwards; cycles, which broken data can contain, end after _DEEPEST steps."""
        root = np.arange(len(self.items))
        for _ in range(_DEEPEST):
            above = self.parent[root]
            root = np.where(above >= 0, above, root)
        return root

    @cached_property
    def groups(self) -> list[NDArray[np.int64]]:
        """Items that share a root."""
        return _by(self.root.tolist())

    @cached_property
    def tree_size(self) -> NDArray[np.int64]:
        """Number of items in each item's tree, including itself."""
        sizes: NDArray[np.int64] = np.bincount(self.root, minlength=len(self.items))[self.root]
        return sizes

    @cached_property
    def places(self) -> list[tuple[str, str]]:
        """Project, channel or pipeline of each item."""
        return [(item.source, item.container) for item in self.items]

    @cached_property
    def mentions(self) -> list[tuple[int, int]]:
        """(position of the mentioning item, position of the mentioned item), if the latter is known."""
        found = []
        for i, item in enumerate(self.items):
            for name in item.mentions:
                j = self.position.get(name, -1)
                if j not in (i, -1):
                    found.append((i, j))
        return found

    @cached_property
    def named_by(self) -> Mapping[int, list[int]]:
        """Positions of the items that each item mentions."""
        found: dict[int, list[int]] = defaultdict(list)
        for i, j in self.mentions:
            found[i].append(j)
        return found


def _by(keys: Sequence[object]) -> list[NDArray[np.int64]]:
    members: dict[object, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        members[key].append(i)
    return [np.array(rows, dtype=np.int64) for rows in members.values()]
