"""How often people came back to an item: what leaves many traces is seldom off the plan, and a thread that was answered is seldom
chatter, however short."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.match.following import Following
from pipeline.sources import is_evidence

WEIGHT = 0.55
"""By how much the logarithm of the odds against none grows with the logarithm of the number of traces. Chosen on the worlds of
benchmarks/worlds, where without it the largest issues are taken for none far too often; docs/matching.md has the figures."""
_FARTHEST = 2.0
"""Beyond e**2 times the usual number of traces, or a part of it, they say no more: automations leave hundreds."""
ANSWERED = 2
"""From so many messages on a thread was answered."""
KEPT, RAISED = 0.33, 1.25
"""What an answered thread keeps of the log odds of serving a key result, and what is added to them. The labelled companies that
the weights are fitted on have one text a thread, and there a short one is mostly chatter. Of the worlds' answered threads two in
three serve a key result, however many answers there are; docs/matching.md has the figures."""


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


def answered(items: Sequence[Item], following: Following) -> NDArray[np.bool_]:
    """By place within the core: whether it is a thread that somebody answered, without a title and an issue that it names to
    go by. Pull requests and mails have a title; how sure one may be of them was not measured."""
    found = np.zeros(len(following.core), dtype=np.bool_)
    for place, i in enumerate(following.core.tolist()):
        item = items[i]
        told = item.title or item.mentions
        found[place] = is_evidence(item.source, item.kind) and item.traces >= ANSWERED and not told
    return found


def as_sure_as_right(found: NDArray[np.float32], threads: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Beliefs, those in none last, with these rows as sure as answered threads turn out to be right (Platt 1999); which key
    result it is among them stays. Changes the array."""
    rows = found[threads].astype(np.float64)
    served = np.clip(1 - rows[:, -1:], 1e-6, 1 - 1e-6)
    odds = np.exp(RAISED) * (served / (1 - served)) ** KEPT
    serves = odds / (1 + odds)
    parts = rows[:, :-1] + 1e-9  # where none of them was believed in at all, each a little
    rows[:, :-1] = parts * serves / parts.sum(1, keepdims=True)
    rows[:, -1:] = 1 - serves
    found[threads] = rows
    return found
