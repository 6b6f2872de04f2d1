"""Teams that are renamed, merged or split: nobody left, so their people's history continues.

A person who changes team alone starts afresh: their work now belongs to the new team, one row of effort ends and another begins.
If a team is dissolved and its people continue together in a new team, they are the same people in the same team, and a fall among
them is behaviour. The new row's effort is added to the old row from the day on which the succession can be known, so nothing
depends on later days.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from pipeline.drift.observations import Observations

FOUNDING = 5
"""Working days of a new team within which its succession is decided."""
RECENT = 20
"""Anyone who worked for a team within this many previous working days belongs to it."""
MOST, FEW = 0.8, 0.2
"""A team succeeds another if at least MOST of its people come from there, or MOST of those who left went to it, and at most FEW
of the old team still work in it."""


class _Rows:
    """Rows by person and by team, with each row's first position with effort (-1 if there is none) and its days worked."""

    def __init__(self, seen: Observations) -> None:
        self.people, self.teams, self.worked = seen.people, seen.teams, seen.total > 0
        self.first = np.where(self.worked.any(1), self.worked.argmax(1), -1)
        self.by_person: dict[object, list[int]] = defaultdict(list)
        self.by_team: dict[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(self.first >= 0).tolist():
            self.by_person[seen.people[row]].append(row)
            self.by_team[seen.teams[row]].append(row)

    def before(self, row: int) -> int | None:
        """Return the same person's row with the latest work before this one begins; None if that was in no team."""
        begin = self.first[row]
        others = [one for one in self.by_person[self.people[row]] if self.first[one] < begin]
        latest = max(others, key=lambda one: int(np.flatnonzero(self.worked[one, :begin])[-1]), default=None)
        return latest if latest is not None and self.teams[latest] else None

    def elsewhere(self, row: int, days: slice) -> bool:
        """Return True if this row's person works in another team on these days."""
        others = (one for one in self.by_person[self.people[row]] if one != row)
        return any(self.worked[one, days].any() for one in others)


def joined(seen: Observations) -> Observations:
    """Return the observations with the rows of a dissolved team's people continued; a row's team is its latest one.

    The number of rows stays the same: effort before the succession was known stays in the new row.
    """
    moves = _moves(seen)
    if not moves:
        return seen
    effort, teams = seen.effort.copy(), list(seen.teams)
    root: dict[int, int] = {}
    for told, old, new in moves:
        at = root.get(old, old)
        root[new] = at
        effort[:, at, told:] += effort[:, new, told:]
        effort[:, new, told:] = 0
        teams[at] = seen.teams[new]
    return replace(seen, effort=effort, teams=teams)


def _moves(seen: Observations) -> list[tuple[int, int, int]]:
    """Return (position from which it is known, row, row that continues it), in chronological order."""
    if not len(seen.people) or len(set(seen.people)) == len(seen.people):
        return []
    rows = _Rows(seen)
    return sorted(move for team in sorted(set(rows.by_team) - {""}) for move in _into(rows, team))


def _into(rows: _Rows, team: str) -> Iterator[tuple[int, int, int]]:
    """Yield moves into one team, if it is new and succeeds dissolved teams."""
    mine = sorted(rows.by_team[team], key=lambda row: int(rows.first[row]))
    begin = int(rows.first[mine[0]])
    if begin == 0:
        return
    past = {row: old for row in mine if (old := rows.before(row)) is not None}
    days = sorted({int(rows.first[row]) for row in past if rows.first[row] < begin + FOUNDING})
    for origin in sorted({rows.teams[old] for old in past.values()}):
        told = next((day for day in days if _went_on(rows, past, origin, slice(begin, day + 1))), None)
        if told is not None:
            from_there = ((row, old) for row, old in past.items() if rows.teams[old] == origin)
            yield from ((max(told, int(rows.first[row])), old, row) for row, old in from_there)


def _went_on(rows: _Rows, past: Mapping[int, int], origin: str, since: slice) -> bool:
    """Return True if by the end of `since` a team that began then is known to succeed `origin`, which is dissolved."""
    known = {row: old for row, old in past.items() if rows.first[row] < since.stop}
    came = {old for old in known.values() if rows.teams[old] == origin}
    before = slice(max(0, since.start - RECENT), since.start)
    were = [row for row in rows.by_team[origin] if rows.worked[row, before].any()]
    stay = [row for row in were if rows.worked[row, since].any()]
    left = [row for row in were if rows.elsewhere(row, since)]
    if not were or len(stay) > FEW * len(were) or 2 * len(left) < len(were):
        return False
    return len(came) >= MOST * len(known) or len(came) >= MOST * len(left)
