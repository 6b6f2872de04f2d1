"""Cases planted in companies with real texts (texts.py): those of cases.py, at the same strengths, by moving real work."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from benchmarks.findings.texts import PERIOD_AT, Base, Days, planned
from pipeline.findings.found import Inputs, Stop
from pipeline.findings.load_words import meaning_of
from pipeline.findings.work import Mask

NONE = ("", "noise")
"""Themes of small talk, which no project is."""


def weeks(base: Base, since: int, until: int | None = None) -> range:
    """Places of weeks, as a slice has them."""
    return range(*slice(since, until).indices(len(base.rows.weeks)))


def teams(base: Base) -> list[int]:
    """Teams of enough people, by place."""
    large = base.given.large_teams
    return [n for n, key in enumerate(base.rows.teams) if key in large]


def true_shares(base: Base) -> dict[str, float]:
    """Part of all work on each objective, by what is true."""
    of, rows = base.given.register.objective_of(), base.rows
    spent = np.bincount(rows.of_item, rows.days, len(rows.items))
    found: dict[str, float] = {}
    for label, days in zip(base.label, spent, strict=True):
        key = of.get(label or "")
        if key:
            found[key] = found.get(key, 0.0) + float(days) / float(spent.sum())
    return found


def serving(base: Base, keys: Collection[str]) -> list[int]:
    """Items that truly serve one of the key results."""
    return [n for n, label in enumerate(base.label) if label in keys]


def results(base: Base, objective: str) -> list[str]:
    """Key results of an objective."""
    return [key for key, of in base.given.register.objective_of().items() if of == objective]


def clean(base: Base) -> Inputs:
    """Nothing is planted; in half of the quarters objectives have plans, as they are worked on."""
    given = stopped(base, fed=0.0)
    return planned(given, true_shares(base)) if base.seed % 2 == 0 else given


def shadow(base: Base) -> Inputs:
    """Half of the teams put a little more than half of their work into a stream each that serves nothing."""
    days, rng, free = Days.of(base), base.rng, idle_streams(base)
    some = [int(one) for one in rng.permutation(teams(base))[: (len(base.rows.teams) + 1) // 2]]
    for team, stream in zip(some, rng.permutation(free[: 2 * len(some)]).tolist(), strict=False):
        days.give(team, weeks(base, 0), members(base, stream), 0.56, rng)
    return days.inputs()


def idle_streams(base: Base) -> list[int]:
    """Streams that truly serve nothing, those with the most items first; small talk is none."""
    members: dict[int, list[int]] = {}
    for n, stream in enumerate(base.rows.stream.tolist()):
        members.setdefault(stream, []).append(n)
    true = {
        stream: items
        for stream, items in members.items()
        if stream > 0 and sum(base.label[n] is None and base.theme[n] not in NONE for n in items) >= 0.8 * len(items)
    }
    return sorted(true, key=lambda one: -len(true[one]))


def members(base: Base, stream: int) -> list[int]:
    """Items of a stream."""
    return np.flatnonzero(base.rows.stream == stream).tolist()


def creep(base: Base) -> Inputs:
    """From three weeks after the period began, each team gets a new stream on none every third week, each a tenth of its work."""
    days, rng, free = Days.of(base), base.rng, idle_streams(base)
    begun = weeks(base, PERIOD_AT + 3, -2)[::3]
    births = [(team, week) for week in begun for team in teams(base)][: len(free)]
    for (_, week), stream in zip(births, free, strict=False):
        items = members(base, stream)
        days.take(days.on(items))
        days.born |= dict.fromkeys(items, base.rows.weeks[week])
    for (team, week), stream in zip(births, free, strict=False):
        days.give(team, weeks(base, week), members(base, stream), 0.11, rng)
    return days.inputs()


def starved(base: Base) -> Inputs:
    """A large objective that is planned with what it got gets three tenths of that, since the period began."""
    shares, days = true_shares(base), Days.of(base)
    key = max(shares, key=lambda one: (shares[one] >= 0.12, -abs(shares[one] - 0.2)))
    days.take(days.on(serving(base, results(base, key))) & (days.week >= PERIOD_AT), 0.7)
    return planned(days.inputs(), shares)


def idle(base: Base) -> Inputs:
    """Nobody works on one key result for the last five weeks."""
    days, rng = Days.of(base), base.rng
    spent = {key: float(days.days[days.on(serving(base, [key]))].sum()) for key in base.rows.key_results}
    usual = sum(spent.values()) / len(spent)
    which = str(rng.choice([key for key, amount in spent.items() if amount >= 0.6 * usual]))
    days.take(days.on(serving(base, [which])) & (days.week >= len(base.rows.weeks) - 5))
    return days.inputs()


def fed(base: Base) -> Inputs:
    """A stream of 20 % of a team was stopped seven weeks ago and still gets two thirds of that."""
    return stopped(base, fed=0.67)


def stopped(base: Base, fed: float) -> Inputs:
    """Two teams' streams that were stopped seven weeks before the end; they are wound up in a week, but for what they are fed."""
    days, rng, at = Days.of(base), base.rng, len(base.rows.weeks) - 7
    mine = dict(zip([int(one) for one in rng.permutation(teams(base))[:2]], idle_streams(base), strict=False))
    for team, stream in mine.items():
        items = members(base, stream)
        days.take(days.on(items))
        days.give(team, weeks(base, 2, at + 1), items, 0.2, rng)
        if fed:
            days.give(team, weeks(base, at + 1), items, 0.2 * fed, rng)
    given = days.inputs()
    said = datetime.combine(base.rows.weeks[at] + timedelta(days=1), time(9), UTC)
    stops = [Stop(f"stream {one}", said, one, given.work.on([one])) for one in mine.values()]
    return replace(given, stops=stops)


def helping(base: Base) -> Inputs:
    """One team gives a quarter of its work to another team's key results, for ten weeks, in up to six of its streams."""
    days, rng, names = Days.of(base), base.rng, base.rows.teams
    pairs = [
        (a, b, owned)
        for a in teams(base)
        for b in teams(base)
        if a != b and (owned := _owned(base, names[a], names[b]))
    ]
    helper, _, owned = pairs[int(rng.integers(len(pairs)))]
    items = serving(base, owned)
    streams, counts = np.unique(base.rows.stream[items], return_counts=True)
    chosen = set(streams[np.argsort(-counts, kind="stable")[:6]].tolist())
    given = [n for n in items if int(base.rows.stream[n]) in chosen]
    days.give(helper, weeks(base, -10), given, 0.27, rng)
    return days.inputs()


def _owned(base: Base, helper: str, owner: str) -> list[str]:
    """Key results that the register gives to the one team and not to the other."""
    return [k.key for _, k in base.given.register.key_results() if owner in k.teams and helper not in k.teams]


def inflated(base: Base) -> Inputs:
    """For five weeks two teams work on fifteen more things, each as large as its usual ones."""
    days, rng = Days.of(base), base.rng
    for team in [int(one) for one in rng.permutation(teams(base))[:2]]:
        known = {int(one) for one in base.rows.stream[days.item[days.team == team]]}
        other = [one for one in np.unique(base.rows.stream).tolist() if one > 0 and one not in known]
        items = [members(base, int(one))[0] for one in rng.choice(other, min(15, len(other)), replace=False)]
        usual = len(base.given.work.of(base.rows.teams[team]).last(5).by_stream())
        things = _usual_things(base, team)
        days.give(team, weeks(base, -5), items, len(items) / (len(items) + min(usual, things)), rng)
    return days.inputs()


def _usual_things(base: Base, team: int) -> float:
    """About how many things a team has in hand in a week."""
    from pipeline.findings.inflation import effective

    return float(effective(base.given.work.of(base.rows.teams[team]).last(8))[0][-8:].mean())


def decayed(base: Base) -> Inputs:
    """From the fifth week of the plan on, a large objective falls to a quarter of what it got and another one gets that."""
    days = Days.of(base)
    _swap(base, days, PERIOD_AT + 5, 0.75)
    return days.inputs()


def _swap(base: Base, days: Days, at: int, part: float) -> tuple[str, str]:
    """From a week on, this part of the work on the largest objective goes to the fourth; returns both."""
    shares, rng = true_shares(base), base.rng
    ranked = sorted(shares, key=lambda one: -shares[one])
    lost, gained = ranked[0], ranked[min(3, len(ranked) - 1)]
    move(days, days.on(serving(base, results(base, lost))) & (days.week >= at), part, results(base, gained), rng)
    return lost, gained


def move(days: Days, rows: Mask, part: float, keys: Sequence[str], rng: np.random.Generator) -> None:
    """This part of the rows' work goes to items of these key results, by the same people in the same weeks."""
    amount = days.days[rows] * part
    days.days[rows] *= 1 - part
    items = rng.choice(serving(days.base, keys), len(amount))
    days.add(days.person[rows], days.week[rows], days.team[rows], items, amount)


def not_followed(base: Base) -> Inputs:
    """Ten weeks before the end the plan gives 15 points of one objective to another, and nobody moves."""
    return _replanned(base, Days.of(base).inputs())


def followed(base: Base) -> Inputs:
    """The same plan, and the work moves the week after."""
    days, shares = Days.of(base), true_shares(base)
    _swap(base, days, len(base.rows.weeks) - 9, 0.15 / max(shares.values()))
    return _replanned(base, days.inputs())


def _replanned(base: Base, given: Inputs) -> Inputs:
    shares = true_shares(base)
    ranked = sorted(shares, key=lambda one: -shares[one])
    lost, gained = ranked[0], ranked[min(3, len(ranked) - 1)]
    before = planned(given, shares)
    new = planned(given, shares | {lost: shares[lost] - 0.15, gained: shares[gained] + 0.15})
    at: date = base.rows.weeks[-10]
    return replace(new, plans=[*before.plans, (at, new.register)])


def duplicated(base: Base) -> Inputs:
    """Two teams each put a third of their work of the last ten weeks into a half of one stream, and do not know of each other."""
    days, rng = Days.of(base), base.rng
    one, other = (int(team) for team in rng.permutation(teams(base))[:2])
    stream = _large(base, one, other, rng)
    items = members(base, stream)
    days.take(days.on(items))
    halves = items[::2], items[1::2]
    new = int(base.rows.stream.max()) + 1
    days.stream[halves[1]] = new
    for team, half in zip((one, other), halves, strict=True):
        days.give(team, weeks(base, -10), half, 0.33, rng)
    return meant(days)


def _large(base: Base, one: int, other: int, rng: np.random.Generator) -> int:
    """A stream of many items that have words, not of a key result that the register gives to both teams."""
    both = {base.rows.teams[one], base.rows.teams[other]}
    shared = {k.key for _, k in base.given.register.key_results() if not k.teams or both <= set(k.teams)}
    counted = {
        int(stream): len(members(base, int(stream)))
        for stream in np.unique(base.rows.stream)
        if stream > 0 and not shared & {base.label[n] for n in members(base, int(stream))}
    }
    return int(rng.choice(sorted(counted, key=lambda it: -counted[it])[:8]))


def meant(days: Days) -> Inputs:
    """The inputs with what their streams mean now."""
    base, given = days.base, days.inputs()
    recent = (days.week >= len(base.rows.weeks) - given.thresholds.weeks) & (days.days > 1e-9)
    by_stream: dict[int, list[int]] = {}
    for place in sorted(set(days.item[recent].tolist()), reverse=True):
        its = by_stream.setdefault(int(days.stream[place]), [])
        if len(its) < 60:
            its.append(int(base.rows.items[place]))
    found = meaning_of({key: some for key, some in by_stream.items() if key > 0}, base.words)
    linked = base.given.meaning.linked if base.given.meaning else frozenset
    return replace(given, meaning=replace(found, linked=linked) if found else None)
