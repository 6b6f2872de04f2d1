"""Adding and ending on the page, and the fields that an edit has besides: shown first, with a reason where something goes."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from leeway.app import App
from pipeline.register.document import Register, stored
from tests.web.conftest import HOSTILE
from tests.web.test_edits import check, client, current, hidden, sure
from tests.web.test_one_number import rows
from tests.web.test_pages import enter
from web.app import make

__all__ = ["client"]
NEW = {"key": "O9", "title": "Riders praise us", "priority": "6", "first": "App store rating from 3.6 to 4.5"}


def register(app: App) -> Register:
    row = current(app)
    return stored(row.document, row.id)


def add(client: TestClient, under: str, **values: str) -> Any:
    form = client.get("/register/add", params={"under": under} if under else {})
    assert form.status_code == 200
    return client.post("/register/add", data=hidden(form.text) | values)


def test_a_key_result_is_added_checked_kept_and_undone(client: TestClient, app: App) -> None:
    assert "/register/add?under=O3" in client.get("/objectives/O3").text
    keys = [one.key for one in register(app).objectives[2].key_results]
    page = add(client, "O3", key="O3.9", title="Launch three campaigns", description=HOSTILE, due="2026-12-15")
    assert "O3.9 is new in O3: Launch three campaigns" in page.text
    assert "names an activity" in page.text  # what the lint would say of it
    assert "<script>fetch" not in page.text
    assert current(app).id == 1
    kept = client.post("/register/add", data=hidden(page.text) | {"sure": "yes"})
    assert "Saved as version 2" in kept.text
    assert [one.key for one in register(app).objectives[2].key_results] == [*keys, "O3.9"]
    assert (
        client.post("/register/2/undo", data=hidden(kept.text[: kept.text.index("Undo</button>")])).status_code == 200
    )
    assert [one.key for one in register(app).objectives[2].key_results] == keys


def test_an_objective_is_added_with_its_first_key_result(client: TestClient, app: App) -> None:
    assert "/register/add" in client.get("/register").text
    page = add(client, "", **NEW)
    assert "O9 is new: Riders praise us" in page.text
    assert "names an activity" not in page.text
    assert (
        "O9.1: &#34;Launch&#34; names an activity" in add(client, "", **NEW | {"first": "Launch three campaigns"}).text
    )
    client.post("/register/add", data=hidden(page.text) | {"sure": "yes"})
    page = client.get("/objectives/O9")  # nothing was matched with it yet: no share is known, and no interval either
    assert "The next cycle finds its work; until then its share is not known." in page.text
    assert "9 in 10 sure" not in page.text
    assert "until then its share is not known" not in client.get("/objectives/O3").text
    first = client.get("/").text
    assert "included from the next cycle" in first
    assert NEW["title"] in first
    assert not [row for row in rows(first, "All objectives") if NEW["title"] in row[0]]
    assert "O9" not in {row["key"] for row in client.get("/api/company/objectives.json").json()}
    assert [row[6] for row in rows(client.get("/teams").text, "Teams by objective")] == ["–", "–"]
    added = register(app).objectives[-1]
    assert (added.key, added.priority, [one.key for one in added.key_results]) == ("O9", 6, ["O9.1"])


def test_faults_of_a_new_entry_stand_beside_what_was_typed(client: TestClient, app: App) -> None:
    page = add(client, "", key="O9", title="Riders praise us", priority="first", first="Rating from 3.6 to 4.5")
    assert page.status_code == 422
    assert "Priority: a whole number is needed, found &#39;first&#39;." in page.text
    assert 'value="Riders praise us"' in page.text
    # What was left empty is said by the form's own names, not by those of the file.
    page = add(client, "", key="", title="Riders praise us", first="Rating from 3.6 to 4.5")
    assert "Key: it is empty; write a short one, never used before, such as O6." in page.text
    assert "Priority: it is empty; write a whole number, 1 is the top." in page.text
    assert "Field required" not in page.text
    assert "unknown objective" not in page.text
    page = add(client, "", key="O9", title="Riders praise us", priority="6", first=" ")
    assert "Its first key result: it is empty; write one, an objective needs it." in page.text
    assert "Title: it is empty; write a text." in add(client, "O3", key="O3.9", title="").text
    assert "O3.1 is the key of another entry" in add(client, "O3", key="O3.1", title="Twice").text
    assert client.get("/register/add", params={"under": "O99"}).status_code == 404
    assert current(app).id == 1


def test_ending_takes_a_reason_and_the_history_stays(client: TestClient, app: App) -> None:
    form = client.get("/key-results/O3.1/edit")
    assert "End this key result" in form.text
    asked = client.post("/key-results/O3.1/end", data=hidden(form.text))
    assert "O3.1 is gone in O3" in asked.text
    again = client.post("/key-results/O3.1/end", data=hidden(asked.text) | {"sure": "yes"})
    assert "Give a reason first" in again.text
    assert current(app).id == 1
    kept = client.post("/key-results/O3.1/end", data=hidden(again.text) | {"sure": "yes", "why": "the store closed"})
    assert "Saved as version 2" in kept.text
    assert "the store closed" in client.get("/register").text
    assert "O3.1" not in [one.key for _, one in register(app).key_results()]
    ended = client.post("/objectives/O3/end", data=hidden(client.get("/objectives/O3/edit").text))
    assert "O3 is gone" in ended.text
    assert "its own figures end" in ended.text


def test_the_last_key_result_of_an_objective_is_not_ended_alone(client: TestClient, app: App) -> None:
    keys = [one.key for one in register(app).objectives[2].key_results]
    for key in keys[:-1]:
        asked = client.post(f"/key-results/{key}/end", data=hidden(client.get(f"/key-results/{key}/edit").text))
        client.post(f"/key-results/{key}/end", data=hidden(asked.text) | {"sure": "yes", "why": "done"})
    last = client.post(f"/key-results/{keys[-1]}/end", data=hidden(client.get(f"/key-results/{keys[-1]}/edit").text))
    assert last.status_code == 409
    assert "is the only key result of O3: end the objective, or write another first." in last.text


def test_teams_plans_of_teams_and_a_description_are_edited(client: TestClient, app: App) -> None:
    team = register(app).teams[0].key
    page = check(client, "objectives/O4", description="Why:\nthe market is there.", **{"team plans": f"{team}: 15 %"})
    assert "description: none -&gt; Why:" in page.text
    assert "Saved" in sure(client, "objectives/O4", page).text
    assert register(app).objectives[3].description.splitlines() == ["Why:", "the market is there."]
    plan = (register(app).teams[0].plan or {})["O4"]
    assert plan.share == pytest.approx(0.15)
    assert "Nothing has changed yet" in check(client, "objectives/O4").text  # line ends of a form are none
    sure(client, "key-results/O3.1", check(client, "key-results/O3.1", teams=team))
    assert next(one.teams for _, one in register(app).key_results() if one.key == "O3.1") == (team,)
    wrong = check(client, "objectives/O4", **{"team plans": "nobody: 15 %"})
    assert "Team plans: unknown team &#39;nobody&#39;." in wrong.text


def test_leads_add_and_end_nothing(app: App) -> None:
    lead = enter(TestClient(make(app)), app, "team", "app")
    assert "/register/add" not in lead.get("/register").text + lead.get("/objectives/O3").text
    assert lead.get("/register/add").status_code == 403
    found = re.search(r'name="csrf" value="([^"]*)"', lead.get("/").text)
    assert found is not None
    token = found[1]
    assert (
        lead.post("/register/add", data={"csrf": token, "key": "O9", "title": "Mine", "sure": "yes"}).status_code == 403
    )
    assert lead.post("/key-results/O3.1/end", data={"csrf": token, "sure": "yes", "why": "mine"}).status_code == 403
    assert current(app).id == 1
