"""Vectors of sentences that contain a word of the objectives, from two different generators.

`tasks`: a sentence combines its team's topic, the word's meaning and a large part of its own. `pool`: it is a few words, each
about the team, the word's meaning or something else, and its vector is the mean of theirs. Teams' topics differ more than the
word's meanings.
"""

from dataclasses import replace

import numpy as np

from benchmarks.findings.company import Plan
from pipeline.findings.found import Inputs, Usage

SIZE, TERMS, SENTENCES = 96, 8, 30


def with_terms(company: Plan, given: Inputs, generator: str, apart: float = 0.0) -> Inputs:
    """The inputs with eight terms, 30 sentences of each team with each; `apart` is the part of one team's sentences with one of
    them in which it means something else."""
    rng = np.random.default_rng([company.seed, 13])
    teams = len(company.teams)
    topics, meanings = (_unit(rng, count) for count in (teams, TERMS + 1))
    odd, where = int(rng.integers(TERMS)), int(rng.integers(teams))
    usages = []
    for term in range(TERMS):
        rows, whose, people, items = [], [], [], []
        for n in range(teams * SENTENCES):
            team = n % teams
            other = (term, team) == (odd, where) and rng.random() < apart
            meaning = meanings[TERMS if other else term]
            rows.append(_sentence(rng, generator, topics[team], meaning))
            whose.append(f"t{team}")
            people.append(int(rng.choice([k for k, of in enumerate(company.people) if of == team])))
            items.append(1000 * term + n - (n % 5 == 0 and n > teams) * teams)  # some come from one item
        vectors = np.stack(rows)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        leads = np.zeros(len(rows), dtype=bool)
        usages.append(Usage(f"word{term}", vectors, tuple(whose), np.array(people), np.array(items), leads))
    return replace(given, usages=usages)


def _unit(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = rng.normal(size=(count, SIZE))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _sentence(rng: np.random.Generator, generator: str, topic: np.ndarray, meaning: np.ndarray) -> np.ndarray:
    if generator == "tasks":
        return np.asarray(0.5 * topic + 0.45 * meaning + rng.normal(0, 1 / SIZE**0.5, SIZE))
    words = rng.choice(3, 10, p=[0.3, 0.27, 0.43])
    about = np.array([topic, meaning, np.zeros(SIZE)])[words]
    return np.asarray((about + rng.normal(0, 1.9 / SIZE**0.5, (10, SIZE))).mean(0))
