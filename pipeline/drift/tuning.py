"""The detector's tuning parameters and the trade-off behind each; docs/drift.md has the figures at these values."""

from dataclasses import dataclass

from pipeline.drift.sums import BASE_LEAST, Array


@dataclass(frozen=True, slots=True)
class Tuning:
    """Lengths are in working days, falls are fractions, significance is in standard errors.

    **Search.** `first` and `last`: shortest and longest window. A shorter one finds large falls sooner but mistakes more dips for
    falls; a longer one finds small falls and more slow ramps. Above `fine`, only every second length is tried. `smallest_fall`,
    `smallest_shift`: anything smaller is never raised, however significant; lower values cost attention, not accuracy.

    **Persistence.** `recent`: the fall must still be present in this many last days; more waits longer. `still`: until `settled`
    days have passed, the days after the first week must show this fraction of the first week's fall, and a fall of their own by
    `persists`; higher raises fewer dips, and later. A fall younger than `clear` days is raised only if it exceeds the threshold
    by `at_once`. `gathering`: while the last days are lower still by this much, another change is under way and the start would
    be dated too early, so wait. `even`: without its worst week, a fall must be at least this fraction of that week's, less
    `by_chance` standard errors of a week; higher raises fewer dips, and small falls later.

    **Circumstances.** For `cooldown` days after a drift of the scope ended, and while `unusual` of the last `wary` days could not
    be trusted, only a clear fall is raised. `deeper_least`: days that a drift must have been open before a further fall counts,
    which must be `deeper` times the first fall and exceed the threshold by `further`. A drift has recovered when the share has
    been within `recovered` times the fall of its old level for `recovered_after` days.

    **Severity.** Low means that it may be a dip: not significant by `sure` (`team_sure` for a team) without its worst week, and
    not yet `lasting` days old. Otherwise the corrected size decides: `medium` and `high` are lower bounds, and a size that could
    be as large as `may_be` is medium too. The severity changes only if a bound is passed by the fraction `margin`, and within
    `calm` days only if the size changed by `news`.

    **Shifts.** `steady`: largest significance of the top share's own change during a shift between objectives. `taken`: fraction
    of the loss that must have gone to other objectives. `plain`: significance at which a team's own fall is dated.

    **Threshold.** `looks`: effective number of independent looks in a year, times the window's days. `ways`: how much each other
    thing that is tested adds to them. `few`: factor by which the small numbers of people in teams raise false alarms above the
    normal approximation. All were measured on organisations without an event; lower values raise more, and sooner.
    """

    first: int = 8
    last: int = 40
    fine: int = 16
    smallest_fall: float = 0.03
    smallest_shift: float = 0.05
    recent: int = 4
    still: float = 0.65
    settled: int = 20
    persists: float = 1.7
    clear: int = 10
    at_once: float = 0.7
    gathering: float = 1.6
    even: float = 0.7
    by_chance: float = 0.6
    cooldown: int = 20
    unusual: int = 3
    wary: int = 20
    deeper_least: int = 15
    deeper: float = 0.75
    further: float = 0.45
    recovered_after: int = 10
    recovered: float = 0.35
    sure: float = 2.5
    team_sure: float = 3.5
    lasting: int = 15
    medium: float = 0.07
    high: float = 0.15
    may_be: float = 0.12
    margin: float = 0.2
    calm: int = 40
    news: float = 0.08
    steady: float = 1.5
    taken: float = 0.6
    plain: float = 2.5
    looks: float = 1300.0
    ways: float = 0.6
    few: float = 5.0

    def threshold(self, alarms_a_year: float, days: Array, ways: int = 0) -> Array:
        """Return the threshold of the statistic, by length of the window, for a number of false alarms per scope and year.

        A year contains many short stretches and few long ones, so a short window needs a higher threshold for the same number of
        false alarms (the scale penalty of Dümbgen & Spokoiny 2001). `ways` is the number of other things tested for a rise.
        """
        from scipy import special  # slow to import, and not needed for the constants below

        chance = max(alarms_a_year, 1e-4) * days / (self.looks * (1 + self.ways * ways))
        found: Array = -special.ndtri(chance.clip(max=0.5))
        return found


TUNING = Tuning()
LEAST_HISTORY = BASE_LEAST + TUNING.first
"""Working days of history needed before anything is raised."""
