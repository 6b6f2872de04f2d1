"""The prior over companies of how a share estimate errs, fitted on held-out companies by benchmarks/fit_prior.py."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pipeline.match.told_by import ToldBy
from pipeline.share.dilution import Dilution

IMPLIED_SD = 0.13
"""Standard deviation of the match's own estimate of how much of a change it keeps; an assumption, wider than its calibration
error."""
FILE = Path(__file__).with_name("prior.json")


@dataclass(frozen=True, slots=True)
class CompanyPrior:
    """Random effects of a company, and of how it keeps its tools, on the share of the top priorities; as fractions.

    `match_level`: error of the level due to wrong matches (root mean square over left-out companies); `silent_level`: the same if
    teams do not show what work is for; `titles_level`: if nothing but titles does (docs/shares.md). `match_kept`,
    `match_kept_sd`: fraction of a true change that the match keeps. `effort_level`, `effort_kept`, `effort_kept_sd`: the same for
    the effort, given perfect matches; answers about items do not correct these. `week`: standard deviation of the error of a
    single week. `half_after`: number of answers that halve the match's error. `worlds`: number of worlds that this is based on.
    """

    match_level: float
    silent_level: float
    titles_level: float
    match_kept: float
    match_kept_sd: float
    effort_level: float
    effort_kept: float
    effort_kept_sd: float
    week: float
    half_after: float
    worlds: int

    def left(self, answers: int) -> float:
        """Return the fraction of the match's error that remains after this many answers."""
        return self.half_after / (self.half_after + answers)

    def level(self, answers: int, told_by: ToldBy = ToldBy.TEAMS) -> float:
        """Return the standard deviation of the match's error of level after this many answers."""
        levels = {ToldBy.TEAMS: self.match_level, ToldBy.TEXTS: self.silent_level, ToldBy.TITLES: self.titles_level}
        return levels[told_by] * self.left(answers)

    def believing(self, implied: float | None) -> "CompanyPrior":
        """Return the prior updated with the match's own estimate of `match_kept` in this company, with error IMPLIED_SD."""
        if implied is None:
            return self
        trust = self.match_kept_sd**2 / (self.match_kept_sd**2 + IMPLIED_SD**2)
        kept = min(1.0, self.match_kept + trust * (implied - self.match_kept))
        return replace(self, match_kept=kept, match_kept_sd=self.match_kept_sd * (1 - trust) ** 0.5)

    def dilution(self, known: float = 0.0, seen: tuple[float, float] | None = None) -> Dilution:
        """Return the dilution for a company in which the fraction `known` of the work was labelled.

        `seen` is the audit's estimate of `match_kept` and its variance. Labelled work is not diluted; audit and prior are
        weighted by precision (normal-normal model).
        """
        kept, variance = self.match_kept, self.match_kept_sd**2
        if seen is not None and variance > 0:
            trust = variance / (variance + seen[1])
            kept, variance = kept + trust * (seen[0] - kept), variance * (1 - trust)
        kept, variance = known + (1 - known) * kept, (1 - known) ** 2 * variance
        whole = kept * self.effort_kept
        # A product of two factors: relative variances add up.
        spread = whole * (variance / kept**2 + (self.effort_kept_sd / self.effort_kept) ** 2) ** 0.5
        return Dilution(kept=min(1.0, whole), kept_sd=spread)


@cache
def company_prior() -> CompanyPrior:
    """Return the fitted prior."""
    return CompanyPrior(**json.loads(FILE.read_text()))
