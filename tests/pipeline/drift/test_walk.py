"""A walk that is resumed tells what one from the first day on tells."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.drift.organisation import OBJECTIVES, SOURCES, Case, Organisation, generate
from models.vocabulary import COMPANY
from pipeline.drift import walk as module
from pipeline.drift.detector import Detector
from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.walk import Kept, walk


def detector(o: Organisation, days: int, changed: int | None = None) -> Detector:
    """Of the first so many days; late news change one of them."""
    effort = o.effort[:, :, :days].copy()
    if changed is not None:
        effort[:, :, changed] *= 0.9
    seen = Observations(o.days[:days], OBJECTIVES, o.teams, effort, SOURCES, o.by_source[:, :days])
    return Detector(seen, [Priorities(o.days[0], rank) for _, rank in o.periods])


@cache
def around(kind: str) -> Organisation:
    """Twelve people, and what happens to them after sixty days."""
    o = generate(Case(kind, 12, 40, week=18), seed=1)
    first = 18 * 5 - 60
    return replace(o, days=o.days[first:], effort=o.effort[:, :, first:], by_source=o.by_source[:, first:])


@pytest.mark.parametrize(
    ("kind", "days", "told"),
    [("dip", (66, 75, 82), {"drift", "recovery"}), ("swap", (67, 71), {"objective"})],
)
def test_a_resumed_walk_tells_what_a_whole_one_tells(kind: str, days: tuple[int, ...], told: set[str]) -> None:
    o = around(kind)
    kept: list[Kept] = []
    for count, late in zip(days, (None, 60, 78), strict=False):
        resumed, whole = detector(o, count, late), detector(o, count, late)
        events, kept = walk(resumed, kept)
        assert events == whole.run()
        alone = detector(o, count, late)
        usual = alone._usual(COMPANY, alone._view(COMPANY, whole.era, alone.priorities[-1].top).until(count - 1))
        assert whole.usual_of_company is not None
        assert np.array_equal(whole.usual_of_company.share.pairs, usual.share.pairs)  # and not those of one objective
        assert [resumed.now(one) for one in resumed.open.values()] == [whole.now(one) for one in whole.open.values()]
        assert resumed.closed.keys() == whole.closed.keys()
        assert all(resumed.closed[key].event == one.event for key, one in whole.closed.items())
        assert all((resumed.closed[key].span == one.span).all() for key, one in whole.closed.items())
        assert (resumed.loud_since, resumed.set_aside) == (whole.loud_since, whole.set_aside)
    assert {one.kind for one in events} == told


def test_only_new_days_are_walked_and_all_of_them_where_what_they_rest_on_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    o = around("dip")
    walked: list[int] = []
    real = Detector.walk
    monkeypatch.setattr(Detector, "walk", lambda self, n: (walked.append(n), real(self, n))[1])

    def of(one: Detector, kept: list[Kept]) -> list[Kept]:
        walked.clear()
        return walk(one, kept)[1]

    last = 45
    kept = of(detector(o, last - 1), [])
    assert len(walked) == last - 1
    of(detector(o, last), kept)
    assert walked == [last - 1]
    of(detector(o, last, changed=last - 5), kept)
    assert walked == list(range(last - 7, last)), "from where it stood a week ago"
    other = detector(o, last)
    other.settings = replace(other.settings, company_alarms=0.5)
    of(other, kept)
    assert len(walked) == last
    assert len(module.BACK) >= len(kept)
