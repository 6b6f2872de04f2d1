"""How often people came back to an item: items with many traces are seldom off the plan, and a thread that was answered is seldom
chatter, however short. The weights of both are fitted on companies at work (benchmarks/at_work.py)."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.match.conditional_logit import Features
from pipeline.match.following import Following
from pipeline.sources import is_evidence

_FARTHEST = 2.0
"""Clips the log ratio to the usual number of traces in either direction: automations leave hundreds."""
ANSWERED = 2
"""A thread of at least this many messages was answered."""


def features(items: Sequence[Item], following: Following) -> Features:
    """Return all features, for the items of the core."""
    told = {
        "traced": traced(items, following),
        "traces": traces_beside_usual(items, following),
        "answered": answered(items, following),
    }
    return Features({}, told)


def traces_beside_usual(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """Return, by index within the core, the log ratio of the number of traces to the source's median; 0 if there are none.

    Traces of followers count as well. A thread is evidence for another item, and is long for other reasons, so it gets 0.
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
    """Return, by index within the core, 1 if anybody left a trace: items that are worked on are less often off the plan."""
    return np.array([items[i].traces > 0 for i in following.core.tolist()], dtype=np.float32)


def answered(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """Return, by index within the core, 1 for an answered thread that has neither a title nor a mentioned issue."""
    found = np.zeros(len(following.core), dtype=np.float32)
    for place, i in enumerate(following.core.tolist()):
        item = items[i]
        told = item.title or item.mentions
        found[place] = is_evidence(item.source, item.kind) and item.traces >= ANSWERED and not told
    return found
