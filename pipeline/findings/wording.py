"""The vocabulary gap: a team uses a term of the objectives differently from those who set them, or from everybody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Usage, Value
from pipeline.findings.work import Floats, Ints, Mask
from pipeline.share.floor import enough

SENTENCES, OTHERS = 15, 15
"""Fewest sentences with the term on each side, from as many items, and fewest with other terms to estimate a side's topics."""
SHUFFLES = 1999
RATE = 0.05
"""False discovery rate of the gaps reported (Benjamini and Hochberg)."""


@dataclass(frozen=True, slots=True)
class _Gap:
    usage: Usage
    team: str
    leaders: bool
    size: float
    chance: float
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class _Summed:
    """Sums of a term's sentence vectors by side: each team's writers who set no objectives, those who do, and all. For 200
    pairs of team and term the others' vectors would otherwise be copied each time."""

    by_team: Mapping[str, Floats]
    leaders: Floats
    all: Floats

    @classmethod
    def of(cls, usage: Usage) -> "_Summed":
        counted = np.column_stack([usage.vectors, np.ones(len(usage.vectors))])
        teams = {team: counted[_side(usage, team, False, own=True)].sum(0) for team in sorted(set(usage.team))}
        return cls(teams, counted[usage.leads].sum(0), counted.sum(0))

    def side(self, team: str, leaders: bool, *, own: bool) -> Floats:
        """Return the sum of a side's vectors, with their number as last element."""
        mine = self.by_team.get(team, np.zeros_like(self.all))
        if own:
            return mine
        return self.leaders if leaders else np.asarray(self.all - mine)


def vocabulary_gap(given: Inputs) -> Outcome:
    """For a team and a term: the distance between the means of its sentences and of the others', with the term removed and each
    side's general topics subtracted, in units of their spread; found from `wording` on if a permutation test over items
    agrees."""
    if given.usages is None:
        return Unjudged("no sentences are kept, or no encoder reads them")
    summed = {usage.term: _Summed.of(usage) for usage in given.usages}
    gaps = [gap for usage in given.usages for team in given.large_teams for gap in _gap(given, usage, team, summed)]
    if not gaps:
        return Unjudged(
            f"no word of the objectives stands in {SENTENCES} items of a team of enough people and in {SENTENCES} of the others"
        )
    ranked = sorted(gaps, key=lambda one: one.chance)
    kept = max((n + 1 for n, one in enumerate(ranked) if one.chance <= RATE * (n + 1) / len(ranked)), default=0)
    reported = [one for one in ranked[:kept] if one.size >= given.thresholds.wording]
    return [_found(one) for one in sorted(reported, key=lambda one: -one.size)[:5]]


def _gap(given: Inputs, usage: Usage, team: str, summed: Mapping[str, _Summed]) -> Iterator[_Gap]:
    """Yield the gap of one team, if both sides have sentences of enough people."""
    for leaders in (True, False):
        ours, theirs = (_side(usage, team, leaders, own=own) for own in (True, False))
        if all(_enough(given, usage, side) for side in (ours, theirs)):
            break
    else:
        return
    other = [one for term, one in summed.items() if term != usage.term]
    usual = [_middle([one.side(team, leaders, own=own) for one in other]) for own in (True, False)]
    if usual[0] is None or usual[1] is None:
        return
    rows = np.concatenate([usage.vectors[ours] - usual[0], usage.vectors[theirs] - usual[1]])
    mine = np.arange(len(rows)) < int(ours.sum())
    items = np.concatenate([usage.witness[ours], usage.witness[theirs]])
    size, chance = _tested(rows, mine, items, given.thresholds.wording, seed=int(usage.item.sum()) % 2**31)
    apart = rows[mine].mean(0) - rows[~mine].mean(0)
    said = int(usage.item[ours][np.argmax(rows[mine] @ apart)]), int(usage.item[theirs][np.argmin(rows[~mine] @ apart)])
    yield _Gap(usage, team, leaders, size, chance, *said)


def _side(usage: Usage, team: str, leaders: bool, *, own: bool) -> Mask:
    of_team: Mask = (_names(usage.team) == team) & ~usage.leads
    if own:
        return of_team
    return usage.leads if leaders else np.asarray(~of_team)


@lru_cache(maxsize=32)
def _names(teams: tuple[str, ...]) -> NDArray[np.str_]:
    """Cached: one array per term, not per pair of team and term."""
    return np.array(teams)


def _enough(given: Inputs, usage: Usage, side: Mask) -> bool:
    people = {one for one in usage.person[side].tolist() if one >= 0}
    return len(set(usage.witness[side].tolist())) >= SENTENCES and enough(len(people), given.least_people)


def _middle(sums: Sequence[Floats]) -> Floats | None:
    """Return the mean of a side's sentences with other terms: its general topics are not a different use of the word."""
    whole = np.sum(sums, axis=0) if sums else np.zeros(1)
    return whole[:-1] / whole[-1] if whole[-1] >= OTHERS else None


def _tested(rows: Floats, mine: Mask, items: Ints, least: float, seed: int) -> tuple[float, float]:
    """Return the squared distance of the two means in units of the spread, less its expected value by chance; and the p-value by
    permuting labels over whole items, since an item's sentences are not independent."""
    ours, theirs = rows[mine], rows[~mine]
    middle, other = ours.mean(0, keepdims=True), theirs.mean(0, keepdims=True)
    varied = ours.var(0, mean=middle).sum() * len(ours) + theirs.var(0, mean=other).sum() * len(theirs)
    spread = float(varied / len(rows))
    apart = float(((middle - other) ** 2).sum()) / max(spread, 1e-9)
    size = max(0.0, apart - 1 / len(ours) - 1 / len(theirs))
    if size < least:  # too small to report, whatever the test says
        return size, 1.0
    _, which = np.unique(items, return_inverse=True)
    count = int(which.max()) + 1
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, which, rows)
    sizes = np.bincount(which, minlength=count).astype(float)
    label = np.zeros(count, dtype=bool)
    label[which[mine]] = True
    rng = np.random.default_rng(seed)
    labels = np.stack([label, *(rng.permutation(label) for _ in range(SHUFFLES))]).astype(float)
    inside, within = labels @ sizes, labels @ sums
    rest = (sums.sum(0) - within) / (sizes.sum() - inside)[:, None]
    distance = ((within / inside[:, None] - rest) ** 2).sum(1)
    return size, float((1 + (distance[1:] >= distance[0]).sum()) / (1 + SHUFFLES))


def _found(one: _Gap) -> Found:
    values: dict[str, Value] = {
        "term": f"term:{one.usage.term}",
        "team": f"team:{one.team}",
        "others": "those who set the objectives" if one.leaders else "the rest of the company",
        "ours": f"said:{one.ours}:{one.usage.term}",
        "theirs": f"said:{one.theirs}:{one.usage.term}",
    }
    subject = f"term:{one.usage.term}:{one.team}"
    return Found(COMPANY, subject, one.size, None, None, None, values, (), (one.ours, one.theirs))
