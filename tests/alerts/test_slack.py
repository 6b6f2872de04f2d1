"""The alert in Slack: what it says, what it never does, and that it is said once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from alerts.delivery import tell_changes, tell_pending
from alerts.picture import page
from alerts.slack import CLAIM, Faces, blocks, escape, message
from alerts.view import AlertView
from alerts.waiting import untold
from alerts.words import Name
from models import Drift, Share
from pipeline.feedback.decisions import decide
from pipeline.register.document import parse
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY

REGISTER = parse(register_yaml(TODAY))
NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)


def drift(**changes: Any) -> Drift:
    values: dict[str, Any] = {
        "kind": "drift", "scope": "company", "state": "raised", "severity": "high", "raised_on": date(2026, 7, 8),
        "start": date(2026, 6, 29), "before": 0.62, "after": 0.44, "low": -0.22, "high": -0.14,
        "absorbed_by": [["", 17.0], ["O5", 1.0]],
        "explanation": {
            "themes": [{"name": "Hafenwerk, Export", "points": 11.2, "teams": ["app", "platform"], "examples": ["HW export"],
                        "person_days": 70.0}],
            "teams": [{"team": "app", "before": 0.8, "after": 0.5, "points": -6.0},
                      {"team": "iberia", "before": 0.5, "after": 0.1, "points": -3.0}],
        },
    }  # fmt: skip
    return Drift(**(values | changes))


def texts(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for value in found.values():
            yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)
    elif isinstance(found, str):
        yield found


hostile = st.text(max_size=400) | st.sampled_from(
    ["<!channel>", "<@U1>", "*bold* _it_ `x`", "&lt;", "<https://e.vil|ok>", "x" * 5000]
)


@given(hostile, hostile, hostile)
def test_any_outside_text_stays_within_slacks_limits_and_pages_nobody(name: str, team: str, title: str) -> None:
    story = ((Name(name), " fell from 26% to 16%."), ("The days went to ", Name(title), "."))
    alert = AlertView("company", TODAY, title, story, ("stop ", Name(team), "?"), team)
    found = blocks(alert)
    assert len(found) <= 50
    assert 0 < len(found[0]["text"]["text"]) <= 150 or title.strip() == ""
    for block in found[1:]:
        assert len(block.get("text", block.get("elements", [{}])[0])["text"]) <= 3000
        for text in texts(block):
            assert "<!" not in text
            assert "<@" not in text
            assert "<http" not in text


@given(hostile)
def test_escaped_text_holds_no_markup(text: str) -> None:
    found = escape(text)
    assert "<" not in found
    assert ">" not in found
    assert "*" not in found
    assert "`" not in found


def connect(company: Simulator) -> WebClient:
    return WebClient(token=company.settings()["slack"]["token"], base_url=company.addresses["slack"])


def test_each_drift_is_told_once_by_two_workers_at_once(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all([drift(), drift(scope="workshop", start=date(2026, 4, 1))])
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(
            lambda _: tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW), range(4)
        ))  # fmt: skip
    assert sum(told) == 2
    assert [p["channel"] for p in company.world.posted] == ["leadership", "leadership"]
    with sessions() as session:
        assert all(d.message_ts and d.sent_at == NOW for d in session.scalars(select(Drift)))
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 0


def test_a_team_that_fell_with_the_company_is_a_line_not_an_alert(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add_all([drift(scope="app", start=date(2026, 6, 25)), drift()])
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 1
    assert "Rider App" in "\n".join(texts(company.world.posted[0]["blocks"]))
    with sessions() as session:
        assert untold(session) == []  # nobody is told, by a metric or by doctor, that something still waits


@pytest.mark.parametrize(
    "company_wide",
    [{"severity": "low"}, {"explanation": {"themes": [], "teams": []}}],
    ids=["of low severity", "that does not name the team"],
)
def test_a_team_is_told_by_itself_beside_a_fall_of_the_company(
    company: Simulator, sessions: sessionmaker[Session], company_wide: dict[str, Any]
) -> None:
    with sessions.begin() as session:
        session.add_all([drift(scope="app"), drift(**company_wide)])
    tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW)
    assert any(message["text"].startswith("Rider App: 18 of 100 working days") for message in company.world.posted)


def test_a_failed_post_is_tried_again(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(drift())
    with pytest.raises(SlackApiError):
        tell_pending(sessions, REGISTER, connect(company), "no-such-channel", 5, lambda: NOW)
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 1


def test_a_sender_that_died_holds_its_drift_only_for_a_while(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add(drift(claimed_at=NOW))
    soon, later = NOW + CLAIM / 2, NOW + CLAIM + timedelta(seconds=1)
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: soon) == 0
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: later) == 1


def test_recovered_and_superseded_drifts_are_not_told(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all([drift(state="recovered"), drift(state="superseded"), drift(state="snoozed")])
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 0


def test_the_message_names_its_drift_so_that_a_lost_answer_can_be_found_again() -> None:
    found = message(AlertView("company", TODAY, "title", (), ("decide",), "note"), 42)
    assert found["metadata"] == {"event_type": "leeway_drift", "event_payload": {"drift": 42, "drifts": [42]}}
    assert found["unfurl_links"] is False


def test_the_picture_shows_hostile_text_as_text() -> None:
    story = ((Name("<script>alert(1)</script>"), " fell"), (Name("<img src=x>"), " & more"))
    html = page([message(AlertView("company", TODAY, "Work fell", story, ("decide",), "note"), 1)])
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b>" in html
    assert "<b>To decide:</b>" in html


def raise_one(sessions: sessionmaker[Session]) -> int:
    with sessions.begin() as session:
        session.add(row := drift())
        session.flush()
        return row.id


def test_a_sender_that_died_after_posting_is_healed_by_the_messages_metadata(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    metadata = {"event_type": "leeway_drift", "event_payload": {"drift": id_}}
    connect(company).chat_postMessage(channel="leadership", text="posted", metadata=metadata)
    with sessions.begin() as session:
        session.get_one(Drift, id_).claimed_at = datetime.now(UTC) - timedelta(hours=1)
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5) == 1
    assert len(company.world.posted) == 1
    with sessions() as session:
        assert session.get_one(Drift, id_).message_ts == company.world.posted[0]["ts"]


def test_the_thread_says_what_changed_and_nothing_twice(company: Simulator, sessions: sessionmaker[Session]) -> None:
    id_ = raise_one(sessions)
    client = connect(company)
    tell_pending(sessions, REGISTER, client, "leadership", 5)
    assert tell_changes(sessions, REGISTER, client) == 0
    with sessions.begin() as session:
        drift = session.get_one(Drift, id_)
        drift.after -= 0.08
    assert [tell_changes(sessions, REGISTER, client) for _ in range(2)] == [1, 0]
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert [tell_changes(sessions, REGISTER, client) for _ in range(2)] == [1, 0]
    thread = [p for p in company.world.posted if p.get("thread_ts")]
    assert "points (it was" in thread[0]["text"]
    assert "recovered" in thread[1]["text"]
    assert {p["thread_ts"] for p in thread} == {company.world.posted[0]["ts"]}


def test_the_alert_has_a_picture_with_its_text_and_buttons_where_somebody_answers(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    with sessions.begin() as session:
        for n in range(8):
            session.add(Share(week=date(2026, 5, 4) + timedelta(weeks=n), scope="company", objective="top", share=0.5, low=0.4,
                              high=0.6, coverage=0.9, person_days=50))  # fmt: skip
    tell_pending(sessions, REGISTER, connect(company), "leadership", 5, faces=Faces("https://leeway.example", True))
    blocks_ = company.world.posted[0]["blocks"]
    picture = next(block for block in blocks_ if block["type"] == "image")
    assert "62% before, 44% since" in picture["alt_text"]
    assert company.slack.uploads[picture["slack_file"]["id"]].find(b"PNG") > 0
    buttons = next(block for block in blocks_ if block["type"] == "actions")["elements"]
    assert [b["action_id"] for b in buttons] == ["assign", "weeks", "intended", "labels", "snoozed"]
    assert buttons[1]["url"] == f"https://leeway.example/drifts/{id_}"


def test_an_assigned_decision_is_reminded_of_on_its_day_once(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    client = connect(company)
    tell_pending(sessions, REGISTER, client, "leadership", 5)
    at = datetime(2026, 7, 10, 9, tzinfo=UTC)
    decide(sessions, id_, "assigned", "slack:U1", "n1", at, "U7 2026-07-14")
    assert tell_changes(sessions, REGISTER, client, lambda: at) == 0
    due = at + timedelta(days=4)
    assert [tell_changes(sessions, REGISTER, client, lambda: due) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("<@U7>: today")


def test_what_could_not_be_said_in_the_thread_is_said_the_next_time(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    client = connect(company)
    tell_pending(sessions, REGISTER, client, "leadership", 5)
    at = datetime(2026, 7, 14, 9, tzinfo=UTC)
    decide(sessions, id_, "assigned", "slack:U1", "n1", at, "U7 2026-07-14")
    company.config.slack_scopes -= {"chat:write"}
    with pytest.raises(SlackApiError):
        tell_changes(sessions, REGISTER, client, lambda: at)
    with sessions.begin() as session:
        session.get_one(Drift, id_).after -= 0.08
    with pytest.raises(SlackApiError):
        tell_changes(sessions, REGISTER, client, lambda: at)
    company.config.slack_scopes |= {"chat:write"}
    assert [tell_changes(sessions, REGISTER, client, lambda: at) for _ in range(2)] == [2, 0]
    thread = [p["text"] for p in company.world.posted if p.get("thread_ts")]
    assert "points (it was" in thread[0]
    assert thread[1].startswith("<@U7>: today")


def test_a_drift_of_low_severity_waits_until_it_is_more(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(row := drift(severity="low"))
        session.flush()
        id_ = row.id
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 0
    with sessions.begin() as session:
        session.get_one(Drift, id_).severity = "medium"
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW) == 1


def test_many_teams_that_fall_at_once_are_one_message_by_two_workers(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add_all([drift(scope=team, before=0.6, after=0.4 - n / 20)
                         for n, team in enumerate(("app", "platform", "iberia"))])  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(
            lambda _: tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW), range(4)
        ))  # fmt: skip
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: NOW + CLAIM * 2) == 0
    assert len(company.world.posted) == 1
    said = "\n".join(texts(company.world.posted[0]["blocks"]))
    assert said.index("Iberia") < said.index("Platform") < said.index("Rider App")  # the largest fall first
    with sessions() as session:
        assert {d.message_ts for d in session.scalars(select(Drift))} == {company.world.posted[0]["ts"]}


def test_a_group_whose_sender_died_after_posting_is_healed(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all(rows := [drift(scope=team, claimed_at=NOW) for team in ("app", "platform", "iberia")])
        session.flush()
        ids = [row.id for row in rows]
    metadata = {"event_type": "leeway_drift", "event_payload": {"drift": ids[0], "drifts": ids}}
    connect(company).chat_postMessage(channel="leadership", text="posted", metadata=metadata)
    later = NOW + CLAIM * 2
    assert tell_pending(sessions, REGISTER, connect(company), "leadership", 5, lambda: later) == 1
    assert len(company.world.posted) == 1
    with sessions() as session:
        assert {d.message_ts for d in session.scalars(select(Drift))} == {company.world.posted[0]["ts"]}


def test_a_fault_of_the_data_goes_to_ops_and_its_end_into_its_thread(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add(row := drift(kind="data", subject="hubspot", before=9.0, after=0.2, absorbed_by=[], explanation={}))
        session.flush()
        id_ = row.id
    client = connect(company)
    assert tell_pending(sessions, REGISTER, client, "leadership", 5, lambda: NOW) == 0  # no ops channel: status says it
    assert tell_pending(sessions, REGISTER, client, "leadership", 5, lambda: NOW, None, "random") == 1
    assert company.world.posted[0]["channel"] == "random"
    assert "hubspot has been almost silent since 29 June" in company.world.posted[0]["text"]
    assert tell_changes(sessions, REGISTER, client, lambda: NOW) == 0
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert [tell_changes(sessions, REGISTER, client, lambda: NOW) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("hubspot: back")


def test_a_shift_between_objectives_is_news_once_and_only_while_it_is_fresh(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    shift = {
        "kind": "objective",
        "state": "noted",
        "before": 0.31,
        "after": 0.12,
        "absorbed_by": [["O2", 18.0], ["", 1.0]],
    }
    with sessions.begin() as session:
        session.add_all([drift(**shift, subject="O1"), drift(**shift, subject="O3", raised_on=date(2026, 3, 2))])
    client = connect(company)
    assert [tell_pending(sessions, REGISTER, client, "leadership", 5, lambda: NOW) for _ in range(2)] == [1, 0]
    assert "fell from 31% to 12% since 29 June" in company.world.posted[0]["text"]
    assert tell_changes(sessions, REGISTER, client, lambda: NOW) == 0


@pytest.mark.parametrize(("state", "says"), [("deepened", "fell further"), ("replanned", "The priorities changed")])
def test_the_thread_says_why_an_alert_ended(
    company: Simulator, sessions: sessionmaker[Session], state: str, says: str
) -> None:
    id_ = raise_one(sessions)
    client = connect(company)
    tell_pending(sessions, REGISTER, client, "leadership", 5)
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = state
    assert [tell_changes(sessions, REGISTER, client) for _ in range(2)] == [1, 0]
    assert says in company.world.posted[-1]["text"]
