"""What companies that nothing was fitted on taught about how a reading errs; fitted by benchmarks/fit_prior.py."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pipeline.match.told_by import ToldBy
from pipeline.share.dilution import Dilution

IMPLIED_SD = 0.13
"""Standard deviation of what a match thinks it keeps of a change; an assumption, wider than its calibration error."""
FILE = Path(__file__).with_name("prior.json")


@dataclass(frozen=True, slots=True)
class CompanyPrior:
    """Random effects of a company and its style of keeping tools on the share of the top priorities; parts of one.

    `match_level`: by how much the reading is off in level because items are matched wrongly (root mean square over left-out
    companies); `silent_level` is that where no team says what work is for, `titles_level` where nothing but titles does
    (docs/shares.md). `match_kept`, `match_kept_sd`: which
    part of a true change the match keeps. `effort_level`, `effort_kept`, `effort_kept_sd`: the same of the effort, with items
    matched truly; no answer about items corrects these. `week`: standard deviation of what is off in one week alone. `worlds`: on
    how many worlds this rests.
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
        """Part of what is wrong with the match that is still there after so many answers."""
        return self.half_after / (self.half_after + answers)

    def level(self, answers: int, told_by: ToldBy = ToldBy.TEAMS) -> float:
        """Standard deviation of the match's error of level after so many answers."""
        levels = {ToldBy.TEAMS: self.match_level, ToldBy.TEXTS: self.silent_level, ToldBy.TITLES: self.titles_level}
        return levels[told_by] * self.left(answers)

    def believing(self, implied: float | None) -> "CompanyPrior":
        """With what the match thinks of itself in this company as an observation of `match_kept`, right to within IMPLIED_SD."""
        if implied is None:
            return self
        trust = self.match_kept_sd**2 / (self.match_kept_sd**2 + IMPLIED_SD**2)
        kept = min(1.0, self.match_kept + trust * (implied - self.match_kept))
        return replace(self, match_kept=kept, match_kept_sd=self.match_kept_sd * (1 - trust) ** 0.5)

    def dilution(self, known: float = 0.0, seen: tuple[float, float] | None = None) -> Dilution:
        """For a company that answered about the part `known` of its work; `seen` is what its audit shows of `match_kept`, with
        the variance
        of that. Answers are not diluted; the audit and the prior are weighted by their precision (normal-normal model)."""
        kept, variance = self.match_kept, self.match_kept_sd**2
        if seen is not None and variance > 0:
            trust = variance / (variance + seen[1])
            kept, variance = kept + trust * (seen[0] - kept), variance * (1 - trust)
        kept, variance = known + (1 - known) * kept, (1 - known) ** 2 * variance
        whole = kept * self.effort_kept
        # Both are factors: their relative variances add up.
        spread = whole * (variance / kept**2 + (self.effort_kept_sd / self.effort_kept) ** 2) ** 0.5
        return Dilution(kept=min(1.0, whole), kept_sd=spread)


@cache
def company_prior() -> CompanyPrior:
    """As it was fitted."""
    return CompanyPrior(**json.loads(FILE.read_text()))
