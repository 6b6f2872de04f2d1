"""Severity by the likely size, and steady."""

from pipeline.drift.severity import Grade, Severity
from pipeline.drift.tuning import TUNING
from pipeline.share.dilution import UNDILUTED, Dilution, Size

HALF = Dilution(kept=0.5, kept_sd=0.15)


def grade(points: float, *, dip: bool = False) -> Grade:
    return Grade(Size(points / 100, points / 100 - 0.03, points / 100 + 0.03, 0.0), dip)


def test_a_small_reading_of_what_may_be_a_large_fall_is_not_low() -> None:
    read = Grade(HALF.size(0.05, 0.015), may_be_dip=False)
    assert Grade(UNDILUTED.size(0.05, 0.015), may_be_dip=False).severity(TUNING) == "low"
    assert read.severity(TUNING) == "medium"
    assert read.size.low < 0.08 < read.size.high
    assert 0 < read.size.certain < 0.05


def test_what_wobbles_about_a_bound_keeps_its_severity() -> None:
    followed, changes = Severity("medium", 0.14, 0), 0
    for day in range(1, 60):
        changes += followed.update(grade(14 + day % 4), day, TUNING)
    assert changes == 0


def test_news_changes_it_at_once_and_what_was_told_is_never_low_again() -> None:
    followed = Severity("medium", 0.10, 0)
    assert followed.update(grade(25), 3, TUNING)
    assert followed.now == "high"
    assert not followed.update(grade(10), 5 + TUNING.calm, TUNING) or followed.now == "medium"
    for day in range(100, 200):
        followed.update(grade(1, dip=day % 2 == 0), day, TUNING)
    assert followed.now == "medium"


def test_a_dip_is_low_until_it_lasts() -> None:
    followed = Severity("low", 0.2, 0)
    assert not followed.update(grade(20, dip=True), 1, TUNING)
    assert followed.update(grade(20), 2, TUNING)
    assert followed.now == "high"
