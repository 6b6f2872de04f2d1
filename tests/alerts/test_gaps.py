"""What an alert says of a gap: shares in working days of 100, person-days with their window and cost, what to decide."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.delivery import notify
from alerts.falls import alert_of
from alerts.gaps import ACTIONS, gap_view
from alerts.news import Said, news_about
from alerts.slack import Faces, message
from alerts.view import Terms
from alerts.words import plain
from models import Cycle, Drift, Notification, Share, Theme
from pipeline.drift.gaps import GAP
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from simulator.server import Simulator
from tests.alerts.test_delivery import slack
from tests.alerts.test_slack import NOW, drift, texts

START = date(2026, 6, 29)
TEXT = """
company: Velora
currency: EUR
period: {name: Q3, start: 2026-06-29, end: 2026-09-30}
teams:
  - key: app
    name: App
    rate: 650
    plan: {O1: 60 %}
    members: [a@x.example, b@x.example, c@x.example, d@x.example, e@x.example]
objectives:
  - {key: O1, title: "Riders <open> the app", priority: 1, plan: 40 %, key_results: [{key: O1.1, title: Riders, teams: [app]}]}
  - {key: O2, title: Orders, priority: 2, plan: 10 %, key_results: [{key: O2.1, title: Orders a day}]}
"""
SHARES = {"company": {"O1": 0.24, "O2": 0.2, "": 0.56, "top": 0.44}, "app": {"O1": 0.3, "O2": 0.1, "": 0.6, "top": 0.4}}


@pytest.fixture
def register(sessions: sessionmaker[Session]) -> Register:
    """Four weeks of shares, and a stream of work on no objective."""
    with sessions.begin() as session:
        load_register(session, parse(TEXT), TEXT)
        session.add(Cycle(started_at=NOW, finished_at=NOW, through=date(2026, 7, 26), seconds={}, counts={}))
        for n in range(4):
            week = START + timedelta(weeks=n)
            for scope, shares in SHARES.items():
                for key, share in shares.items():
                    session.add(
                        Share(
                            week=week,
                            scope=scope,
                            objective=key,
                            share=share,
                            low=share - 0.04,
                            high=share + 0.04,
                            coverage=0.9,
                            person_days=75.0,
                        )
                    )
        weeks = {"app": {(START + timedelta(weeks=n)).isoformat(): 10.0 for n in range(4)}}
        session.add(
            Theme(
                name="HW *branding*",
                first_day=START,
                person_days=40,
                recent_person_days=40,
                teams=[["app", 40.0]],
                items=[1],
                weeks=weeks,
            )
        )
    return parse(TEXT)


def a_gap(**changes: object) -> Drift:
    values = {
        "kind": GAP,
        "subject": "O1",
        "before": 0.4,
        "after": 0.24,
        "low": -0.23,
        "high": -0.11,
        "start": START,
        "absorbed_by": [],
        "explanation": {"until": "2026-07-26", "weeks": 4, "person_days": 48.0},
    }
    return drift(**(values | changes))


def keep(sessions: sessionmaker[Session], row: Drift) -> int:
    with sessions.begin() as session:
        session.add(row)
        session.flush()
        return row.id


def test_it_says_share_plan_days_cost_window_and_what_has_them(
    sessions: sessionmaker[Session], register: Register
) -> None:
    id_ = keep(sessions, a_gap())
    with sessions() as session:
        found = gap_view(session, session.get_one(Drift, id_), register)
    assert found.title == "24 of 100 working days go to Riders <open> the app, 40 were planned"
    assert [plain(words) for words in found.story] == [
        "Since Q3 began 24 of 100 working days go to “Riders <open> the app”; 40 were planned.",
        "That is about 48 person-days from 29 June to 26 July, about 31,200 EUR. "
        "9 in 10 sure: between 11 and 23 of 100 working days are missing.",
        "More than planned goes to “Orders” (20, 10 planned); the largest work on no objective is “HW *branding*”, "
        "40 person-days from 29 June to 26 July.",
        "Furthest below their own plan: “App” (30 of 60).",
    ]
    assert (
        plain(found.decision)
        == "is the plan still right? If it is, what stops to make room for “Riders <open> the app”?"
    )
    assert (found.points, found.days_a_week) == (16, 0)


def test_a_team_too_small_to_be_shown_is_not_named(sessions: sessionmaker[Session], register: Register) -> None:
    id_ = keep(sessions, a_gap())
    with sessions() as session:
        found = gap_view(session, session.get_one(Drift, id_), register, Terms(least_people=6))
    assert "App" not in found.text


def test_its_buttons_say_what_they_do_and_outside_text_is_no_markup(
    sessions: sessionmaker[Session], register: Register
) -> None:
    id_ = keep(sessions, a_gap())
    with sessions() as session:
        found = message(
            gap_view(session, session.get_one(Drift, id_), register), id_, Faces("https://x.example", buttons=True)
        )
    said = list(texts(found))
    assert [action.text for action in ACTIONS if action.text in said] == [action.text for action in ACTIONS]
    assert any("until the plan changes" in one for one in said)
    assert not any("*branding*" in one or "<open> the app*" in one for one in said)


def test_it_is_posted_once_with_its_buttons_and_its_end_is_said_below(
    sessions: sessionmaker[Session], register: Register, company: Simulator
) -> None:
    id_ = keep(sessions, a_gap(raised_on=date(2026, 7, 9)))
    given = [slack(company, faces=Faces("https://x.example", buttons=True))]
    assert notify(sessions, register, given, Terms(), lambda: NOW).notices == 1
    assert notify(sessions, register, given, Terms(), lambda: NOW).notices == 0
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert notify(sessions, register, given, Terms(), lambda: NOW).follow_ups == 1


@pytest.mark.parametrize(
    ("state", "after", "said"),
    [
        ("recovered", 0.38, "The company, “Riders <open> the app”: the gap is closed."),
        ("replanned", 0.24, "The company, “Riders <open> the app”: closed. The plan changed"),
        ("raised", 0.19, "The company, “Riders <open> the app”: the gap is now 21 points (it was 16), since 29 June."),
        ("raised", 0.22, None),
    ],
)
def test_what_is_said_below_it(register: Register, state: str, after: float, said: str | None) -> None:
    row = Notification(drift_id=1, channel="slack", said_state="raised", said_fall=16)
    found = news_about(a_gap(state=state, after=after, id=1), row, Said.of(register, NOW))
    assert (found is None) if said is None else (found is not None and found.text.startswith(said))


def test_inside_the_alert_of_a_fall_the_plan_is_a_sentence(sessions: sessionmaker[Session], register: Register) -> None:
    id_ = keep(sessions, drift(before=0.6, after=0.44, start=START + timedelta(weeks=1)))
    with sessions() as session:
        found = alert_of(session, session.get_one(Drift, id_), register)
    assert plain(found.story[-1]) == (
        "“Riders <open> the app” was to get 40 of 100 and gets 24: 48 person-days from 29 June to 26 July, about 31,200 EUR."
    )
