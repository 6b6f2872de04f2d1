"""The topics of streams, as vectors of their items, from two different generators.

`tasks`: an item's vector combines the topics of the company, its team, its key result and its stream, plus a large part of its
own. `pool`: an item is a few words drawn from these topics, and its vector is the mean of theirs. Both are calibrated so that
halves of a stream are about as similar as in the labelled companies (a median of 0.25 to 0.4 after removing the common component;
different streams at 0, standard deviation 0.11).
"""

from dataclasses import replace

import numpy as np

from benchmarks.findings.company import WEEKS, Plan, Stream
from pipeline.findings.found import Inputs, Meaning

SIZE, RECENT = 96, 8


def _unit(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = rng.normal(size=(count, SIZE))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def with_meaning(company: Plan, given: Inputs, generator: str, same: dict[int, int] | None = None) -> Inputs:
    """The inputs with what the streams of the last weeks are about; `same` gives streams the topic of others, by their ids."""
    rng = np.random.default_rng([company.seed, 7])
    streams = [one for one in company.streams if one.weight[WEEKS - RECENT :].sum() > 0]
    topic = dict(zip([one.id for one in company.streams], _unit(rng, len(company.streams)), strict=True))
    for one, of in (same or {}).items():
        mixed = 0.9 * topic[of] + 0.2 * topic[one]
        topic[one] = mixed / np.linalg.norm(mixed)
    shared = _unit(rng, 1 + len(company.teams) + len(company.key_results))
    make = _mixed if generator == "tasks" else _of_words
    centres, items, parts = [], [], []
    for one in streams:
        vectors = make(
            rng, one, topic[one.id], shared, len(company.teams), 4 + int(rng.poisson(40 * one.weight[-RECENT:].mean()))
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        centres.append(vectors.mean(0))
        items.append(len(vectors))
        parts.append((vectors[::2].mean(0), vectors[1::2].mean(0)))
    found = np.stack(centres)
    both = np.array(parts) - found.mean(0)
    both /= np.linalg.norm(both, axis=2, keepdims=True)
    halves = (both[:, 0] * both[:, 1]).sum(1)
    return replace(given, meaning=Meaning(tuple(one.id for one in streams), found, np.array(items), halves))


def _mixed(
    rng: np.random.Generator, one: Stream, topic: np.ndarray, shared: np.ndarray, teams: int, count: int
) -> np.ndarray:
    base = 0.6 * shared[0] + 0.2 * shared[1 + one.team] + 0.5 * topic
    if one.key_result is not None:
        base = base + 0.15 * shared[1 + teams + one.key_result]
    return np.asarray(base + rng.normal(0, 1.8 / SIZE**0.5, (count, SIZE)))


def _of_words(
    rng: np.random.Generator, one: Stream, topic: np.ndarray, shared: np.ndarray, teams: int, count: int
) -> np.ndarray:
    about = [shared[0], shared[1 + one.team], topic, shared[1 + teams + (one.key_result or 0)]]
    weights = [0.4, 0.12, 0.4, 0.08] if one.key_result is not None else [0.4, 0.14, 0.46, 0.0]
    words = rng.choice(4, (count, 9), p=weights)
    own = rng.normal(0, 4.5 / SIZE**0.5, (count, 9, SIZE))
    return np.asarray((np.array(about)[words] + own).mean(1))
