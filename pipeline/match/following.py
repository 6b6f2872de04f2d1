"""Which items speak for themselves, and which follow another: a sub-task its story, a message the issue that it names.

A sub-task called "tests" says nothing of what it is for, and taken by itself it reads like chatter. So it is no item of its own
for the match: it neither counts in what is usual in the company nor as a witness for its story, and takes the belief that is
found for that. One with words of its own is matched, and its belief drawn towards what it follows: in labelled companies a child
serves what its parent serves in 99 of 100 cases. A message that only repeats another's words follows that one.
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
"""Words up to which a title says nothing that its parent does not say."""
BARE_MESSAGE = 12
"""The same of a thread that names an issue."""
OWN, OWN_BELOW_EPIC = 0.35, 1.0
"""Part of the belief that is an item's own where it follows another; the match itself looks at the epic above."""


class Following:
    """Who leads whom among the items; positions are those of the sequence that is given."""

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
        """By position, whether the item says nothing that it is for. Who asks for tops alone has no need of it."""
        return np.array([self._is_silent(i) for i in range(len(self.items))], dtype=bool)

    @cached_property
    def core(self) -> Rows:
        """Positions of the items that speak for themselves."""
        return np.flatnonzero(~self.silent)

    @cached_property
    def speaker(self) -> Rows:
        """By position, the place within `core` of the item itself, or of the first above it that speaks."""
        at = np.arange(len(self.items))
        for _ in range(_DEEPEST):
            at = np.where(self.silent[at], self.leader[at], at)
        place = np.full(len(self.items), -1, dtype=np.int64)
        place[self.core] = np.arange(len(self.core))
        return place[at]

    @cached_property
    def _own(self) -> NDArray[np.float32]:
        """Part of its own belief that each item of the core keeps."""
        leads = [self.items[j] for j in self.leader[self.core]]
        own = [OWN_BELOW_EPIC if is_container(one.source, one.kind) else OWN for one in leads]
        return np.where(self.leader[self.core] >= 0, np.array(own, np.float32), np.float32(1))

    @cached_property
    def _levels(self) -> list[Rows]:
        """Places within the core of those that follow, by how far they are from the top."""
        above = np.where(self.leader[self.core] >= 0, self.speaker[self.leader[self.core]], -1)
        depth = np.zeros(len(above), dtype=np.int64)
        at = above
        for _ in range(_DEEPEST):
            depth += at >= 0
            at = np.where(at >= 0, above[at], -1)
        return [np.flatnonzero(depth == level) for level in range(1, int(depth.max(initial=0)) + 1)]

    @cached_property
    def above(self) -> Rows:
        """By place within the core, the place of what it follows; -1 for none."""
        leader = self.leader[self.core]
        return np.where(leader >= 0, self.speaker[leader], -1)

    def tops(self, *, below_containers: bool = False) -> Rows:
        """By position, the top of what the item hangs on, itself where that is nothing; on request the top below any epic."""
        closed = np.zeros(len(self.items), dtype=bool)
        if below_containers:
            closed = np.array([is_container(item.source, item.kind) for item in self.items], dtype=bool)
        at = np.arange(len(self.items))
        for _ in range(_DEEPEST):
            leads = self.leader[at]
            at = np.where((leads >= 0) & ~closed[leads], leads, at)
        return at

    def draw(self, found: Matrix, known: set[int]) -> Matrix:
        """Beliefs of the core, each drawn towards what it follows; `known` places keep theirs."""
        drawn = found.copy()
        for level in self._levels:
            some = np.array([i for i in level.tolist() if i not in known], dtype=np.int64)
            own = self._own[some, None]
            drawn[some] = own * found[some] + (1 - own) * drawn[self.above[some]]
        return drawn

    def spread(self, known: dict[int, int]) -> dict[int, int]:
        """Answers by place within the core, and those of all that follows an answered one: the nearest above counts."""
        answers = dict(known)
        for level in self._levels:
            for i in level.tolist():
                leads = int(self.above[i])
                if i not in answers and leads in answers:
                    answers[i] = answers[leads]
        return answers

    def _leader(self, i: int) -> int:
        """What the item is evidence for, else its parent, else the first message that said just the same."""
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
        """Whether the item is a message by itself, of which people send the same many times."""
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
            return True  # it says what another message said
        return words <= (0 if is_container(leads.source, leads.kind) else BARE)

    def _break_circles(self) -> None:
        """Circles, which broken data can hold: what never reaches a top follows nobody."""
        at = self.leader
        for _ in range(_DEEPEST):
            at = np.where(at >= 0, self.leader[at], -1)
        self.leader = np.where(at >= 0, -1, self.leader)
