"""Invisible contributions: one team's work on key results that the register assigns to another team."""

from collections import defaultdict

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, enough_weeks, of
from pipeline.findings.work import Work, part

LIKELY = 0.5
"""Fraction of a cell's work on a key result from which the cell counts as serving it."""
SURELY = 0.05
"""Lower bound required for the fraction of the helping team's work."""


def invisible_contributions(given: Inputs) -> Outcome:
    """Pairs of teams: more than `contribution` of a team's work goes to another team's key results, significantly more than 5 %,
    even without its largest stream, and by enough people. Both teams are named, so that both get credit."""
    weeks = given.thresholds.weeks
    if (missing := enough_weeks(given, weeks)) is not None:
        return missing
    owners = {key.key: key.teams or ((o.team,) if o.team else ()) for o, key in given.register.key_results()}
    if not any(owners.values()):
        return Unjudged("no key result in the register names the teams that it is for")
    now = given.work.last(weeks)
    found = []
    of_team: dict[str, list[int]] = defaultdict(list)
    for n, key in enumerate(now.key_results):
        for team in dict.fromkeys(owners.get(key, ())):
            of_team[team].append(n)
    for helper in given.scopes:
        mine = now.of(helper)
        if helper == COMPANY or not mine.shown(given.least_people):
            continue
        most = mine.by_result()
        for owner in given.work.teams:
            columns = [n for n in of_team.get(owner, ()) if helper not in owners[now.key_results[n]]]
            # Most pairs of hundreds of teams have nothing to do with each other.
            if owner != helper and columns and most[columns].sum() > given.thresholds.contribution * mine.total:
                found += _helps(given, mine, helper, owner, columns)
    return found


def _helps(given: Inputs, mine: Work, helper: str, owner: str, columns: list[int]) -> list[Found]:
    amounts = mine.on_results(columns)
    amounts = np.where(amounts >= LIKELY * mine.days, amounts, 0.0)
    size = part(mine, amounts)
    cells = mine.where(amounts > 0)
    if size.value <= given.thresholds.contribution or size.low <= SURELY or not cells.shown(given.least_people):
        return []
    # A single wrongly matched stream must not be enough.
    first = max(cells.by_stream(), key=lambda one: cells.by_stream()[one])
    if float(np.where(mine.stream == first, 0.0, amounts).sum()) < SURELY * mine.total:
        return []
    known = cells.shown_streams(given.least_people)
    by_stream = {s: d for s, d in cells.by_stream().items() if s in known}
    streams = tuple(sorted(by_stream, key=lambda one: -by_stream[one])[:5])
    on = cells.by_result()
    best = max(columns, key=lambda n: float(on[n]))
    values: dict[str, Value] = {
        "owner": f"team:{owner}",
        "days": float(amounts.sum()),
        "weeks": given.thresholds.weeks,
        "key_result": f"kr:{mine.key_results[best]}",
    }
    began = mine.weeks[int(cells.week.min())]
    items = tuple(item for one in streams for item in given.streams[one].items[:4])
    return [Found(helper, f"team:{owner}", since=began, values=values, streams=streams, items=items, **of(size))]
