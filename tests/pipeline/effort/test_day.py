"""A person's day is one day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import SignalKind, State
from pipeline.effort.day import FORGOTTEN_AFTER, Activity, InProgress, StatusChange, efforts, in_progress
from pipeline.effort.likelihood import Weights
from pipeline.effort.load import _TRACES
from pipeline.effort.trace import Trace

MONDAY = date(2026, 7, 6)
DAYS = [MONDAY + timedelta(days=n) for n in range(60)]
WORKDAYS = [day for day in DAYS if day.weekday() < 5]
Found = dict[tuple[date, int, int], float]


def estimate(
    activities: Sequence[Activity],
    spans: Sequence[InProgress] = (),
    people: Mapping[int, float] | None = None,
    last: date = WORKDAYS[-1],
) -> Found:
    capacity = {(person, day): fte for person, fte in (people or {1: 1.0}).items() for day in WORKDAYS if day <= last}
    return efforts(activities, spans, capacity, MONDAY, last, Weights.shipped())


def on(found: Found, person: int, day: date) -> dict[int, float]:
    return {item: days for (when, who, item), days in found.items() if (when, who) == (day, person)}


days_of_work = st.lists(
    st.builds(
        Activity,
        st.integers(1, 3),
        st.sampled_from(DAYS),
        st.integers(1, 6),
        st.sampled_from(list(Trace)),
        st.none() | st.floats(0, 40),
    ),
    max_size=40,
)
times = st.lists(
    st.builds(
        lambda person, item, first, length: InProgress(person, item, first, first + timedelta(days=length)),
        st.integers(1, 3),
        st.integers(1, 8),
        st.sampled_from(DAYS),
        st.integers(0, 80),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(days_of_work, times, st.floats(0, 1))
def test_a_day_never_exceeds_its_capacity(acts: list[Activity], spans: list[InProgress], fte: float) -> None:
    found = estimate(acts, spans, {1: fte, 2: 1.0})
    assert all(days > 0 for days in found.values())
    touched = {(a.person, a.item) for a in acts} | {(s.person, s.item) for s in spans}
    assert {(person, item) for _, person, item in found} <= touched
    for day in DAYS:
        for person in (1, 2, 3):
            stated = sum(a.hours or 0 for a in acts if (a.person, a.day) == (person, day)) / 8
            expected = {1: fte, 2: 1.0}.get(person, 0.0) if day.weekday() < 5 else 0.0
            assert sum(on(found, person, day).values()) <= max(expected, min(1.0, stated)) + 1e-6


@settings(max_examples=12, deadline=None)
@given(days_of_work, times)
def test_what_is_estimated_in_pieces_or_in_another_order_is_the_same(
    acts: list[Activity], spans: list[InProgress]
) -> None:
    whole = estimate(acts, spans, {1: 1.0, 2: 0.5})
    again = estimate(acts[::-1], spans[::-1], {2: 0.5, 1: 1.0})
    assert again == pytest.approx(whole)
    one = estimate([a for a in acts if a.person == 1], [s for s in spans if s.person == 1], {1: 1.0})
    assert one == pytest.approx({key: days for key, days in whole.items() if key[1] == 1})


def test_stated_hours_are_taken_as_stated_and_the_rest_goes_to_what_is_in_progress() -> None:
    found = on(estimate([Activity(1, DAYS[1], 1, Trace.WORKLOG, 2.0)], [InProgress(1, 2, *DAYS[:2])]), 1, DAYS[1])
    assert found[1] >= 0.25
    assert found[2] > 2 * (found[1] - 0.25)


def test_more_hours_than_a_day_are_scaled_down() -> None:
    acts = [Activity(1, MONDAY, item, Trace.WORKLOG, hours) for item, hours in ((1, 12.0), (2, 4.0))]
    assert on(estimate(acts, [InProgress(1, 4, MONDAY, MONDAY)]), 1, MONDAY) == pytest.approx({1: 0.75, 2: 0.25})


def test_a_weeks_hours_that_are_written_down_on_friday_are_the_weeks_gtimelog_200() -> None:
    friday, days = DAYS[4], DAYS[:5]
    acts = [Activity(1, friday, 1, Trace.WORKLOG, 24.0), Activity(1, friday, 2, Trace.WORKLOG, 16.0)]
    found = estimate(acts, [InProgress(1, 3, *DAYS[:2])])
    assert sum(on(found, 1, day).get(1, 0) for day in days) == pytest.approx(3)
    assert sum(on(found, 1, day).get(2, 0) for day in days) == pytest.approx(2)
    assert all(sum(on(found, 1, day).values()) == pytest.approx(1) for day in days)


def test_days_with_hours_of_their_own_keep_them_beside_those_written_down_later() -> None:
    acts = [Activity(1, DAYS[1], 2, Trace.WORKLOG, 8.0), Activity(1, DAYS[3], 1, Trace.WORKLOG, 16.0)]
    found = estimate(acts)
    assert on(found, 1, DAYS[1]) == pytest.approx({2: 1.0})
    assert [on(found, 1, day)[1] for day in (DAYS[2], DAYS[3])] == pytest.approx([1.0, 1.0])


def test_seventy_two_weeks_that_were_meant_as_two_hours_take_one_day_jiraps_506() -> None:
    found = estimate([Activity(1, DAYS[4], 1, Trace.WORKLOG, 2_880.0)], [InProgress(1, 2, DAYS[0], DAYS[4])])
    assert on(found, 1, DAYS[4]) == pytest.approx({1: 1.0})
    assert on(found, 1, DAYS[3])[2] > 0.5


def test_hours_on_a_day_off_count_but_messages_do_not() -> None:
    saturday = MONDAY + timedelta(days=5)
    acts = [Activity(1, saturday, 1, Trace.WORKLOG, 4.0), Activity(1, saturday, 2, Trace.MESSAGE)]
    assert on(estimate(acts, [InProgress(1, 3, MONDAY, DAYS[9])]), 1, saturday) == pytest.approx({1: 0.5})
    assert on(estimate(acts[1:]), 1, saturday) == {}


def test_two_hundred_messages_are_not_two_hundred_times_one() -> None:
    def share(count: int) -> float:
        acts = [Activity(1, MONDAY, 1, Trace.MENTION)] * count + [Activity(1, MONDAY, 2, Trace.COMMENT)]
        return on(estimate(acts, [InProgress(1, 2, *DAYS[:2])]), 1, MONDAY)[1]

    assert share(1) < share(4) < share(200) < 1
    assert share(4) < 3 * share(1)


def test_who_is_on_one_long_ticket_without_traces_is_not_absent() -> None:
    # States only: a ticket of three weeks, then one of six, whose days between hold most of what is worked.
    first, second = (WORKDAYS[0], WORKDAYS[14]), (WORKDAYS[15], WORKDAYS[-1])
    acts = [
        Activity(1, day, item, trace)
        for item, ends in ((1, first), (2, second))
        for day, trace in zip(ends, (Trace.STARTED, Trace.FINISHED), strict=True)
    ]
    found = estimate(acts, [InProgress(1, 1, *first), InProgress(1, 2, *second)])
    assert sum(on(found, 1, day)[2] for day in WORKDAYS[15:]) > 0.6 * len(WORKDAYS[15:])


def test_who_leaves_traces_every_day_and_then_none_is_away() -> None:
    busy, away = WORKDAYS[:20], WORKDAYS[20:30]
    acts = [Activity(1, day, 1, Trace.COMMENT) for day in (*busy, *WORKDAYS[30:])]
    found = estimate(acts, [InProgress(1, 1, WORKDAYS[0], WORKDAYS[-1])])
    assert sum(on(found, 1, day).get(1, 0) for day in away) < 0.4 * len(away)
    assert sum(on(found, 1, day)[1] for day in busy) > 0.85 * len(busy)


def test_a_day_in_a_thread_is_a_day_though_an_issue_is_open() -> None:
    # The issue was left in progress a month ago; this week lives in a thread.
    week = WORKDAYS[25:30]
    acts = [Activity(1, WORKDAYS[2], 1, Trace.STARTED), Activity(1, WORKDAYS[4], 1, Trace.COMMENT)]
    acts += [Activity(1, day, 2, Trace.MESSAGE) for day in WORKDAYS[5:30] for _ in range(4)]
    found = estimate(acts, [InProgress(1, 1, WORKDAYS[2], WORKDAYS[-1])])
    assert all(on(found, 1, day)[2] > 0.7 for day in week)
    assert all(on(found, 1, day).get(1, 0) < 0.2 for day in week)


def test_what_is_said_in_passing_is_no_day_s_work() -> None:
    """Lunch, thanks, a lost umbrella: who says so each day, beside an issue that is in hand, works on the issue."""
    acts = [Activity(1, day, 100 + n, Trace.MESSAGE) for n, day in enumerate(WORKDAYS)]
    acts += [Activity(1, WORKDAYS[0], 1, Trace.STARTED), *(Activity(1, day, 1, Trace.COMMENT) for day in WORKDAYS[::4])]
    found = estimate(acts, [InProgress(1, 1, WORKDAYS[0], WORKDAYS[-1])])
    issue = sum(days for (_, _, item), days in found.items() if item == 1)
    assert issue > 0.8 * sum(found.values())


def test_small_talk_does_not_make_silent_days_of_who_keeps_states_alone_into_absence() -> None:
    """Three tickets at a time that only their states tell of, and lunch on one day in four."""
    spans = [InProgress(1, n, WORKDAYS[5 * n], WORKDAYS[min(5 * n + 14, 39)]) for n in range(7)]
    acts = [Activity(1, one.first, one.item, Trace.STARTED) for one in spans]
    acts += [Activity(1, one.last, one.item, Trace.FINISHED) for one in spans]
    talk = [Activity(1, day, 100 + n, Trace.MESSAGE) for n, day in enumerate(WORKDAYS[::4])]

    def on_tickets(found: Found) -> float:
        return sum(days for (_, _, item), days in found.items() if item < 100)

    assert on_tickets(estimate([*acts, *talk], spans)) > 0.9 * on_tickets(estimate(acts, spans))


def test_a_line_a_day_is_a_day_where_nothing_else_tells_of_work() -> None:
    """Some teams write what they did in one line, each in a thread of its own."""
    lines = [Activity(1, day, 100 + n, Trace.MESSAGE) for n, day in enumerate(WORKDAYS)]
    assert sum(estimate(lines).values()) > 0.6 * len(WORKDAYS)


def test_an_issue_nobody_touches_any_more_does_not_thin_out_the_one_that_is_worked_on() -> None:
    acts = [Activity(1, WORKDAYS[0], item, Trace.STARTED) for item in (1, 2, 3, 4)]
    acts += [Activity(1, day, 4, Trace.COMMENT) for day in WORKDAYS[1:]]
    found = estimate(acts, [InProgress(1, item, WORKDAYS[0], WORKDAYS[-1]) for item in (1, 2, 3, 4)])
    assert all(on(found, 1, day)[4] > 0.75 for day in WORKDAYS[15:])


@pytest.mark.parametrize("gap", [20, 40])
def test_closing_an_issue_late_does_not_rewrite_past_weeks(gap: int) -> None:
    acts = [Activity(1, WORKDAYS[0], 1, Trace.STARTED), Activity(1, WORKDAYS[0], 2, Trace.STARTED)]
    acts += [Activity(1, day, 2, Trace.COMMENT) for day in WORKDAYS[1 : gap + 1 : 2]]
    closed = WORKDAYS[gap]
    opened = [InProgress(1, item, WORKDAYS[0], WORKDAYS[-1]) for item in (1, 2)]
    before = estimate(acts, opened)
    ended = [InProgress(1, 1, WORKDAYS[0], closed), opened[1]]
    after = estimate([*acts, Activity(1, closed, 1, Trace.FINISHED)], ended)
    past = {key for key in {*before, *after} if key[0] < closed - timedelta(days=7)}
    assert past
    assert {key: before.get(key) for key in past} == {key: after.get(key) for key in past}
    moved = sum(abs(before.get(key, 0) - after.get(key, 0)) for key in {*before, *after} if key[0] < closed)
    assert moved < 2.0


def test_two_people_on_one_issue_each_bring_their_own_day() -> None:
    acts = [Activity(person, MONDAY, 7, Trace.COMMENT) for person in (1, 2)]
    found = estimate(acts, [InProgress(person, 7, MONDAY, MONDAY) for person in (1, 2)], {1: 1.0, 2: 1.0}, MONDAY)
    assert found[MONDAY, 1, 7] == pytest.approx(found[MONDAY, 2, 7])
    assert found[MONDAY, 1, 7] > 0.6


def test_part_time_lowers_the_day_and_nothing_is_counted_after_the_last_day() -> None:
    acts = [Activity(1, day, 7, Trace.COMMENT) for day in WORKDAYS[:5]]
    span = [InProgress(1, 7, MONDAY, DAYS[-1])]
    full, part = (estimate(acts, span, {1: fte}, WORKDAYS[2]) for fte in (1.0, 0.6))
    assert {day for day, _, _ in part} == set(WORKDAYS[:3])
    assert part == pytest.approx({key: 0.6 * days for key, days in full.items()})


def test_every_kind_of_signal_says_something_about_effort() -> None:
    assert {*_TRACES, SignalKind.TRANSITION, SignalKind.ABSENCE} == set(SignalKind)


def at(day: int, month: int = 7) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def test_in_progress_follows_transitions_and_hand_overs() -> None:
    changes = [
        StatusChange(at(6), "assignment", 1),
        StatusChange(at(7), "transition", State.DOING),
        StatusChange(at(9), "assignment", 2),
        StatusChange(at(14), "transition", State.DONE),
    ]
    assert in_progress(changes, 2, MONDAY, {MONDAY}) == [
        (1, date(2026, 7, 7), date(2026, 7, 9)),
        (2, date(2026, 7, 9), date(2026, 7, 14)),
    ]


def test_what_nobody_touches_for_half_a_year_is_not_in_progress_though_it_is_closed_later() -> None:
    begun = StatusChange(at(1, 1), "transition", State.DOING)
    first, late = date(2026, 1, 1), date(2026, 9, 1)
    assert in_progress([begun], 1, first, {first}) == [(1, first, first + FORGOTTEN_AFTER)]
    closed = StatusChange(at(1, 9), "transition", State.DONE)
    assert in_progress([begun, closed], 1, first, {first, late}) == [
        (1, first, first + FORGOTTEN_AFTER),
        (1, late, late),
    ]
