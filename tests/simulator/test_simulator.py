"""The simulated company: it is what the demo says it is."""

from collections import Counter
from datetime import date

import pytest

from simulator.api.config import ApiConfig
from simulator.api.jira import JiraApi
from simulator.api.limits import Bucket
from simulator.company import people
from simulator.work import live
from simulator.world import World

TODAY = date(2026, 7, 10)


@pytest.fixture(scope="module")
def world() -> World:
    return live(TODAY)


def test_sixty_people_in_seven_teams_with_half_a_year_of_truth(world: World) -> None:
    assert len(world.people) == 60
    assert len({p.team for p in world.people}) == 7
    assert len(world.weekly_truth()) == 26
    assert max(day for day, _, _ in world.truth) == TODAY
    for _, _, split in world.truth:
        assert sum(split.values()) == pytest.approx(1)


def test_hardly_any_text_repeats_word_for_word(world: World) -> None:
    texts = world.texts()
    repeated = sum(count - 1 for count in Counter(texts).values())
    assert len(texts) > 10_000
    assert repeated / len(texts) < 0.02


def test_the_planted_fall_is_there_and_the_dip_recovers(world: World) -> None:
    weeks = {row["week"]: row["top_share"] for row in world.weekly_truth()}
    events = {event.kind: event for event in world.planted}
    start = events["fall"].start.isoformat()
    before = [share for week, share in weeks.items() if week < start and week != events["dip"].start.isoformat()]
    after = [share for week, share in weeks.items() if week >= start]
    assert 0.14 <= sum(before) / len(before) - sum(after) / len(after) <= 0.22
    usual = sum(before) / len(before)
    dip = events["dip"]
    assert dip.end is not None
    assert weeks[dip.start.isoformat()] < usual - 0.10
    assert weeks[dip.end.isoformat()] > usual - 0.07


def test_a_team_collapses_while_the_company_hardly_moves(world: World) -> None:
    event = next(e for e in world.planted if e.kind == "collapse")
    end = next(e for e in world.planted if e.kind == "fall").start
    team = {p.number for p in world.people if p.team == event.scope}

    def share(people: set[int], first: date, last: date) -> float:
        rows = [split for day, person, split in world.truth if first <= day < last and person in people]
        return sum(part for split in rows for stream, part in split.items() if stream[:2] in ("O1", "O2", "O3")) / len(
            rows
        )

    everybody = {p.number for p in world.people}
    assert share(team, date.min, event.start) - share(team, event.start, end) > 0.3
    assert abs(share(everybody, date.min, event.start) - share(everybody, event.start, end)) < 0.05


def test_the_same_seed_is_the_same_company_and_another_is_not(world: World) -> None:
    again = live(TODAY)
    assert [m.text for m in again.messages] == [m.text for m in world.messages]
    assert [m.text for m in live(TODAY, seed=8).messages] != [m.text for m in world.messages]


def test_a_bucket_refuses_and_says_how_long() -> None:
    clock = [0.0]
    bucket = Bucket(rate=0.5, burst=2, now=lambda: clock[0])
    assert [bucket.take(), bucket.take()] == [0, 0]
    assert bucket.take() == 2
    clock[0] += 2
    assert bucket.take() == 0


def test_what_one_site_renames_no_other_site_sees() -> None:
    one, other = (JiraApi(World(TODAY, people(), []), ApiConfig()) for _ in range(2))
    before = [status["name"] for status in other.statuses]
    for status in one.statuses:
        status["name"] = "Fertig"
        status.pop("statusCategory")
    assert [status["name"] for status in other.statuses] == before
    assert all("statusCategory" in status for status in JiraApi(World(TODAY, people(), []), ApiConfig()).statuses)
