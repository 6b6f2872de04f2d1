"""How often people came back to an item: what leaves many traces is seldom off the plan."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.match.following import Following
from pipeline.sources import is_evidence

WEIGHT = 0.4
"""By how much the logarithm of the odds against none grows with the logarithm of the number of traces. Chosen on the worlds of
benchmarks/worlds, where without it the largest issues are taken for none far too often; docs/matching.md has the figures."""
_FARTHEST = 2.0
"""Beyond e**2 times the usual number of traces, or a part of it, they say no more: automations leave hundreds."""


def odds_of_none(items: Sequence[Item], following: Following) -> NDArray[np.float32]:
    """By place within the core: what the odds of none are to be multiplied by; one where no trace is known.

    Traces are counted with those of what follows, beside what is usual for the source. A thread is evidence for something else,
    and long for other reasons: for it traces say nothing.
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
    return np.exp(-WEIGHT * np.clip(beyond, -_FARTHEST, _FARTHEST)).astype(np.float32)
