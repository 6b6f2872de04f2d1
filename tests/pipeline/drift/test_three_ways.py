"""What happens to an organisation is no drift: not in `leeway detect`, not in a database, not after a new register.

And a fall that is planted on top is found in each. benchmarks/drift/three_ways.py says in how many of a hundred.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.drift.three_ways import (
    WAYS,
    Acme,
    Way,
    after_a_new_register,
    all_leave,
    all_reorganised,
    detected,
    falls,
    hired,
    in_a_database,
    in_files,
    made,
    moved,
    nothing,
    on_leave,
    plan_ends,
    register,
    renamed,
)
from pipeline.register.document import parse
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("happens", [all_leave, on_leave, hired, moved, plan_ends])
def test_nothing_that_happens_to_the_organisation_is_drift(
    way: Way, happens: Callable[[Acme], None], tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=1)
    happens(acme)
    found = way(acme, tmp_path, sessions)
    if way is in_a_database:
        now = parse(register(acme, dated=True))
        assert detected(sessions, now, acme.days[-1]) == found  # nor does it come by looking twice
    assert not [one for one in found if one[0] == "drift"]
    assert (("data", "build") in found) == (happens is all_leave)
    assert (("mix", "company") in found) == (happens in (all_leave, on_leave, hired))
    assert (("plan", "company") in found) == (happens is plan_ends and way is not in_files)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("happens", [nothing, on_leave, hired, moved])
def test_a_fall_that_comes_with_it_is_found(
    way: Way, happens: Callable[[Acme], None], tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=2)
    happens(acme)
    falls(acme)
    assert ("drift", "company") in way(acme, tmp_path, sessions)


def test_a_fall_is_found_where_a_new_register_calls_every_team_otherwise(
    tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=2)
    renamed(acme)
    falls(acme)
    assert ("drift", "company") in after_a_new_register(acme, tmp_path, sessions)


@pytest.mark.parametrize("way", WAYS)
def test_a_team_of_some_days_does_not_fall_below_its_first_days(
    way: Way, tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    seeds = [5, 9] if way is in_files else [5]
    for seed in seeds:
        acme = made(seed)
        all_reorganised(acme)
        assert {one for one in way(acme, tmp_path, sessions) if one[0] != "mix"} == {
            ("data", "build"),
            ("data", "support"),
        }
