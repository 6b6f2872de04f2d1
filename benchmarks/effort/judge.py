"""Error of shares of estimated effort, given true labels, compared with shares of true effort."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from benchmarks.effort.rows import Company, Days

Period = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class Figures:
    """`week` and `month`: mean absolute error in points of the top share, and of every goal's share, of a week and a month;
    `correlation` of the weekly top share with the truth; `seen`: part of the planted, else the largest true fall that is seen;
    `hours`: estimated person-days over true ones."""

    week: float
    month: float
    correlation: float
    seen: float
    hours: float
    fall: float = 0.0


def week_of(day: date) -> date:
    """Its Monday."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> date:
    """Its first."""
    return day.replace(day=1)


def judge(company: Company, found: Days) -> Figures:
    """Compare the shares of what was found with those of the truth, over full weeks and months that have true work."""
    weeks = sorted({week_of(day) for day, _, _ in company.truth})[1:-1]
    truth, guess = (_shares(company, rows, week_of, [True]) for rows in (company.truth, found))
    true = np.array([truth[w][0] for w in weeks])
    said = np.array([guess[w][0] if w in guess else 0.0 for w in weeks])
    goals = sorted({item.goal for item in company.items.values()})
    by_goal, guessed = (_shares(company, rows, month_of, goals) for rows in (company.truth, found))
    months = sorted(by_goal)[1:-1] or sorted(by_goal)
    off = [np.abs(by_goal[m] - guessed.get(m, np.zeros(len(goals)))).mean() * len(goals) / 2 for m in months]
    cut = _cut(company, weeks, true)
    fall, read = (float(_mean_before(x, cut) - _mean_after(x, cut)) for x in (true, said))
    seen = read / fall if abs(fall) > 0.02 else float("nan")
    flat = true.std() < 1e-9 or said.std() < 1e-9
    return Figures(
        100 * float(np.abs(true - said).mean()),
        100 * float(np.mean(off)),
        0.0 if flat else float(np.corrcoef(true, said)[0, 1]),
        seen,
        sum(found.values()) / sum(company.truth.values()),
        100 * fall,
    )


def _shares(
    company: Company, rows: Days, period: Period, goals: Iterable[str | bool]
) -> dict[date, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Shares of the goals by period; True stands for the top goals together."""
    wanted = list(goals)
    sums: dict[date, np.ndarray[tuple[int], np.dtype[np.float64]]] = defaultdict(lambda: np.zeros(len(wanted)))
    total: dict[date, float] = defaultdict(float)
    for (day, _, item), days in rows.items():
        goal = company.items[item].goal
        here = period(day)
        total[here] += days
        for n, one in enumerate(wanted):
            sums[here][n] += days * (goal in company.top if one is True else goal == one)
    return {when: sums[when] / total[when] for when in total if total[when] > 0}


_AROUND = 8


def _cut(company: Company, weeks: list[date], true: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """Index of the week from which the top share is lower: the planted one, else where the true one falls most."""
    if company.drift is not None:
        return weeks.index(week_of(company.drift))
    falls = {n: _mean_before(true, n) - _mean_after(true, n) for n in range(_AROUND, len(true) - _AROUND)}
    return max(falls, key=lambda n: falls[n]) if falls else len(true) // 2


def _mean_before(values: np.ndarray[tuple[int], np.dtype[np.float64]], cut: int) -> float:
    return float(values[max(0, cut - _AROUND) : cut].mean())


def _mean_after(values: np.ndarray[tuple[int], np.dtype[np.float64]], cut: int) -> float:
    return float(values[cut : cut + _AROUND].mean())
