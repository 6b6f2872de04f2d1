"""From signals in the database to person-days: the edge cases that real companies bring."""

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Capacity, Effort, Person, Signal, StreamCursor, WorkItem
from pipeline.effort import stage as effort_stage
from pipeline.effort.stage import (
    estimate_effort,
    is_pending,
    plan_days,
    plan_spans,
    run_item_chunk,
    run_week_chunk,
)
from pipeline.queue import chunks
from pipeline.queue.marks import mark_effort, utc_day
from pipeline.register.document import Register, parse

MONDAY = date(2026, 10, 5)
LAST = date(2026, 10, 16)
REGISTER_TEXT = """
period: {name: Q4, start: 2026-10-01, end: 2026-12-31}
calendar: {country: DE, time_zone: Europe/Berlin}
teams:
  - key: core
    name: Core
    members: [a@x.example, {email: b@x.example, country: ES}, {email: c@x.example, part: 0.5}]
objectives:
  - {key: O1, title: One, priority: 1, key_results: [{key: O1.1, title: First}]}
"""
REGISTER = parse(REGISTER_TEXT)


class Company:
    """Writes people, items and signals as a connector would have kept them."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions, self.count = sessions, 0

    def person(
        self, name: str, part: float = 1.0, zone: str | None = None, sources: tuple[str, ...] = ("jira",)
    ) -> None:
        with self.sessions.begin() as session:
            session.add(one := Person(email=f"{name}@x.example", team="core", capacity=part))
            session.flush()
            session.add_all([Account(source=s, external_id=name, person_id=one.id, time_zone=zone) for s in sources])

    def item(
        self, id_: str, source: str = "jira", kind: str = "story", assignee: str | None = None, **more: object
    ) -> None:
        with self.sessions.begin() as session:
            session.add(
                WorkItem(
                    source=source,
                    external_id=id_,
                    kind=kind,
                    container="C",
                    assignee=assignee,
                    labels=[],
                    created_at=datetime(2026, 10, 1, 8, tzinfo=UTC),
                    **{"mentions": [], **more},
                )
            )

    def signal(
        self,
        item: str,
        who: str,
        at: datetime,
        kind: str = "comment",
        source: str = "jira",
        hours: float | None = None,
        to: str | None = None,
    ) -> None:
        self.count += 1
        with self.sessions.begin() as session:
            session.add(
                Signal(
                    source=source,
                    external_id=str(self.count),
                    item=item,
                    kind=kind,
                    at=at,
                    account=who,
                    hours=hours,
                    mentions=[],
                    detail={"to": to} if to else {},
                )
            )

    def effort(self, register: Register = REGISTER) -> dict[tuple[date, str, str], float]:
        estimate_effort(self.sessions, register, LAST)
        query = (
            select(Effort.day, Person.email, WorkItem.external_id, Effort.person_days)
            .join(Person, Person.id == Effort.person_id)
            .join(WorkItem, WorkItem.id == Effort.work_item_id)
        )
        with self.sessions() as session:
            return {(day, str(email)[0], item): days for day, email, item, days in session.execute(query)}


@pytest.fixture
def acme(sessions: sessionmaker[Session]) -> Company:
    return Company(sessions)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def test_a_hand_over_at_midnight_in_another_time_zone_is_on_the_day_of_who_does_it(acme: Company) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    for name in "ab":
        acme.person(name, zone="Asia/Tokyo")
    acme.item("1", assignee="b")
    acme.signal("1", "a", noon(MONDAY), "assignment", to="a")
    acme.signal("1", "a", noon(MONDAY), "transition", to="indeterminate")
    # Half past midnight on Thursday in Tokyo is still Wednesday in London and Berlin.
    acme.signal("1", "a", datetime(2026, 10, 8, 0, 30, tzinfo=tokyo), "assignment", to="b")
    for day in (6, 7):
        acme.signal("1", "a", datetime(2026, 10, day, 15, tzinfo=tokyo))
    for day in (8, 9):
        acme.signal("1", "b", datetime(2026, 10, day, 15, tzinfo=tokyo))
    found = acme.effort()
    assert found.get((date(2026, 10, 7), "b", "1"), 0) < 0.3
    assert found[date(2026, 10, 8), "b", "1"] > 0.7
    assert found[date(2026, 10, 7), "a", "1"] > 0.7


def test_holidays_are_those_of_the_country_that_one_works_in(acme: Company) -> None:
    for name in "ab":
        acme.person(name)
    acme.item("1")
    for name in "ab":
        acme.signal("1", name, noon(MONDAY))
    acme.effort()
    fiesta = date(2026, 10, 12)  # Spain's national day, a working Monday in Germany
    with acme.sessions() as session:
        query = select(Person.email).join(Capacity, Capacity.person_id == Person.id).where(Capacity.day == fiesta)
        assert set(session.scalars(query)) == {"a@x.example"}


def test_who_works_all_seven_days_has_capacity_on_each(acme: Company) -> None:
    acme.person("c")
    acme.item("1", assignee="c")
    acme.signal("1", "c", noon(MONDAY))
    days = "{email: c@x.example, days: [mon, tue, wed, thu, fri, sat, sun]}"
    register = parse(REGISTER_TEXT.replace("{email: c@x.example, part: 0.5}", days))
    estimate_effort(acme.sessions, register, date(2026, 10, 11))
    with acme.sessions() as session:
        worked = set(session.scalars(select(Capacity.day)))
    assert {MONDAY + timedelta(days=5), MONDAY + timedelta(days=6)} <= worked


def test_an_epic_that_is_in_progress_all_quarter_takes_nobodys_days(acme: Company) -> None:
    acme.person("a")
    acme.item("epic", kind="epic", assignee="a")
    acme.item("1", assignee="a", parent="epic")
    for item in ("epic", "1"):
        acme.signal(item, "a", noon(MONDAY), "transition", to="indeterminate")
    for n in range(1, 4):
        acme.signal("1", "a", noon(MONDAY + timedelta(days=n)))
    found = acme.effort()
    assert found[MONDAY + timedelta(days=2), "a", "1"] > 0.7
    assert found.get((MONDAY + timedelta(days=2), "a", "epic"), 0) < 0.1


def test_messages_that_name_a_ticket_are_evidence_for_it(acme: Company) -> None:
    acme.person("a", sources=("jira", "slack"))
    acme.item("1", key="PAY-7")
    acme.item("t", source="slack", kind="message", mentions=["PAY-7"])
    day = MONDAY + timedelta(days=1)
    for n in range(3):
        acme.signal("t", "a", noon(day) + timedelta(minutes=n), "message", "slack")
    found = acme.effort()
    assert found[day, "a", "1"] > 0.5
    assert not [key for key in found if key[2] == "t"]


def test_a_meeting_of_eight_is_eight_peoples_hour(acme: Company) -> None:
    acme.item("d", source="hubspot", kind="deal")
    for name in "abcdefgh":
        acme.person(name, sources=("hubspot",))
        acme.signal("d", name, noon(MONDAY), "meeting", "hubspot", hours=1)
    found = {key: days for key, days in acme.effort().items() if key[0] == MONDAY}
    assert len(found) == 8
    # Nothing else is known of their day.
    assert all(1 / 8 <= days <= 1 for days in found.values())


def test_somebody_who_is_known_in_one_source_only_counts_there(acme: Company) -> None:
    acme.person("a", sources=("slack",))
    acme.item("t", source="slack", kind="message")
    acme.signal("t", "a", noon(MONDAY), "message", "slack")
    acme.signal("t", "stranger", noon(MONDAY), "message", "slack")
    found = acme.effort()
    assert {key[1:] for key in found} == {("a", "t")}
    assert 0.3 < found[MONDAY, "a", "t"] < 0.9  # a single message does not fill a day for sure
    assert found.get((MONDAY + timedelta(days=3), "a", "t"), 0) < 0.3


def test_part_time_and_weekends(acme: Company) -> None:
    acme.person("c", part=0.5)
    acme.item("1", assignee="c")
    acme.signal("1", "c", noon(MONDAY), "transition", to="indeterminate")
    saturday = MONDAY + timedelta(days=5)
    acme.signal("1", "c", noon(saturday))
    acme.signal("1", "c", noon(saturday + timedelta(days=1)), "worklog", hours=3)
    found = acme.effort()
    assert 0.35 < found[MONDAY, "c", "1"] <= 0.5
    assert (saturday, "c", "1") not in found  # a comment on a day off is no work that counts
    assert found[saturday + timedelta(days=1), "c", "1"] == pytest.approx(3 / 8)  # stated hours are


def test_what_comes_after_a_day_is_evidence_for_it_though_nothing_else_is_new(acme: Company) -> None:
    acme.person("a")
    acme.item("1", assignee="a")
    acme.signal("1", "a", noon(MONDAY), "assignment", to="a")
    acme.signal("1", "a", noon(MONDAY), "transition", to="indeterminate")
    estimate_effort(acme.sessions, REGISTER, date(2026, 10, 8))

    def days() -> dict[date, float]:
        with acme.sessions() as session:
            return {row.day: row.person_days for row in session.execute(select(Effort.day, Effort.person_days))}

    before = days()
    assert set(before) == {date(2026, 10, day) for day in (5, 6, 7, 8)}
    last = date(2026, 10, 9)
    with acme.sessions.begin() as session:
        assert is_pending(session, REGISTER, last)
        plan_spans(session, REGISTER)
        plan_days(session, REGISTER, last)
    chunks.take(acme.sessions, "effort", lambda session, part: run_week_chunk(session, part, REGISTER, last))
    after = days()
    assert last in after
    estimate_effort(acme.sessions, REGISTER, last)
    assert days() == after


def test_what_happened_before_the_first_pulls_horizon_is_no_effort(acme: Company) -> None:
    acme.person("a")
    acme.item("1", assignee="a")
    for day in (5, 7, 9, 12, 13):
        acme.signal("1", "a", noon(date(2026, 10, day)))
    with acme.sessions.begin() as session:
        session.add(
            StreamCursor(source="jira", stream="issues", state={}, pulled_at=noon(LAST), horizon=date(2026, 10, 9))
        )
    assert min(day for day, _, _ in acme.effort()) == date(2026, 10, 9)
    with acme.sessions.begin() as session:
        # Pulled by a version that did not keep its horizon: unknown, so everything counts as it did.
        session.add(StreamCursor(source="slack", stream="C", state={}, pulled_at=noon(LAST)))
    assert min(day for day, _, _ in acme.effort()) == MONDAY
    with (
        acme.sessions.begin() as session
    ):  # known after all: what was estimated of the days before is no effort any more
        session.execute(update(StreamCursor).values(horizon=date(2026, 10, 9)))
    assert min(day for day, _, _ in acme.effort()) == date(2026, 10, 9)
    with acme.sessions() as session:
        assert session.scalar(select(func.min(Capacity.day))) == date(2026, 10, 9)


def test_a_meeting_that_each_attendees_calendar_brought_into_the_crm_is_one_margince_5890(acme: Company) -> None:
    acme.person("a", sources=("hubspot",))
    acme.item("deals:1", source="hubspot", kind="deal")
    for _ in range(4):  # one for each of the four who were there
        acme.signal("deals:1", "a", noon(MONDAY), "meeting", "hubspot", hours=2.0)
    acme.item("deals:2", source="hubspot", kind="deal")
    acme.signal("deals:2", "a", noon(MONDAY) + timedelta(hours=3), "meeting", "hubspot", hours=2.0)
    acme.signal("deals:2", "a", noon(MONDAY) + timedelta(hours=5), "meeting", "hubspot", hours=2.0)
    found = acme.effort()
    assert found[MONDAY, "a", "deals:2"] > 1.5 * found[MONDAY, "a", "deals:1"]


def test_two_calls_that_say_only_their_day_are_two(acme: Company) -> None:
    acme.person("a", sources=("hubspot",))
    acme.item("deals:1", source="hubspot", kind="deal")
    for _ in range(2):
        acme.signal("deals:1", "a", datetime(2026, 10, 6, tzinfo=UTC), "call", "hubspot", hours=3.0)
    acme.item("deals:2", source="hubspot", kind="deal")
    acme.signal("deals:2", "a", datetime(2026, 10, 6, tzinfo=UTC), "call", "hubspot", hours=2.0)
    found = acme.effort()
    assert found[date(2026, 10, 6), "a", "deals:1"] == pytest.approx(0.75)


def test_a_meeting_on_a_deal_that_stands_in_a_calendar_too_is_one(acme: Company) -> None:
    acme.person("a", sources=("hubspot", "calendar"))
    acme.item("deals:1", source="hubspot", kind="deal")
    acme.item("series", source="calendar", kind="meeting")
    acme.signal("deals:1", "a", noon(MONDAY), "meeting", "hubspot", hours=2.0)
    acme.signal("series", "a", noon(MONDAY), "meeting", "calendar", hours=2.0)
    acme.signal("series", "a", noon(MONDAY) + timedelta(days=1), "meeting", "calendar", hours=2.0)
    found = acme.effort()
    assert found.get((MONDAY, "a", "series"), 0) < 0.3 * found[MONDAY, "a", "deals:1"]
    assert found[MONDAY + timedelta(days=1), "a", "series"] >= 0.25


def test_hours_that_a_tracker_dates_by_the_day_are_of_that_day_jira_assistant_31(acme: Company) -> None:
    """Midnight in UTC is still the evening before in Denver, and Monday's hours would be last week's."""
    for name in "ab":
        acme.person(name, zone="America/Denver")
        acme.item(name)
        acme.signal(name, name, datetime(2026, 10, 5, 16, tzinfo=UTC))
    acme.signal("a", "a", datetime(2026, 10, 12, tzinfo=UTC), "worklog", hours=8)
    acme.signal("b", "b", datetime(2026, 10, 12, 1, 30, tzinfo=UTC), "worklog", hours=8)  # on Sunday evening
    found = acme.effort()
    assert found[date(2026, 10, 12), "a", "a"] == pytest.approx(1)
    assert (date(2026, 10, 11), "a", "a") not in found
    assert found[date(2026, 10, 11), "b", "b"] == pytest.approx(1)


def a_day_later(acme: Company, last: date) -> dict[tuple[date, int, int], float]:
    """What a cycle leaves after which `last` is over."""
    with acme.sessions.begin() as session:
        plan_spans(session, REGISTER)
    chunks.take(acme.sessions, "span", lambda session, part: run_item_chunk(session, part, REGISTER))
    with acme.sessions.begin() as session:
        plan_days(session, REGISTER, last)
    chunks.take(acme.sessions, "effort", lambda session, part: run_week_chunk(session, part, REGISTER, last))
    return kept(acme)


def news(acme: Company, item: str, at: datetime) -> None:
    with acme.sessions.begin() as session:
        mark_effort(session, "jira", {item: utc_day(at)})


def kept(acme: Company) -> dict[tuple[date, int, int], float]:
    with acme.sessions() as session:
        return {(one.day, one.person_id, one.work_item_id): one.person_days for one in session.scalars(select(Effort))}


@pytest.mark.parametrize("seed", [0, 2])
def test_day_after_day_whoever_did_nothing_new_has_what_all_days_together_give(lite: Engine, seed: int) -> None:
    rng, whose, zone = np.random.default_rng(seed), "abc", "America/Los_Angeles" if seed else "Asia/Tokyo"
    acme = Company(sessionmaker(lite))
    for who in whose:
        acme.person(who, zone=zone if who == "c" else None)
        acme.item(who, assignee=who)
        acme.signal(who, who, noon(MONDAY), "assignment", to=who)
        acme.signal(who, who, noon(MONDAY), "transition", to="indeterminate")
    for n in range(1, 10):
        last = MONDAY + timedelta(days=n)
        for _ in range(int(rng.integers(0, 3))):  # on many a day somebody did nothing, on some nobody did anything
            who, item = rng.choice(list(whose), 2)
            hour = float(rng.uniform(-12, 16))  # some are of the night before, or of tomorrow
            at = noon(last) + timedelta(hours=hour)
            kind, hours = (("comment", None), ("worklog", float(rng.uniform(1, 5))))[int(rng.integers(2))]
            acme.signal(str(item), str(who), at, kind, hours=hours)
            news(acme, str(item), at)
        if n == 7:  # something of days ago
            acme.signal("a", "b", noon(MONDAY + timedelta(days=2)), "worklog", hours=3)
            news(acme, "a", noon(MONDAY + timedelta(days=2)))
        found = a_day_later(acme, last)
        estimate_effort(acme.sessions, REGISTER, last)
        assert kept(acme) == found, last


def test_what_was_said_before_the_days_that_count_still_tells_whether_a_message_is_alone(acme: Company) -> None:
    acme.person("a")
    acme.item("a", assignee="a")
    acme.item("talk", kind="message")
    acme.signal("a", "a", noon(MONDAY), "transition", to="indeterminate")
    for day in (0, 4):
        acme.signal("talk", "a", noon(MONDAY + timedelta(days=day)), "message")
    for last in (37, 38):
        at = noon(MONDAY + timedelta(days=last))
        acme.signal("a", "a", at)
        news(acme, "a", at)
        found = a_day_later(acme, MONDAY + timedelta(days=last))
    estimate_effort(acme.sessions, REGISTER, MONDAY + timedelta(days=38))
    assert kept(acme) == found


def test_of_whoever_did_nothing_new_only_the_new_day_is_estimated(acme: Company) -> None:
    for who in "ab":
        acme.person(who)
        acme.item(who, assignee=who)
        acme.signal(who, who, noon(MONDAY), "transition", to="indeterminate")
        acme.signal(who, who, noon(MONDAY), "assignment", to=who)
    last = MONDAY + timedelta(days=2)
    estimate_effort(acme.sessions, REGISTER, last)
    acme.signal("a", "a", noon(last + timedelta(days=1)))
    news(acme, "a", noon(last + timedelta(days=1)))
    with patch.object(effort_stage, "efforts", wraps=effort_stage.efforts) as estimated:
        a_day_later(acme, last + timedelta(days=1))
    days = {frozenset(person for person, _ in one.args[2]): one.args[3:5] for one in estimated.call_args_list}
    new = last + timedelta(days=1)
    assert sorted(days.values()) == [(MONDAY, new), (new, new)]
