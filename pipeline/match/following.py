"""Which items are matched on their own content, and which follow another: a sub-task its story, a message the issue it names.

A sub-task called "tests" does not say what it is for and, taken alone, reads like chatter. So the match does not treat it as an
item of its own: it counts neither towards the company's averages nor as evidence for its story, and inherits the story's
probabilities. A sub-task with content of its own is matched, and shrunk towards what it follows: in labelled companies a child
serves the same key result as its parent in 99 of 100 cases. A message that only repeats another's words follows that message.

In this module an item without content of its own is *silent*, the item it follows is its *leader*, and the nearest leader that is
not silent is its *speaker*. The items that are not silent are the *core*.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.said import count_words
from pipeline.sources import is_container, is_evidence

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]
_DEEPEST = 8
BARE = 3
"""A title of at most this many words adds nothing to its parent's."""
BARE_MESSAGE = 12
"""The same for a thread that names an issue."""
OWN, OWN_BELOW_EPIC = 0.35, 1.0
"""Weight of an item's own probabilities if it follows another; below an epic 1, since the match already uses the epic."""


class Following:
    """Which item follows which; positions refer to the given sequence."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.position = {item.id: i for i, item in enumerate(items)}
        kinds = {(item.source, item.kind) for item in items}
        self._evidence = {pair for pair in kinds if is_evidence(*pair)}
        self._said: dict[str, int] = {}
        for i, item in enumerate(items):
            if self._repeats(item):
                self._said.setdefault(item.words.casefold(), i)
        self.leader: Rows = np.array([self._leader(i) for i in range(len(items))], dtype=np.int64)
        self._break_circles()

    @cached_property
    def silent(self) -> NDArray[np.bool_]:
        """By position: True if the item has no content of its own. Computed lazily, since `tops` does not need it."""
        return np.array([self._is_silent(i) for i in range(len(self.items))], dtype=bool)

    @cached_property
    def core(self) -> Rows:
        """Positions of the items that are not silent."""
        return np.flatnonzero(~self.silent)

    @cached_property
    def speaker(self) -> Rows:
        """By position: index within `core` of the item itself, or of the nearest leader that is not silent."""
        at = np.arange(len(self.items))
        for _ in range(_DEEPEST):
            at = np.where(self.silent[at], self.leader[at], at)
        place = np.full(len(self.items), -1, dtype=np.int64)
        place[self.core] = np.arange(len(self.core))
        return place[at]

    @cached_property
    def _own(self) -> NDArray[np.float32]:
        """Weight of its own probabilities, for each item of the core."""
        leads = [self.items[j] for j in self.leader[self.core]]
        own = [OWN_BELOW_EPIC if is_container(one.source, one.kind) else OWN for one in leads]
        return np.where(self.leader[self.core] >= 0, np.array(own, np.float32), np.float32(1))

    @cached_property
    def _levels(self) -> list[Rows]:
        """Indices within the core of the items that follow another, grouped by depth."""
        above = np.where(self.leader[self.core] >= 0, self.speaker[self.leader[self.core]], -1)
        depth = np.zeros(len(above), dtype=np.int64)
        at = above
        for _ in range(_DEEPEST):
            depth += at >= 0
            at = np.where(at >= 0, above[at], -1)
        return [np.flatnonzero(depth == level) for level in range(1, int(depth.max(initial=0)) + 1)]

    @cached_property
    def above(self) -> Rows:
        """By index within the core: the index of what the item follows, -1 for none."""
        leader = self.leader[self.core]
        return np.where(leader >= 0, self.speaker[leader], -1)

    def tops(self, *, below_containers: bool = False) -> Rows:
        """Return, by position, the topmost leader (the item itself if it has none); with `below_containers`, below any epic."""
        closed = np.zeros(len(self.items), dtype=bool)
        if below_containers:
            closed = np.array([is_container(item.source, item.kind) for item in self.items], dtype=bool)
        at = np.arange(len(self.items))
        for _ in range(_DEEPEST):
            leads = self.leader[at]
            at = np.where((leads >= 0) & ~closed[leads], leads, at)
        return at

    def shrink(self, found: Matrix, known: set[int]) -> Matrix:
        """Return the core's probabilities, each shrunk towards what it follows; rows in `known` stay as they are."""
        shrunk = found.copy()
        for level in self._levels:
            some = np.array([i for i in level.tolist() if i not in known], dtype=np.int64)
            own = self._own[some, None]
            shrunk[some] = own * found[some] + (1 - own) * shrunk[self.above[some]]
        return shrunk

    def spread(self, known: dict[int, int]) -> dict[int, int]:
        """Extend answers, by index within the core, to everything that follows an answered item; the nearest answer wins."""
        answers = dict(known)
        for level in self._levels:
            for i in level.tolist():
                leads = int(self.above[i])
                if i not in answers and leads in answers:
                    answers[i] = answers[leads]
        return answers

    def _leader(self, i: int) -> int:
        """Return the position of what the item is evidence for, else its parent, else the first message with the same words."""
        item = self.items[i]
        names = (*self._named(item), item.parent) if item.parent else self._named(item)
        found = next((j for name in names if (j := self.position.get(name, -1)) not in (i, -1)), -1)
        if found < 0 and self._repeats(item):
            first = self._said[item.words.casefold()]
            return first if first != i and not self.items[first].mentions else -1
        return found

    def _named(self, item: Item) -> Sequence[str]:
        return item.mentions if (item.source, item.kind) in self._evidence else ()

    def _repeats(self, item: Item) -> bool:
        """Return True if the item is a standalone message, which people may send many times over."""
        return not item.parent and not item.title and (item.source, item.kind) in self._evidence

    def _is_silent(self, i: int) -> bool:
        leader = int(self.leader[i])
        if leader < 0:
            return False
        item, leads = self.items[i], self.items[leader]
        words = count_words(item.words)
        if leads.id in self._named(item):
            return words <= BARE_MESSAGE
        if leads.id != item.parent:
            return True  # repeats another message
        return words <= (0 if is_container(leads.source, leads.kind) else BARE)

    def _break_circles(self) -> None:
        """Detach items in cycles, which broken data can contain: an item that never reaches a top follows nothing."""
        at = self.leader
        for _ in range(_DEEPEST):
            at = np.where(at >= 0, self.leader[at], -1)
        self.leader = np.where(at >= 0, -1, self.leader)
