"""How large a fall was of which only a part was read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.match.told_by import ToldBy
from pipeline.share.audit import without_audit
from pipeline.share.dilution import UNDILUTED, Dilution
from pipeline.share.prior import company_prior


def test_what_nothing_dilutes_is_its_own_size() -> None:
    size = UNDILUTED.size(0.2, 0.02)
    assert size.middle == 0.2
    assert size.low == pytest.approx(0.2 - 1.6449 * 0.02)
    assert size.certain == size.low


def test_the_interval_of_the_size_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    its, inside, off = Dilution(kept=0.55, kept_sd=0.12), 0, []
    for _ in range(400):
        true = rng.exponential(0.15 / np.log(2))
        read = true * np.clip(rng.normal(its.kept, its.kept_sd), 0.15, 1.05) + rng.normal(0, 0.015)
        size = its.size(read, 0.015)
        inside += size.low <= true <= size.high
        off.append(size.middle - true)
        assert size.certain <= max(0.0, size.middle)
    assert 0.86 <= inside / 400 <= 0.95
    assert abs(np.mean(off)) < 0.02


@given(st.floats(-0.2, 0.6), st.floats(0.001, 0.2), st.floats(0.15, 1), st.floats(0, 0.4))
def test_a_size_is_a_number_between_its_bounds(fall: float, error: float, kept: float, spread: float) -> None:
    size = Dilution(kept=kept, kept_sd=spread).size(fall, error)
    assert size.low <= size.middle <= size.high
    assert np.isfinite([size.low, size.middle, size.high]).all()
    assert size.certain >= 0


def test_no_more_has_left_than_there_was() -> None:
    its = Dilution(kept=0.5, kept_sd=0.15)
    assert its.size(0.35, 0.02).high > 0.8
    assert its.size(0.35, 0.02, before=0.6).high <= 0.61


def test_answers_and_the_audit_narrow_what_is_not_known() -> None:
    prior = company_prior()
    before, half, all_of_it = (prior.dilution(known) for known in (0, 0.5, 1))
    assert before.kept < half.kept < all_of_it.kept
    assert (
        before.kept_sd / before.kept > half.kept_sd / half.kept > all_of_it.kept_sd / all_of_it.kept
    )  # of the size told
    audited = prior.dilution(0, seen=(0.9, 0.001))
    assert audited.kept > before.kept
    assert audited.kept_sd / audited.kept < before.kept_sd / before.kept


def test_each_answer_leaves_less_of_what_the_match_gets_wrong() -> None:
    prior = company_prior()
    left = [prior.left(count) for count in (0, 10, 40)]
    assert left[0] == 1
    assert left[0] > left[1] > left[2] > 0
    widths = [without_audit(3, count).variance[-1] for count in (0, 10, 40)]
    assert widths[0] > widths[1] > widths[2]


def test_the_less_tells_what_work_is_for_the_less_is_certain() -> None:
    variances = [[without_audit(3, count, one).variance[-1] for one in ToldBy] for count in (0, 40)]
    assert all(teams < texts < titles for teams, texts, titles in variances)
    assert all(after < before / 4 for before, after in zip(*variances, strict=True))


def test_a_match_that_is_sure_is_taken_to_keep_more_of_a_change() -> None:
    prior = company_prior()
    sure, unsure = prior.believing(0.95), prior.believing(0.2)
    assert sure.match_kept > prior.match_kept > unsure.match_kept
    assert sure.match_kept_sd < prior.match_kept_sd
    assert prior.believing(None) == prior
