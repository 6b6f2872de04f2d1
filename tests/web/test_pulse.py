"""The pulse answered: buttons and a line in Slack, a page behind a mail's link; what the pages then show."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from alerts.pulse import Place
from leeway.app import App
from leeway.pulse import answer
from leeway.signing import serializer
from models import Account, Confidence
from pipeline.pulse.answers import keep
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY
from tests.web.test_pages import enter, load
from tests.web.test_slack_buttons import BODY, press
from web.app import make
from web.pulse import SECONDS

WEEK = date(2026, 7, 6)
CARLA = "carla.jung@velora.example"


@pytest.fixture
def client(slack_app: App) -> TestClient:
    with slack_app.sessions.begin() as session:
        for number, address in ((1, CARLA), (2, "nele.brandt@velora.example")):
            session.add(Account(source="slack", external_id=f"U{number:08d}", email=address))
    return TestClient(make(slack_app), base_url="https://leeway.example")


def pressed(number: int, key: str = "O1.1", week: date = WEEK, user: str = "U00000001") -> dict[str, Any]:
    one = {"action_id": f"pulse-{number}", "block_id": f"pulse {week} {key}", "value": str(number), "type": "button"}
    where = {"channel": {"id": user.replace("U", "D")}, "message": {"ts": "1900000000.000100"}}
    return BODY | where | {"user": {"id": user}, "actions": [one | {"action_ts": "1.0"}]}


def kept(app: App) -> list[tuple[str, date, int, str]]:
    with app.sessions() as session:
        return [(row.key_result, row.week, row.value, row.note) for row in session.scalars(select(Confidence))]


def test_a_press_is_kept_shown_in_the_message_and_the_last_of_the_week_counts(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    company.world.posted.append({"channel": "D00000001", "ts": "1900000000.000100", "blocks": []})
    for number in (4, 8, 8):
        assert press(client, pressed(number)) == 200
    assert kept(slack_app) == [("O1.1", WEEK, 8, "")]
    shown = company.world.posted[-1]["blocks"]
    assert "This week: *8*" in shown[2]["text"]["text"]
    assert [one.get("style") for one in shown[3]["elements"]].index("primary") == 7


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (pressed(8, user="U00000002"), "another owner"),
        (pressed(8, user="U00000777"), "another owner"),
        (pressed(8, week=WEEK - timedelta(weeks=1)), "week is over"),
        (pressed(11), "1 to 10"),
        (pressed(8, key="O99"), "another owner"),
    ],
)
def test_a_press_that_is_not_theirs_or_of_another_week_is_told_to_who_pressed(
    client: TestClient, slack_app: App, company: Simulator, payload: dict[str, Any], said: str
) -> None:
    assert press(client, payload) == 200
    assert kept(slack_app) == []
    assert said in company.slack.whispered[0]["text"]


def test_an_answer_asked_under_other_keys_is_of_the_key_result_that_it_named(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    version, register = slack_app.register()
    mine = [one for _, one in register.key_results() if one.owner == CARLA][:1]
    old, text = mine[0].key, register_yaml(TODAY)
    link = serializer(slack_app, "pulse").dumps([CARLA, WEEK.isoformat()])
    form = dict(re.findall(r'name="(seen)" value="([^"]*)"', client.get(f"/pulse?token={link}").text))
    renumbered = text.replace(f"key: {old},", "key: Z9,")
    load(slack_app, renumbered)
    payload = pressed(8)
    payload["actions"][0]["block_id"] = str(Place(WEEK, old, version))
    assert press(client, payload) == 200
    assert kept(slack_app) == [("Z9", WEEK, 8, "")]
    said = client.post(f"/pulse?token={link}", data=form | {f"value {old}": "3", "value Z9": "3"})
    assert "The plan has changed" in said.text
    assert kept(slack_app) == [("Z9", WEEK, 8, "")]


def test_a_forged_press_changes_nothing(client: TestClient, slack_app: App) -> None:
    assert press(client, pressed(8), secret="another") == 401
    assert kept(slack_app) == []


def test_a_line_is_written_in_a_modal(client: TestClient, slack_app: App, company: Simulator) -> None:
    asked = pressed(8)
    asked["actions"][0] |= {"action_id": "pulse-note", "value": "note"}
    assert press(client, asked) == 200
    view = company.slack.views[0]
    chosen = {"pulse-choice": {"selected_option": {"value": "6"}}}
    for note in ("one large customer left", None):
        state = {"values": {"value": chosen, "note": {"note": {"value": note}}}}
        payload = BODY | {"type": "view_submission", "view": view | {"id": "V1", "state": state}}
        assert press(client, payload) == 200
        assert kept(slack_app) == [("O1.1", WEEK, 6, note or "")]


def test_a_scanner_that_follows_the_mail_s_link_answers_nothing_and_a_form_does(
    client: TestClient, slack_app: App
) -> None:
    token = serializer(slack_app, "pulse").dumps([CARLA, WEEK.isoformat()])
    page = client.get("/pulse", params={"token": token})
    assert page.status_code == 200
    assert "O1.1 Sign 25 employers" in page.text
    assert kept(slack_app) == []
    form = {"value O1.1": "9", "note O1.1": "<b>sure</b>", "value O2.1": "9", "value O9": "1"}
    page = client.post("/pulse", params={"token": token}, data=form)
    assert "Saved. Thank you." in page.text
    assert "<b>sure" not in page.text
    assert kept(slack_app) == [("O1.1", WEEK, 9, "<b>sure</b>")]  # O2.1 is somebody else's
    client.post("/pulse", params={"token": token}, data={"value O1.1": "3"})
    assert kept(slack_app) == [("O1.1", WEEK, 3, "")]


def test_a_line_without_a_number_is_said_and_stays_in_the_form(client: TestClient, slack_app: App) -> None:
    token = serializer(slack_app, "pulse").dumps([CARLA, WEEK.isoformat()])
    page = client.post("/pulse", params={"token": token}, data={"note O1.1": "waits for <b>legal</b>"})
    assert "O1.1: choose a number with your comment" in page.text
    assert 'value="waits for &lt;b&gt;legal&lt;/b&gt;"' in page.text
    assert "Saved" not in page.text
    assert kept(slack_app) == []


def test_a_link_is_of_one_person_and_one_week_and_ends(
    client: TestClient, slack_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in ("", "forged", serializer(slack_app, "answer").dumps([CARLA, WEEK.isoformat()])):
        assert client.get("/pulse", params={"token": token}).status_code == 403
        assert client.post("/pulse", params={"token": token}, data={"value O1.1": "9"}).status_code == 403
    old = serializer(slack_app, "pulse").dumps([CARLA, (WEEK - timedelta(weeks=1)).isoformat()])
    assert client.get("/pulse", params={"token": old}).status_code == 410
    good = serializer(slack_app, "pulse").dumps([CARLA, WEEK.isoformat()])
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4_000_000_000)
    assert client.get("/pulse", params={"token": good}).status_code == 410
    assert SECONDS <= 8 * 86_400
    assert kept(slack_app) == []


def test_the_pages_show_the_trend_beside_number_and_work_and_never_who_said_it(
    client: TestClient, slack_app: App
) -> None:
    with slack_app.sessions.begin() as session:
        for week, value in ((2, 6), (1, 9)):
            keep(session, "O1.1", WEEK - timedelta(weeks=week), value, CARLA, slack_app.now())
    answer(slack_app, CARLA, "O1.1", WEEK, 5, "<script>alert(1)</script>")
    enter(client, slack_app, "company")
    page = client.get("/key-results/O1.1").text
    assert "5 of 10" in page
    assert "Confidence fell from 9 to 5: what would bring it back?" in page
    assert "<script>alert" not in page
    address = next(one for one in re.findall(r'data-chart="([^"]+)"', page) if "/confidence/" in one)
    spec = client.get(address.replace("&amp;", "&")).json()
    assert [row["value"] for row in spec["layer"][0]["data"]["values"]] == [6, 9, 5]
    objective = client.get("/objectives/O1").text
    assert "9 → 5" in objective
    assert "Confidence fell" in objective
    assert "carla" not in (page + objective).lower()
    assert "Confidence by week" not in client.get("/key-results/O1.2").text
