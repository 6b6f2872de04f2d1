"""People join, leave, change teams or take leave together, in any generator's organisation, with and without a real fall.

A row of effort is one person in one team, so a transfer ends one row and begins another. Joiners are spare rows, generated with
the organisation and idle until they are needed.
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.drift.organisation import Case, Organisation

TOP = 3


@dataclass(frozen=True, slots=True)
class Churn:
    """What happens to the people.

    `transfers` and `turnover` (half leave, half join) are parts of the people a year; in each of `reorganisations` a year a tenth
    changes team at once. In the event's week, or two thirds through: `leave` part of the people, those most on the top
    priorities, is away for four weeks, or with `never_there` until these are over; `hired` part joins and works off the plan;
    with `ended` one team leaves as a whole; with `renamed` every team gets another key.
    """

    transfers: float = 0.1
    turnover: float = 0.2
    reorganisations: float = 2.0
    leave: float = 0.0
    never_there: bool = False
    hired: float = 0.0
    ended: bool = False
    renamed: bool = False


SPARE = 0.5


def with_spare(case: Case) -> Case:
    """The case with the rows that those who come need."""
    return replace(case, people=round(case.people * (1 + SPARE)))


def _moves(rng: np.random.Generator, people: int, churn: Churn, days: int) -> list[tuple[int, str]]:
    """Who leaves, joins or moves to another team on which day; a reorganisation moves a tenth in one."""
    year = days / 260
    moves = [(int(rng.integers(days)), "leaves") for _ in range(rng.poisson(people * churn.turnover / 2 * year))]
    moves += [(int(rng.integers(days)), "joins") for _ in range(rng.poisson(people * churn.turnover / 2 * year))]
    moves += [(int(rng.integers(days)), "moves") for _ in range(rng.poisson(people * churn.transfers * year))]
    for _ in range(rng.poisson(churn.reorganisations * year)):
        day = int(rng.integers(days))
        moves += [(day, "moves")] * round(people / 10)
    return moves


def _work_off_the_plan(o: Organisation, row: int) -> None:
    o.effort[-1, row] += o.effort[:-1, row].sum(0)
    o.effort[:-1, row] = 0


def _leave(o: Organisation, here: list[int], count: int, away_on: slice) -> None:
    """So many who work most on the top priorities are away on these days."""
    share = o.effort[:TOP, here].sum((0, 2)) / np.maximum(o.effort[:, here].sum((0, 2)), 1e-9)
    away = [here[i] for i in np.argsort(-share)[:count]]
    o.effort[:, away, away_on] = 0


def _renamed(o: Organisation, begin: int) -> Organisation:
    """Nobody goes anywhere: each row ends, and one of the same person in a team of another key begins."""
    after = o.effort.copy()
    after[:, :, :begin] = 0
    o.effort[:, :, begin:] = 0
    o.effort = np.concatenate([o.effort, after], 1)
    o.people = [*range(len(o.teams)), *range(len(o.teams))]
    o.teams = [*o.teams, *(f"{team}, renamed" for team in o.teams)]
    return o


def churned(o: Organisation, people: int, churn: Churn, seed: int) -> Organisation:
    """The organisation of the first `people` rows, to which things happen; the other rows are spare."""
    rng = np.random.default_rng([seed, 11])
    days = len(o.days)
    begin = o.days.index(o.start) if o.start else days * 2 // 3
    first, last = np.zeros(len(o.teams), int), np.full(len(o.teams), days)
    spare = list(rng.permutation(np.arange(people, len(o.teams))))
    here = list(range(people))
    first[people:] = days

    def comes(day: int, *, not_in: str = "") -> None:
        row = next((r for r in spare if o.teams[r] != not_in), None)
        if row is not None:
            spare.remove(row)
            here.append(row)
            first[row] = day

    def goes(day: int) -> str:
        row = here.pop(int(rng.integers(len(here))))
        last[row] = max(day, first[row])
        return o.teams[row]

    for day, kind in sorted(_moves(rng, people, churn, days)):
        left = goes(day) if kind != "joins" else ""
        if kind != "leaves":
            comes(day, not_in=left)
    for _ in range(round(churn.hired * people)):
        comes(begin)
        _work_off_the_plan(o, here[-1])
    if churn.ended:
        team = o.teams[here[0]]
        for row in here:
            if o.teams[row] == team:
                last[row] = min(last[row], begin)
    at = np.arange(days)
    o.effort *= (at >= first[:, None]) & (at < last[:, None])
    if churn.leave:
        _leave(o, here, round(churn.leave * people), slice(0 if churn.never_there else begin, begin + 20))
    o.by_source *= o.effort.sum((0, 1)) / np.maximum(o.by_source.sum(0), 1e-9)
    return _renamed(o, begin) if churn.renamed else o
