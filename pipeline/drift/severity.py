"""How loud a drift is: by its size as it likely was, and steadily, so that it does not change from week to week without news."""

from dataclasses import dataclass

from pipeline.drift.change_test import Change
from pipeline.drift.sums import WEEK, Sums
from pipeline.drift.tuning import Tuning
from pipeline.share.dilution import Dilution, Size

LOW, MEDIUM, HIGH = "low", "medium", "high"


@dataclass(frozen=True, slots=True)
class Grade:
    """What is to be graded: the corrected size of what is left without the worst week, and whether it may be a dip."""

    size: Size
    may_be_dip: bool

    def severity(self, tuning: Tuning, now: str | None = None) -> str:
        """By the bounds; with the present severity given, these must be passed by a margin for it to change."""
        if self.may_be_dip:
            return now if now in (MEDIUM, HIGH) else LOW
        size = self.size.middle
        if now is None:
            return HIGH if size >= tuning.high else MEDIUM if self._at_least_medium(tuning) else LOW
        up, down = 1 + tuning.margin, 1 - tuning.margin
        if size >= tuning.high * (down if now == HIGH else up if now == MEDIUM else 1):
            return HIGH
        # Who was told of it is not told that it is nothing, but that it recovered.
        return MEDIUM if now in (MEDIUM, HIGH) or self._at_least_medium(tuning) else LOW

    def _at_least_medium(self, tuning: Tuning) -> bool:
        return self.size.middle >= tuning.medium or self.size.high >= tuning.may_be


def assess(sums: Sums, change: Change, sure: float, dilution: Dilution, tuning: Tuning) -> Grade:
    """Grade a fall by what is left of it without its worst week, so that a dip alone is never more than low."""
    first, last = change.first, sums.days
    if last - first - WEEK < 2:
        return Grade(dilution.size(change.fall, change.error, change.before), may_be_dip=True)
    left = float(sums.without_a_week(first)[1].min())
    error = change.error * ((last - first) / (last - first - WEEK)) ** 0.5
    # What has been there for three weeks and is there in the last two as at first is no dip, however small.
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
        """Take in a day's grade; returns whether the severity changed. Low rises at once: it was told to nobody."""
        wanted = grade.severity(tuning, self.now)
        if wanted == self.now:
            return False
        news = abs(grade.size.middle - self.size) >= tuning.news
        if self.now != LOW and day - self.changed < tuning.calm and not news:
            return False
        self.now, self.size, self.changed = wanted, grade.size.middle, day
        return True
