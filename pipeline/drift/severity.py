"""The severity of a drift: by its corrected size, with hysteresis so that it does not flip from week to week."""

from dataclasses import dataclass

from pipeline.drift.change_test import Change
from pipeline.drift.sums import WEEK, Sums
from pipeline.drift.tuning import Tuning
from pipeline.share.dilution import Dilution, Size

LOW, MEDIUM, HIGH = "low", "medium", "high"


@dataclass(frozen=True, slots=True)
class Grade:
    """The basis of a severity: the corrected size of the fall without its worst week, and whether it may be a dip."""

    size: Size
    may_be_dip: bool

    def severity(self, tuning: Tuning, now: str | None = None) -> str:
        """Return the severity by the bounds; given the present one (`now`), a bound must be passed by a margin to change it."""
        if self.may_be_dip:
            return now if now in (MEDIUM, HIGH) else LOW
        size = self.size.middle
        if now is None:
            return HIGH if size >= tuning.high else MEDIUM if self._at_least_medium(tuning) else LOW
        up, down = 1 + tuning.margin, 1 - tuning.margin
        if size >= tuning.high * (down if now == HIGH else up if now == MEDIUM else 1):
            return HIGH
        # Once people were notified, a drift does not drop to low: they are told when it has recovered.
        return MEDIUM if now in (MEDIUM, HIGH) or self._at_least_medium(tuning) else LOW

    def _at_least_medium(self, tuning: Tuning) -> bool:
        return self.size.middle >= tuning.medium or self.size.high >= tuning.may_be


def assess(sums: Sums, change: Change, sure: float, dilution: Dilution, tuning: Tuning) -> Grade:
    """Grade a fall by what remains without its worst week, so that a dip alone is never more than low."""
    first, last = change.first, sums.days
    if last - first - WEEK < 2:
        return Grade(dilution.size(change.fall, change.error, change.before), may_be_dip=True)
    left = float(sums.without_a_week(first)[1].min())
    error = change.error * ((last - first) / (last - first - WEEK)) ** 0.5
    # A fall that has lasted three weeks and is undiminished in the last two is no dip, however small.
    stays = last - first >= tuning.lasting and _stays(sums, change, tuning)
    return Grade(
        dilution.size(max(left, change.fall / 2 if stays else left), error, change.before),
        may_be_dip=left < sure * error and not stays,
    )


def _stays(sums: Sums, change: Change, tuning: Tuning) -> bool:
    last = float(sums.fall(change.first, sums.days - 2 * WEEK, sums.days)[0])
    return last >= tuning.still * change.fall and last >= tuning.persists * change.error


@dataclass
class Severity:
    """The severity of one open drift over time."""

    now: str
    size: float
    changed: int

    def update(self, grade: Grade, day: int, tuning: Tuning) -> bool:
        """Update with a day's grade; return True if the severity changed. Low rises immediately: nobody was notified of it."""
        wanted = grade.severity(tuning, self.now)
        if wanted == self.now:
            return False
        news = abs(grade.size.middle - self.size) >= tuning.news
        if self.now != LOW and day - self.changed < tuning.calm and not news:
            return False
        self.now, self.size, self.changed = wanted, grade.size.middle, day
        return True
