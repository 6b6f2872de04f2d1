"""What the detector can be tuned by. Each field says what it costs; docs/drift.md has the figures at these values."""

from dataclasses import dataclass

from pipeline.drift.sums import BASE_LEAST, Array


@dataclass(frozen=True, slots=True)
class Tuning:
    """Lengths are working days, falls parts of one, sureness standard errors.

    **Search.** `first` and `last`: shortest and longest window that is looked at; shorter finds large falls sooner and takes more
    dips for falls, longer finds small ones and more slow ramps; beyond `fine` every second length is looked at.
    `smallest_fall`, `smallest_shift`: below these nothing is raised, however sure; lower costs attention, not truth.

    **Persistence.** `recent`: the fall must still be there in the last days; more waits longer. `still` until `settled` days have
    passed: what follows the first week must show this part of its fall, and be one by itself by `persists`; higher raises fewer
    dips, and later. A fall younger than `clear` days is raised only where it is `at_once` surer than it needs to be. `gathering`:
    while the last days are lower still by so much, another change is under way and its start would be put too early: wait.
    `even`: without its worst week a fall must be this part of what it is in that week, less `by_chance` standard errors of a
    week; higher raises fewer dips, and finds small falls later.

    **Circumstances.** For `cooldown` days after a drift of the scope ended, and where `unusual` of the last `wary` days could
    not be trusted, only a clear fall is raised. `deeper_least`: days that a drift must have been open before it can fall
    further; by `deeper` of its own fall, and `further` surer than needed. `recovered_after`: days back within `recovered` of
    the fall.

    **Severity.** Low is what may be a dip: not sure by `sure` (`team_sure`) without its worst week, and not yet there for
    `lasting` days. By corrected size from `medium` and `high` on; also medium where the size may be `may_be`. It changes only
    by more than `margin` of these bounds, and within `calm` days only on news, a change of the size by `news`.

    **Shifts.** `steady`: how sure the top share's own change may be beside a shift between objectives; `taken`: part of what
    was lost that must have gone to other objectives. `plain`: how sure a part's own fall must be to date its beginning.

    **Threshold.** `looks`: working days in a year's effective number of independent looks; `ways`: by how much each other
    thing that is looked at adds to them; `few`: so many times as many false alarms as a normal error would raise come from the
    few people of a team. All were measured on organisations without an event; lower raises more, and sooner.
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
        """Statistic above which to raise, by length of the window, for a wanted number of false alarms of one scope a year.

        A year holds many short stretches and few long ones, so a short window must be surer for the same number of false
        alarms (the penalty for scale of Dümbgen & Spokoiny 2001). `ways` is how many other things are looked at as what took
        the place.
        """
        from scipy import special  # slow to import, and who only reads the constants below has no need of it

        chance = max(alarms_a_year, 1e-4) * days / (self.looks * (1 + self.ways * ways))
        found: Array = -special.ndtri(chance.clip(max=0.5))
        return found


TUNING = Tuning()
LEAST_HISTORY = BASE_LEAST + TUNING.first
"""Working days that must be known before anything is raised."""
