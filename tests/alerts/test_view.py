"""What an alert says: who lost, what took the place, how sure, what to decide; in whole numbers that add up, in few words."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.falls import alert_of
from alerts.view import ACTIONS, AlertView, Terms
from alerts.words import plain
from models import Cycle, Drift, Share
from tests.alerts.test_slack import NOW, REGISTER, drift

START = date(2026, 6, 29)
LEVELS = {
    "company": {
        "O1": [0.26, 0.16],
        "O2": [0.14, 0.14],
        "O3": [0.16, 0.10],
        "O4": [0.08, 0.05],
        "O5": [0.04, 0.04],
        "": [0.32, 0.51],
    },
    "app": {"O3": [0.72, 0.51], "": [0.28, 0.49]},
}
STREAMS = [
    {"name": "HW branding", "points": 10.3, "teams": ["app", "platform"], "examples": ["Wish list"]},
    {"name": "Cargo <b>bike", "points": 6.6, "teams": ["sales"], "examples": []},
    {"name": "Briefings", "points": 2.4, "teams": ["workshop"], "examples": []},
]


def fall(**changes: Any) -> Drift:
    values: dict[str, Any] = {
        "before": 0.56,
        "after": 0.40,
        "low": -0.22,
        "high": -0.09,
        "start": START,
        "absorbed_by": [["", 19.0], ["O4", -3.0], ["O5", 0.0]],
        "explanation": {
            "levels": LEVELS,
            "themes": STREAMS,
            "teams": [
                {"team": "app", "before": 0.72, "after": 0.51, "points": -12.4},
                {"team": "iberia", "before": 0.0, "after": 0.0, "points": 0.0},
                {"team": "sales", "before": 0.7, "after": 0.6, "points": -3.6},
            ],
        },
    }
    return drift(**(values | changes))


def said(sessions: sessionmaker[Session], one: Drift, terms: Terms | None = None) -> AlertView:
    with sessions.begin() as session:
        session.add(Cycle(started_at=NOW, finished_at=NOW, through=date(2026, 7, 12), seconds={}, counts={}))
        for n in range(10):
            week = date(2026, 7, 6) - timedelta(weeks=n)
            for objective, share in (("O3", 0.5), ("", 0.5), ("top", 0.5)):
                session.add(
                    Share(
                        week=week,
                        scope=one.scope,
                        objective=objective,
                        share=share,
                        low=0.4,
                        high=0.6,
                        coverage=0.96,
                        person_days=240,
                    )
                )
        session.add(one)
        session.flush()
        return alert_of(session, one, REGISTER, terms)


def test_it_names_what_lost_what_took_the_place_the_cost_and_how_sure(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall())
    assert found.title == "16 of 100 working days have left the top priorities since 29 June"
    assert [plain(words) for words in found.story] == [
        "“Large employers choose Velora as their standard benefit” fell from 26% to 16% and “Riders open the app because it "
        "helps” from 16% to 10%.",
        "The days went to “HW branding” (+10) and “Cargo <b>bike” (+7), which no objective asks for.",
        "That is 38 working days a week. 9 in 10 sure: between 9 and 22 of 100 working days left.",
    ]
    assert plain(found.decision) == (
        "continue, reshape or stop the two? The leads of “Rider App”, “Platform & Data” and “Employer Sales” can say what "
        "stopping costs."
    )
    assert (
        found.note
        == "Teams of 5 or more, never a person · 96% of working days seen · false alarms like this: about one in 2.5 years"
    )


def test_the_losses_that_it_names_add_up_to_the_fall(sessions: sessionmaker[Session]) -> None:
    levels = {"company": {**LEVELS["company"], "O1": [0.26, 0.20], "O2": [0.14, 0.09], "O3": [0.16, 0.11]}}
    found = said(
        sessions, fall(absorbed_by=[["", 16.0], ["O4", 0.3]], explanation={"levels": levels, "themes": STREAMS})
    )
    named = re.findall(r"from (\d+)% to (\d+)%", plain(found.story[0]))
    assert sorted(int(after) - int(before) for before, after in named) == [-6, -5, -5]
    assert 0 not in {one.points for one in found.taken if one.objective}  # what did not change took no place


@pytest.mark.parametrize(
    ("keys", "leads"),
    [
        ("app platform fleet sales", "“Rider App”, “Platform & Data”, “Fleet & Firmware” and “Employer Sales”"),
        ("app platform fleet sales care", "“Rider App”, “Platform & Data”, “Fleet & Firmware” and 2 more teams"),
    ],
)
def test_no_lead_of_the_named_work_is_left_out_without_a_word(
    sessions: sessionmaker[Session], keys: str, leads: str
) -> None:
    themes = [STREAMS[0] | {"teams": keys.split()[:2]}, STREAMS[1] | {"teams": keys.split()[2:]}]
    found = said(sessions, fall(explanation={"levels": LEVELS, "themes": themes}))
    assert plain(found.decision).endswith(f"The leads of {leads} can say what stopping costs.")


def test_every_number_adds_up_with_its_neighbours(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall())
    assert found.points == 16 == found.before - found.after
    assert sum(part.change or 0 for part in found.lost) == -16
    assert sum(one.points for one in found.taken) == 16
    assert [(one.name, one.points) for one in found.taken if not one.rest][:3] == [
        ("HW branding", 10),
        ("Cargo <b>bike", 7),
        ("Briefings", 2),
    ]
    assert {one.objective: one.points for one in found.taken if one.objective} == {"O4": -3}
    assert sum(line.points for line in found.teams) == -16


def test_a_team_that_plans_no_top_priority_is_not_told_that_it_has_none(sessions: sessionmaker[Session]) -> None:
    assert [line.name for line in said(sessions, fall()).teams] == ["Rider App", "Employer Sales"]


def test_teams_below_the_floor_are_named_nowhere(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall(), Terms(least_people=99))
    assert found.teams == ()
    assert all(team.name not in found.text for team in REGISTER.teams)


def test_no_person_of_the_register_is_named(sessions: sessionmaker[Session]) -> None:
    text = said(sessions, fall()).text.lower()
    for team in REGISTER.teams:
        for member in team.members:
            assert member.email not in text
            assert member.email.split("@")[0].replace(".", " ") not in text


def test_a_teams_alert_speaks_of_the_team(sessions: sessionmaker[Session]) -> None:
    found = said(
        sessions,
        fall(
            scope="app",
            before=0.72,
            after=0.51,
            low=-0.3,
            high=-0.1,
            absorbed_by=[["", 21.0]],
            explanation={"levels": LEVELS, "themes": STREAMS[:1]},
        ),
    )
    assert found.title == "Rider App: 21 of 100 working days have left the top priorities since 29 June"
    assert plain(found.story[0]) == "“Riders open the app because it helps” fell from 72% to 51%."
    assert (
        plain(found.decision)
        == "continue, reshape or stop it? The leads of “Rider App” and “Platform & Data” can say what stopping costs."
    )


@pytest.mark.parametrize(
    ("streams", "gained", "sentence"),
    [
        ([], [], "No single piece of work of 5 or more people took their place."),
        ([], [["O5", 12.0]], "Most of the days went to “Grow without growing cost” (+12), of lower priority."),
        (STREAMS[1:2], [], "Some of the days went to “Cargo <b>bike” (+7), which no objective asks for."),
    ],
)
def test_where_it_went_is_said_as_it_is(
    sessions: sessionmaker[Session], streams: list[Any], gained: list[Any], sentence: str
) -> None:
    levels = {"company": {**LEVELS["company"], "O5": [0.04, 0.16], "": [0.32, 0.39]}} if gained else LEVELS
    found = said(sessions, fall(absorbed_by=gained, explanation={"levels": levels, "themes": streams}))
    assert plain(found.story[1]) == sentence
    assert sum(one.points for one in found.taken) == 16


def test_it_is_short_and_its_buttons_say_what_happens(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall())
    assert len(found.text.split()) < 130
    for word in ("severity", "of the points", "raised", " %"):
        assert word not in found.text
    assert [action.text for action in ACTIONS][:4] == [
        "Name who decides",
        "See the weeks",
        "This was planned",
        "Some of it is priority work",
    ]


def test_it_tells_what_it_costs_where_a_rate_is_set(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall(), Terms(day_rate=600, currency="EUR"))
    assert "38 working days a week, about 22,800 EUR. 9 in 10 sure" in found.text


def test_an_alert_of_before_levels_were_kept_still_adds_up(sessions: sessionmaker[Session]) -> None:
    found = said(sessions, fall(explanation={"themes": STREAMS}))
    assert found.points == 16
    assert sum(one.points for one in found.taken) == 16
