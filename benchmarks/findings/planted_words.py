"""Cases planted in the texts and events of companies with real texts: on tickets and threads of texts.py, and in a word's use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np

from benchmarks.findings.texts import Base, Days
from connectors.base import SignalKind, State
from pipeline.findings.found import Inputs, Usage
from pipeline.findings.lives import SAID, Event, Life


def hollow_tickets(base: Base) -> Inputs:
    """Twice within seven weeks thirty tickets in an afternoon, of which one in eight gets a comment. Their words, and so what is
    believed of them, are those of real tickets on key results."""
    given, rng = Days.of(base).inputs(), base.rng
    place = {int(item): n for n, item in enumerate(base.rows.items)}
    real = [life for life in given.lives or () if life.stated and life.item in place and base.label[place[life.item]]]
    by = int(rng.choice(base.rows.person))
    lives = list(given.lives or ())
    for days in (20, 30):
        at = datetime.combine(given.last - timedelta(days=days), time(14), lives[0].made.tzinfo)
        for life in rng.choice(np.array(real, dtype=object), 30):
            at += timedelta(seconds=float(rng.uniform(20, 200)))
            events = [Event(at, SignalKind.CREATED, by, life.team)]
            if rng.random() < 0.12:
                other = int(rng.choice(base.rows.person))
                events.append(Event(at + timedelta(days=3), SignalKind.COMMENT, other, life.team))
            fake = Life(10**9 + len(lives), life.team, at, tuple(events), (), True, True, State.TODO)
            lives.append(replace(fake, serves=life.serves, days=0.8))
    return replace(given, lives=lives)


def crowded(base: Base) -> Inputs:
    """For nine weeks a decision takes 1.8 times the days, and eight or nine people: 1.9 times as many as before in cases.py. Here
    two or three are usual, and 1.9 times as many would still be few."""
    given, rng = Days.of(base).inputs(), base.rng
    since = given.last - timedelta(weeks=10)
    everybody = np.unique(base.rows.person).tolist()
    end = datetime.combine(given.last, time(23), (given.lives or ())[0].made.tzinfo)
    lives = [_longer(one, everybody, end, rng) if one.made.date() > since else one for one in given.lives or ()]
    return replace(given, lives=lives)


def _longer(life: Life, everybody: Sequence[int], end: datetime, rng: np.random.Generator) -> Life:
    said = [one for one in life.events if one.kind in SAID]
    people = {one.person for one in said}
    if len(people) < 2:
        return life
    events = [one._replace(at=min(end, life.made + 1.8 * (one.at - life.made))) for one in life.events]
    last = max(one.at for one in events)
    for _ in range(max(0, round(float(rng.normal(8.5, 2))) - len(people))):
        like, at = said[int(rng.integers(len(said)))], life.made + float(rng.uniform(0, 1)) * (last - life.made)
        events.append(like._replace(at=at, person=int(rng.choice(everybody))))
    return replace(life, events=tuple(sorted(events, key=lambda one: one.at)))


def other_word(base: Base) -> Inputs:
    """In six of ten of a team's sentences with a word it stands for another one: sentences of the team that hold that, with both
    words taken out (pseudo-words: Gale, Church and Yarowsky 1992)."""
    given, rng = Days.of(base).inputs(), base.rng
    usages = list(given.usages or ())
    pairs = [(n, team) for n, one in enumerate(usages) for team in set(one.team) if one.team.count(team) >= 15]
    for n, team in [sorted(pairs)[int(rng.integers(len(pairs)))]] if pairs else []:
        usages[n] = _conflated(usages[n], [one for one in usages if one is not usages[n]], team, rng)
    return replace(given, usages=usages)


def _conflated(usage: Usage, others: Sequence[Usage], team: str, rng: np.random.Generator) -> Usage:
    some = [one.vectors[np.array(one.team) == team] for one in others]
    other = max(some, key=len, default=np.zeros((0, 1)))
    vectors = usage.vectors.copy()
    mine = np.flatnonzero(np.array(usage.team) == team)
    chosen = rng.permutation(mine)[: round(0.6 * len(mine))]
    if len(other):
        vectors[chosen] = other[rng.integers(0, len(other), len(chosen))]
    return replace(usage, vectors=vectors)
