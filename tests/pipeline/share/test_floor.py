"""The floor: nothing about a few people, also by subtraction."""

import hypothesis.strategies as st
from hypothesis import given

from pipeline.share.floor import shown

TEAMS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(TEAMS, st.integers(0, 6), st.integers(3, 6))
def test_no_sum_and_no_difference_is_about_fewer_than_the_floor(sizes: list[int], others: int, least: int) -> None:
    """Everything that can be had from the figures: each part, the whole, and the whole less all parts that are shown."""
    start, parts = 0, {}
    for n, size in enumerate(sizes):
        parts[f"t{n}"] = set(range(start, start + size))
        start += size
    whole = set(range(start + others))
    seen, allowed = shown(whole, parts, least)
    if not seen:
        assert len(whole) < least
        assert allowed == []
        return
    assert all(len(parts[key]) >= least for key in allowed)
    rest = len(whole) - sum(len(parts[key]) for key in allowed)
    assert rest == 0 or rest >= least


def test_a_lone_small_team_takes_the_smallest_other_one_with_it() -> None:
    parts = {"large": set(range(10)), "middle": set(range(10, 16)), "one": {16}}
    assert shown(set(range(17)), parts, 5) == (True, ["large"])
    assert shown(set(range(16)), {key: parts[key] for key in ("large", "middle")}, 5) == (True, ["large", "middle"])
