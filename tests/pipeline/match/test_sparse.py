"""What is kept of an item's probabilities adds up, over many items, to what was found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.match.sparse import SMALLEST, sparse


@pytest.mark.parametrize("key_results", [5, 40, 200])
def test_small_probabilities_are_not_taken_from_key_results(key_results: int) -> None:
    draw = np.random.default_rng(key_results)
    weight = np.exp(2 * draw.standard_normal(key_results + 1))
    weight[-1] = 20 * weight[:-1].sum()  # most of this work serves nothing, as in most companies
    found = draw.dirichlet(weight / weight.sum() * 30, 4_000).astype(np.float32)
    keys = [f"K{n}" for n in range(key_results)]

    kept = sparse(found, keys, [f"jira:{n}" for n in range(4_000)])

    summed = np.array([sum(row.get(key, 0.0) for row in kept) for key in keys])
    assert summed.sum() == pytest.approx(found[:, :-1].sum(), rel=0.01)  # a fifth of it and more was lost
    assert np.abs(summed - found[:, :-1].sum(0)).max() < 0.01 * summed.sum() + 4 * SMALLEST
    assert np.mean([len(row) for row in kept]) < 12


@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30).filter(lambda row: sum(row) > 0),
    st.text(max_size=20),
)
def test_of_one_item_what_is_large_stays_and_the_sum_is_off_by_less_than_the_smallest(
    row: list[float], item: str
) -> None:
    found = np.array([row], np.float32) / np.float32(sum(row))
    keys = [f"K{n}" for n in range(len(row) - 1)]

    (kept,) = sparse(found, keys, [item])

    for key, p in zip(keys, found[0].tolist(), strict=False):
        if p >= SMALLEST:
            assert kept[key] == pytest.approx(p, abs=1e-4)
        else:
            assert kept.get(key, SMALLEST) == SMALLEST
    assert sum(kept.values()) == pytest.approx(found[0, :-1].sum(), abs=SMALLEST + 1e-4 * len(row))
    assert sparse(found, keys, [item]) == [kept]
