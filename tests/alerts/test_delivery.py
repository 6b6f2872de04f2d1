"""Everybody is notified once, whatever dies in between: claim, send, record, follow up, heal."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from alerts.channel import Channel
from alerts.delivery import Delivered, notify
from alerts.retry import CLAIM
from alerts.slack import Faces
from alerts.slack_channel import SlackChannel, slack_client
from alerts.view import Terms
from alerts.waiting import untold
from models import Drift, Notification, RegisterVersion, Share
from pipeline.feedback.decisions import decide, undo
from simulator.server import Simulator
from simulator.world import Message
from tests.alerts.test_slack import NOW, REGISTER, drift, texts
from tests.connectors.few import rename_channel


def slack(company: Simulator, channel: str = "leadership", **given: Any) -> SlackChannel:
    """As the settings would make it."""
    return SlackChannel(
        slack_client(company.settings()["slack"]["token"], company.addresses["slack"]), channel, **given
    )


def round_of(sessions: sessionmaker[Session], company: Simulator, at: datetime = NOW, *channels: Channel) -> Delivered:
    """One sender's round through these channels, or through Slack alone."""
    return notify(sessions, REGISTER, channels or (slack(company),), Terms(), lambda: at)


def told(sessions: sessionmaker[Session], company: Simulator, at: datetime = NOW, *channels: Channel) -> int:
    return round_of(sessions, company, at, *channels).notices


def changes(sessions: sessionmaker[Session], company: Simulator, at: datetime = NOW, *channels: Channel) -> int:
    return round_of(sessions, company, at, *channels).follow_ups


def rows(sessions: sessionmaker[Session]) -> list[Notification]:
    with sessions() as session:
        return list(session.scalars(select(Notification).order_by(Notification.id)))


def place_of(company: Simulator, post: dict[str, Any]) -> str:
    """The name of the channel that it stands in."""
    return company.slack.channels.get(post["channel"], post["channel"])


def begun(sessions: sessionmaker[Session], ids: Sequence[int], at: datetime = NOW, channel: str = "slack") -> None:
    """As a sender leaves them that died while it sent."""
    with sessions.begin() as session:
        session.add_all([Notification(drift_id=id_, channel=channel, claimed_at=at, tried_at=at) for id_ in ids])


def raise_some(sessions: sessionmaker[Session], *changed: dict[str, Any]) -> list[int]:
    with sessions.begin() as session:
        session.add_all(added := [drift(**one) for one in changed or ({},)])
        session.flush()
        return [one.id for one in added]


def raise_one(sessions: sessionmaker[Session], **changed: Any) -> int:
    return raise_some(sessions, changed)[0]


def test_each_drift_is_told_once_by_two_workers_at_once(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all([drift(), drift(scope="workshop", start=date(2026, 4, 1))])
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: told(sessions, company), range(4)))
    assert sum(sent) == 2
    assert [place_of(company, post) for post in company.world.posted] == ["leadership", "leadership"]
    assert all(row.reference["ts"] and row.sent_at == NOW and row.claimed_at is None for row in rows(sessions))
    assert told(sessions, company) == 0


def test_a_team_that_fell_with_the_company_is_a_line_not_an_alert(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add_all([drift(scope="app", start=date(2026, 6, 25)), drift()])
    assert told(sessions, company) == 1
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
    told(sessions, company)
    assert any(message["text"].startswith("Rider App: 18 of 100 working days") for message in company.world.posted)


def test_a_channel_that_was_renamed_is_still_told(company: Simulator, sessions: sessionmaker[Session]) -> None:
    raise_one(sessions)
    rename_channel(company, "leadership", "board")
    assert told(sessions, company) == 1
    assert [company.slack.channels[post["channel"]] for post in company.world.posted] == ["board"]


def test_a_failed_post_is_tried_again(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(drift())
    (error,) = round_of(sessions, company, NOW, slack(company, "no-such-channel")).errors
    assert error.startswith(
        "Slack channel #no-such-channel: the alert could not be delivered: there is no such channel"
    )
    assert told(sessions, company) == 1


def test_a_sender_that_died_holds_its_drift_only_for_a_while(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    begun(sessions, [raise_one(sessions)])
    soon, later = NOW + CLAIM / 2, NOW + CLAIM + timedelta(seconds=1)
    assert told(sessions, company, soon) == 0
    assert told(sessions, company, later) == 1
    begun(sessions, [raise_one(sessions, scope="workshop")], NOW + timedelta(days=30))  # by a clock that was ahead
    assert told(sessions, company, NOW) == 1


def test_what_was_told_after_the_backup_that_was_restored_is_not_told_again_alignak_871(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    raise_one(sessions)
    assert told(sessions, company) == 1
    with sessions.begin() as session:  # back to before, and both are found anew; the other one has the number now
        session.execute(delete(Drift))
    _, again = raise_some(sessions, {"scope": "workshop"}, {"raised_on": NOW.date() - timedelta(days=1)})
    assert told(sessions, company, NOW + timedelta(days=2)) == 2
    assert len(company.world.posted) == 2
    assert "Workshops" in company.world.posted[1]["text"]
    found = {row.drift_id: row.reference["ts"] for row in rows(sessions)}
    assert found[again] == company.world.posted[0]["ts"]
    assert changes(sessions, company, NOW + timedelta(days=2)) == 0


def test_another_company_in_the_same_channel_is_told_of_its_own(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    raise_one(sessions)
    assert told(sessions, company) == 1
    with sessions.begin() as session:
        session.execute(delete(Drift))
        session.add(RegisterVersion(digest="d", loaded_at=NOW, document=""))
    raise_one(sessions)
    assert told(sessions, company) == 1
    assert len(company.world.posted) == 2


def test_recovered_and_superseded_drifts_are_not_told(company: Simulator, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all([drift(state="recovered"), drift(state="superseded"), drift(state="snoozed")])
    assert told(sessions, company) == 0


def test_a_sender_that_died_after_posting_is_healed_by_the_messages_metadata(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    metadata = {"event_type": "leeway_drift", "event_payload": {"drift": id_}}
    slack(company).client.chat_postMessage(channel="leadership", text="posted", metadata=metadata)
    begun(sessions, [id_])
    assert told(sessions, company, NOW + CLAIM * 2) == 1
    assert len(company.world.posted) == 1
    assert rows(sessions)[0].reference["ts"] == company.world.posted[0]["ts"]


def test_the_thread_says_what_changed_and_nothing_twice(company: Simulator, sessions: sessionmaker[Session]) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    assert changes(sessions, company) == 0
    with sessions.begin() as session:
        drift = session.get_one(Drift, id_)
        drift.after -= 0.08
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    thread = [p for p in company.world.posted if p.get("thread_ts")]
    assert "points (it was" in thread[0]["text"]
    assert "recovered" in thread[1]["text"]
    assert [bool(p.get("reply_broadcast")) for p in thread] == [False, True]  # its end is seen in the channel
    assert {p["thread_ts"] for p in thread} == {company.world.posted[0]["ts"]}


def test_the_alert_has_a_picture_with_its_text_and_buttons_where_somebody_answers(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    with sessions.begin() as session:
        for n in range(8):
            session.add(
                Share(
                    week=date(2026, 5, 4) + timedelta(weeks=n),
                    scope="company",
                    objective="top",
                    share=0.5,
                    low=0.4,
                    high=0.6,
                    coverage=0.9,
                    person_days=50,
                )
            )
    told(sessions, company, NOW, slack(company, faces=Faces("https://leeway.example", True)))
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
    told(sessions, company)
    at = datetime(2026, 7, 10, 9, tzinfo=UTC)
    decide(sessions, id_, "assigned", "slack:U1", "n1", at, "U7 2026-07-14")
    assert changes(sessions, company, at) == 0
    due = at + timedelta(days=4)
    assert [changes(sessions, company, due) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("<@U7>: today")


def test_a_reminder_that_comes_after_its_day_does_not_call_it_today(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    decide(sessions, id_, "assigned", "slack:U1", "n1", NOW, "U7 2026-07-14")
    # It is the 15th already where this company works (Europe/Berlin), and nothing could be said before.
    assert changes(sessions, company, datetime(2026, 7, 14, 22, 30, tzinfo=UTC)) == 1
    assert company.world.posted[-1]["text"].startswith("<@U7>: a decision was due here on 14 July.")


def test_what_was_put_off_is_asked_again_once_where_it_still_holds(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    held, over, taken_back = raise_some(
        sessions, {}, {"scope": "workshop", "start": date(2026, 4, 1)}, {"scope": "iberia", "start": date(2026, 2, 1)}
    )
    told(sessions, company)
    for id_ in (held, over, taken_back):
        decide(sessions, id_, "snoozed", "slack:U1", f"n{id_}", NOW)
    undo(sessions, taken_back, "company", "u", NOW)
    with sessions.begin() as session:
        session.get_one(Drift, over).state = "recovered"
    assert changes(sessions, company, NOW + timedelta(days=13)) == 2  # that one is put off, and that one is over
    assert "put off in Slack. It is asked again on 24 July" in company.world.posted[-2]["text"]
    late = NOW + timedelta(days=14)
    assert [changes(sessions, company, late) for _ in range(2)] == [1, 0]
    said = "still open, asked again after two weeks. 18 of 100 working days have left the top priorities since 29 June."
    assert said in company.world.posted[-1]["text"]
    assert company.world.posted[-1]["thread_ts"] == company.world.posted[0]["ts"]


def test_every_place_that_was_told_hears_that_it_was_planned_and_that_this_was_taken_back(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    decide(sessions, id_, "intended", "company", "n1", NOW)  # on the page: nobody pressed in Slack
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("The company: called planned on the page by the leadership.")
    undo(sessions, id_, "company", "n2", NOW)
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("The company: open again.")


def test_who_reads_it_in_slack_hears_what_was_decided_on_the_page_goalert_19(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    """What was acknowledged elsewhere was not, for who read the channel, and was looked into twice."""
    id_ = raise_one(sessions)
    told(sessions, company)
    decide(sessions, id_, "acknowledged", "team app", "n1", NOW)
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"] == "The company: seen on the page by team app."


def test_what_was_called_planned_long_ago_is_no_news_to_a_place(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    decide(sessions, id_, "intended", "company", "n1", NOW - timedelta(days=30))
    assert changes(sessions, company) == 0


def test_who_was_asked_last_is_reminded_and_nobody_before_them(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    at = datetime(2026, 7, 10, 9, tzinfo=UTC)
    decide(sessions, id_, "assigned", "slack:U1", "n1", at, "U7 2026-07-14")
    decide(sessions, id_, "assigned", "slack:U1", "n2", at, "U8 2026-07-16")
    assert changes(sessions, company, at + timedelta(days=4)) == 0
    assert changes(sessions, company, at + timedelta(days=6)) == 1
    assert company.world.posted[-1]["text"].startswith("<@U8>: today")


def test_what_nobody_decides_for_two_weeks_is_said_once_more_a_message(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    raise_some(sessions, *({"scope": team} for team in ("app", "platform", "iberia")))  # one message
    told(sessions, company)
    assert changes(sessions, company, NOW + timedelta(days=13)) == 0
    late = NOW + timedelta(days=14)
    assert [changes(sessions, company, late) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("Nobody has decided here for two weeks.")
    assert changes(sessions, company, late + timedelta(days=30)) == 0


@pytest.mark.parametrize("kind", ["acknowledged", "assigned", "commented"])
def test_what_somebody_touched_is_not_ageing(company: Simulator, sessions: sessionmaker[Session], kind: str) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    decide(sessions, id_, kind, "slack:U1", "n1", NOW, "U7 2199-07-14")
    assert changes(sessions, company, NOW + timedelta(days=20)) == 0


def test_what_could_not_be_said_in_the_thread_is_said_the_next_time(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    at = datetime(2026, 7, 14, 9, tzinfo=UTC)
    decide(sessions, id_, "assigned", "slack:U1", "n1", at, "U7 2026-07-14")
    company.config.slack_scopes -= {"chat:write"}
    assert "the scope chat:write" in round_of(sessions, company, at).errors[0]
    with sessions.begin() as session:
        session.get_one(Drift, id_).after -= 0.08
    assert "the scope chat:write" in round_of(sessions, company, at).errors[0]
    company.config.slack_scopes |= {"chat:write"}
    assert [changes(sessions, company, at) for _ in range(2)] == [2, 0]
    thread = [p["text"] for p in company.world.posted if p.get("thread_ts")]
    assert "points (it was" in thread[0]
    assert thread[1].startswith("<@U7>: today")


def test_a_drift_of_low_severity_waits_until_it_is_more(company: Simulator, sessions: sessionmaker[Session]) -> None:
    id_ = raise_one(sessions, severity="low")
    assert told(sessions, company) == 0
    with sessions.begin() as session:
        session.get_one(Drift, id_).severity = "medium"
    assert told(sessions, company) == 1


def test_many_teams_that_fall_at_once_are_one_message_by_two_workers(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add_all(
            [drift(scope=team, before=0.6, after=0.4 - n / 20) for n, team in enumerate(("app", "platform", "iberia"))]
        )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: told(sessions, company), range(4)))
    assert told(sessions, company, NOW + CLAIM * 2) == 0
    assert len(company.world.posted) == 1
    said = "\n".join(texts(company.world.posted[0]["blocks"]))
    assert said.index("Iberia") < said.index("Platform") < said.index("Rider App")  # the largest fall first
    assert {row.reference["ts"] for row in rows(sessions)} == {company.world.posted[0]["ts"]}


def test_a_group_whose_sender_died_after_posting_is_healed(company: Simulator, sessions: sessionmaker[Session]) -> None:
    ids = raise_some(sessions, *({"scope": team} for team in ("app", "platform", "iberia")))
    begun(sessions, ids)
    metadata = {"event_type": "leeway_drift", "event_payload": {"drift": ids[0], "drifts": ids}}
    slack(company).client.chat_postMessage(channel="leadership", text="posted", metadata=metadata)
    later = NOW + CLAIM * 2
    assert told(sessions, company, later) == 1
    assert len(company.world.posted) == 1
    assert {row.reference["ts"] for row in rows(sessions)} == {company.world.posted[0]["ts"]}


def test_a_fault_of_the_data_goes_to_ops_and_its_end_into_its_thread(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    id_ = raise_one(sessions, kind="data", subject="hubspot", before=9.0, after=0.2, absorbed_by=[], explanation={})
    both = slack(company), slack(company, "random", audience="ops")
    assert told(sessions, company, NOW) == 0  # no ops channel: status says it
    assert told(sessions, company, NOW, *both) == 1
    assert place_of(company, company.world.posted[0]) == "random"
    assert "hubspot has been almost silent since 29 June" in company.world.posted[0]["text"]
    assert changes(sessions, company, NOW, *both) == 0
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert [changes(sessions, company, NOW, *both) for _ in range(2)] == [1, 0]
    assert company.world.posted[-1]["text"].startswith("hubspot: back")


def test_a_shift_between_objectives_is_news_once_and_only_while_it_is_fresh(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    shift = {
        "kind": "objective",
        "state": "noted",
        "before": 0.31,
        "after": 0.12,
        "absorbed_by": [["", 11.0], ["O2", 7.0], ["O4", 0.9]],
    }
    with sessions.begin() as session:
        session.add_all([drift(**shift, subject="O1"), drift(**shift, subject="O3", raised_on=date(2026, 3, 2))])
    assert [told(sessions, company, NOW) for _ in range(2)] == [1, 0]
    assert (
        "fell from 31% to 12% since 29 June. Meanwhile work on no objective rose by 11 points and “A broken bike"
        in (company.world.posted[0]["text"])
    )
    assert "by 7. Together the top priorities are about where they were." in company.world.posted[0]["text"]
    assert changes(sessions, company, NOW) == 0
    raise_some(sessions, {}, shift | {"subject": "O5"})  # beside a fall they do not stand: its alert says what lost
    told(sessions, company, NOW)
    assert [post["text"][:17] for post in company.world.posted[1:]] == ["18 of 100 working"]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("deepened", "fell further"),
        ("replanned", "The priorities changed"),
        ("gone", "is at work any more"),
    ],
)
def test_the_thread_says_why_an_alert_ended(
    company: Simulator, sessions: sessionmaker[Session], state: str, says: str
) -> None:
    id_ = raise_one(sessions)
    told(sessions, company)
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = state
    assert [changes(sessions, company) for _ in range(2)] == [1, 0]
    assert says in company.world.posted[-1]["text"]


@pytest.mark.parametrize("case", ["private", "another page", "busy", "renamed"])
def test_slacks_own_post_is_found_again_wherever_it_stands(
    company: Simulator, sessions: sessionmaker[Session], case: str
) -> None:
    (id_,) = raise_some(sessions, {})
    channel = slack(company)
    if case == "private":
        company.slack.private.add("leadership")
        company.config.slack_scopes |= {"groups:read", "groups:history"}
    if case == "another page":
        company.slack.channels = {f"C1{n:07d}": f"other-{n}" for n in range(1200)} | company.slack.channels
    assert told(sessions, company, NOW, channel) == 1
    with sessions.begin() as session:  # it died before it recorded
        session.execute(update(Notification).values(sent_at=None, reference={}, claimed_at=NOW, tried_at=NOW))
    if case == "busy":
        company.world.messages += [
            Message("leadership", f"{1_900_000_100 + n}.000100", 1, f"talk {n}") for n in range(1100)
        ]
    if case == "renamed":
        (place,) = [one for one, name in company.slack.channels.items() if name == "leadership"]
        channel = slack(company, place)
    assert told(sessions, company, NOW + CLAIM * 2, channel) == 1
    assert len(company.world.posted) == 1
    assert rows(sessions)[0].reference["ts"] == company.world.posted[0]["ts"]
    assert rows(sessions)[0].drift_id == id_


def test_a_channel_that_is_gone_stops_no_other_thread_and_its_news_goes_to_the_new_one(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    first, second = raise_some(sessions, {}, {"scope": "workshop", "start": date(2026, 4, 1)})
    told(sessions, company)
    with sessions.begin() as session:
        for id_ in (first, second):
            session.get_one(Drift, id_).state = "recovered"
        (row,) = session.scalars(select(Notification).where(Notification.drift_id == first))
        row.reference = row.reference | {"channel": "C99999999"}  # as of a channel that was deleted
    assert changes(sessions, company) == 2
    assert sum("recovered" in one["text"] for one in company.world.posted) == 2
    company.slack.archived.add("leadership")
    with sessions.begin() as session:
        session.get_one(Drift, first).state = "superseded"
    (error,) = round_of(sessions, company).errors
    assert error.startswith("Slack channel #leadership: news could not be delivered:")
