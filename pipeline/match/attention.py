"""How often people came back to an item: what leaves many traces is seldom off the plan, and a thread that was answered is seldom
chatter, however short. What either counts is fitted on companies at work (benchmarks/at_work.py)."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.match.conditional_logit import Features
from pipeline.match.following import Following
from pipeline.sources import is_evidence

_FARTHEST = 2.0
"""Beyond e**2 times the usual number of traces, or a part of it, they say no more: automations leave hundreds."""
ANSWERED = 2
"""From so many messages on a thread was answered."""


def features(items: Sequence[Item], following: Following) -> Features:
    """All of them, of the items that speak for themselves."""
    told = {
        "traced": traced(items, following),
        "traces": traces_beside_usual(items, following),
        "answered": answered(items, following),
    }
    return Features({}, told)


def traces_beside_usual(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """By place within the core: logarithm of the number of traces beside what is usual for the source; 0 where none is known.

    Traces are counted with those of what follows. A thread is evidence for something else, and long for other reasons: for it
    traces say nothing.
    """
    count = np.zeros(len(following.core))
    np.add.at(count, following.speaker, [item.traces for item in items])
    by_source: dict[str, list[int]] = defaultdict(list)
    for place, i in enumerate(following.core.tolist()):
        if count[place] and not is_evidence(items[i].source, items[i].kind):
            by_source[items[i].source].append(place)
    beyond = np.zeros(len(count))
    for places in by_source.values():
        beyond[places] = np.log(count[places] / np.median(count[places]))
    return np.clip(beyond, -_FARTHEST, _FARTHEST).astype(np.float32)


def traced(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """By place within the core: 1 where somebody left a trace. What is worked on is seldomer off the plan than what is listed."""
    return np.array([items[i].traces > 0 for i in following.core.tolist()], dtype=np.float32)


def answered(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """By place within the core: 1 where it is a thread that somebody answered, without a title and an issue that it names to
    go by, else 0."""
    found = np.zeros(len(following.core), dtype=np.float32)
    for place, i in enumerate(following.core.tolist()):
        item = items[i]
        told = item.title or item.mentions
        found[place] = is_evidence(item.source, item.kind) and item.traces >= ANSWERED and not told
    return found
