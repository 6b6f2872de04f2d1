"""A person's day is one day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.effort.day import Activity, InProgress, StatusChange, absences, efforts, in_progress, split_day

MONDAY = date(2026, 7, 6)
WEEK = [MONDAY + timedelta(days=n) for n in range(5)]
items = st.integers(1, 6)


@given(
    st.floats(0, 1), st.dictionaries(items, st.floats(0, 40)), st.dictionaries(items, st.floats(0, 3000)),
    st.lists(items),
)  # fmt: skip
def test_a_day_never_exceeds_its_capacity(
    capacity: float, explicit: dict[int, float], light: dict[int, float], working: list[int]
) -> None:
    found = split_day(capacity, explicit, light, working)
    allowed = max(capacity, min(1.0, sum(explicit.values()) / 8))
    assert sum(found.values()) <= allowed + 1e-9
    assert all(days > 0 for days in found.values())
    assert set(found) <= {*explicit, *light, *working}


def test_explicit_hours_come_first_and_the_rest_goes_to_what_is_in_progress() -> None:
    assert split_day(1, {1: 2}, {}, [2]) == pytest.approx({1: 0.25, 2: 0.75})


def test_more_hours_than_a_day_are_scaled_down() -> None:
    assert split_day(1, {1: 12, 2: 4}, {3: 10}, [4]) == pytest.approx({1: 0.75, 2: 0.25})


def test_a_chatty_channel_does_not_outweigh_a_quiet_engineer() -> None:
    found = split_day(1, {}, {1: 2000}, [2])
    assert found[1] == pytest.approx(60 / 480)
    assert found[2] == pytest.approx(1 - 60 / 480)


def test_a_single_message_does_not_fill_a_day() -> None:
    assert split_day(1, {}, {1: 10}, []) == pytest.approx({1: 10 / 60})


def test_an_hour_of_traces_fills_a_day_in_proportion() -> None:
    assert split_day(1, {}, {1: 45, 2: 15}, []) == pytest.approx({1: 0.75, 2: 0.25})


def test_hours_on_a_day_off_count_but_messages_do_not() -> None:
    assert split_day(0, {1: 4}, {2: 60}, [3]) == pytest.approx({1: 0.5})
    assert split_day(0, {}, {2: 60}, [3]) == {}


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 7, day, hour, tzinfo=UTC)


def test_in_progress_follows_transitions_and_hand_overs() -> None:
    changes = [
        StatusChange(at(6), "assignment", 1), StatusChange(at(7), "transition", "indeterminate"),
        StatusChange(at(9), "assignment", 2),
        StatusChange(at(14), "transition", "done"),
    ]  # fmt: skip
    assert in_progress(changes, 2, date(2026, 7, 6), date(2026, 7, 14)) == [
        (1, date(2026, 7, 7), date(2026, 7, 9)), (2, date(2026, 7, 9), date(2026, 7, 14)),
    ]  # fmt: skip


def test_in_progress_without_activity_ends_after_thirty_days() -> None:
    spans = in_progress([StatusChange(at(6), "transition", "indeterminate")], 1, date(2026, 7, 6), date(2026, 7, 6))
    assert spans == [(1, date(2026, 7, 6), date(2026, 8, 5))]


def test_four_silent_days_are_an_absence_three_are_not() -> None:
    assert absences(WEEK, frozenset({WEEK[0]})) == set(WEEK[1:])
    assert absences(WEEK, frozenset({WEEK[0], WEEK[4]})) == frozenset()


def test_two_people_on_one_issue_each_bring_their_own_day() -> None:
    capacity = {(person, MONDAY): 1.0 for person in (1, 2)}
    spans = [InProgress(1, 7, MONDAY, MONDAY), InProgress(2, 7, MONDAY, MONDAY)]
    found = efforts([], spans, capacity, MONDAY)
    assert found == {(MONDAY, 1, 7): 1.0, (MONDAY, 2, 7): 1.0}


def test_part_time_lowers_the_day_and_nothing_is_counted_after_the_last_day() -> None:
    capacity = {(1, day): 0.6 for day in WEEK[:3]}
    found = efforts([], [InProgress(1, 7, MONDAY, MONDAY + timedelta(days=60))], capacity, WEEK[2])
    assert found == {(day, 1, 7): pytest.approx(0.6) for day in WEEK[:3]}


def test_who_is_away_works_on_nothing() -> None:
    capacity = {(1, day): 1.0 for day in WEEK}
    activity = [Activity(1, WEEK[0], 9, "comment")]
    found = efforts(activity, [InProgress(1, 7, WEEK[0], WEEK[-1])], capacity, WEEK[-1])
    assert {day for day, _, _ in found} == {WEEK[0]}
