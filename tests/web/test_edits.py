"""Editing the register on the page: who may, what is shown first, what is kept, what takes it back, what a file does to it."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from leeway.app import App
from models import RegisterVersion
from pipeline.register.document import stored
from pipeline.register.versions import current_version, history
from tests.leeway.test_cli import leeway, refused
from tests.web.conftest import HOSTILE, needs_browser
from tests.web.test_pages import enter
from web.app import make

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')


@pytest.fixture
def client(app: App) -> TestClient:
    return enter(TestClient(make(app)), app, "company")


def hidden(text: str) -> dict[str, str]:
    """Hidden fields of the page's last form."""
    return {name: unescape(value) for name, value in HIDDEN.findall(text[text.rindex("<form") :])}


def check(client: TestClient, place: str, **values: str) -> Any:
    form = client.get(f"/{place}/edit")
    assert form.status_code == 200
    return client.post(f"/{place}/edit", data=hidden(form.text) | values)


def sure(client: TestClient, place: str, page: Any, **values: str) -> Any:
    return client.post(f"/{place}/edit", data=hidden(page.text) | {"sure": "yes"} | values)


def current(app: App) -> RegisterVersion:
    with app.sessions() as session:
        found = current_version(session)
    assert found is not None
    return found


def title(app: App, key: str) -> str:
    row = current(app)
    return next(one.title for _, one in stored(row.document, row.id).key_results() if one.key == key)


def test_an_edit_is_shown_asked_once_kept_with_who_and_why_and_undone_in_one_press(
    client: TestClient, app: App
) -> None:
    assert "/objectives/O4/edit" in client.get("/objectives/O4").text
    page = check(client, "objectives/O4", title="Open Spain", priority="2", plan="30%")
    for said in (
        "O4: priority: 4 -&gt; 2",
        "O4: title: Open Spain and Portugal -&gt; Open Spain",
        "plan.share: none -&gt; 0.3",
    ):
        assert said in page.text
    assert "a new baseline begins" in page.text
    assert current(app).id == 1  # nothing is kept yet
    kept = sure(client, "objectives/O4", page, why="Portugal waits")
    assert "Saved as version 2 of the register. It can be undone for a day" in kept.text
    assert current(app).document.count("\n") == stored_text(app, 1).count("\n") + 1
    assert "    plan: 30%\n" in current(app).document
    with app.sessions() as session:
        load = history(session)[-1]
    assert (load.by, load.why) == ("company, on the page", "Portugal waits")
    shown = client.get("/register").text
    assert "company, on the page: Portugal waits" in shown
    undone = client.post("/register/2/undo", data=hidden(kept.text[: kept.text.index("Undo</button>")]))
    assert "Undone: the register is back to what it was before version 2 (version 3)." in undone.text
    assert current(app).document == stored_text(app, 1)
    assert (
        client.post("/register/2/undo", data=hidden(kept.text[: kept.text.index("Undo</button>")])).status_code == 409
    )


def stored_text(app: App, version: int) -> str:
    with app.sessions() as session:
        return session.get_one(RegisterVersion, version).document


def test_what_is_loosened_is_said_and_takes_a_reason(client: TestClient, app: App) -> None:
    page = check(client, "key-results/O3.1", title="App store rating from 3.6 to 3.9")
    assert "the target 4.5 became 3.9" in page.text
    again = sure(client, "key-results/O3.1", page, why="  ")
    assert "Give a reason first" in again.text
    assert current(app).id == 1
    back = client.post("/key-results/O3.1/edit", data=hidden(page.text) | {"sure": "back"})
    assert 'value="App store rating from 3.6 to 3.9"' in back.text
    assert "Saved" in sure(client, "key-results/O3.1", again, why="the store hides old ratings").text
    assert title(app, "O3.1") == "App store rating from 3.6 to 3.9"


def test_what_a_number_is_measured_by_is_edited_and_no_statement_or_file_from_a_page(
    client: TestClient, app: App
) -> None:
    form = {"measured by": "jql: issuetype = Bug", "start": "40", "target": "10", "unit": "bugs"}
    page = check(client, "key-results/O1.1", **form)
    assert "metric.jql: none -&gt; issuetype = Bug" in page.text
    assert "Saved" in sure(client, "key-results/O1.1", page, why="counted by Jira now").text
    (metric,) = [k.metric for _, k in stored(current(app).document, 2).key_results() if k.key == "O1.1"]
    assert metric is not None
    assert (metric.binding, metric.start, metric.target, metric.unit) == ({"jql": "issuetype = Bug"}, 40, 10, "bugs")
    for said in ("sql: SELECT 1\ndatabase: warehouse", "csv: /etc/passwd\ncolumn: x"):
        refused = check(client, "key-results/O1.1", **{"measured by": said})
        assert "can only be set in okrs.yaml" in refused.text
        assert refused.status_code == 422
    assert "Nothing has changed yet" in check(client, "key-results/O1.1").text


def test_faults_are_said_beside_what_was_typed(client: TestClient, app: App) -> None:
    page = check(client, "objectives/O1", priority="first", title="Kept while it is mended")
    assert page.status_code == 422
    assert "Priority: a whole number is needed, found &#39;first&#39;." in page.text
    assert "Kept while it is mended" in page.text
    assert "Plan: " in check(client, "objectives/O1", plan="300 %").text
    assert "Title: it is empty" in check(client, "key-results/O1.1", title=" ").text
    assert "Nothing has changed yet" in check(client, "objectives/O1").text
    assert current(app).id == 1


def test_leads_see_no_button_and_are_refused(app: App) -> None:
    client = enter(TestClient(make(app)), app, "team", "app")
    assert "/edit" not in client.get("/objectives/O3").text + client.get("/key-results/O3.1").text
    assert "on the page" not in client.get("/register").text
    assert client.get("/objectives/O3/edit").status_code == 403
    token = re.search(r'name="csrf" value="([^"]*)"', client.get("/").text)
    assert token is not None
    data = {"csrf": token[1], "version": "1", "title": "Mine", "sure": "yes"}
    assert client.post("/objectives/O3/edit", data=data).status_code == 403
    assert client.post("/register/1/undo", data=data).status_code == 403
    assert current(app).id == 1


def test_a_form_of_another_session_and_what_is_not_there_are_refused(client: TestClient, app: App) -> None:
    assert client.post("/objectives/O1/edit", data={"csrf": "x", "version": "1", "title": "No"}).status_code == 403
    for path in ("/objectives/O9/edit", "/objectives/O1.1/edit", "/key-results/O1/edit", "/teams/app/edit"):
        assert client.get(path).status_code == 404, path
    data = hidden(client.get("/objectives/O1/edit").text)
    assert client.post("/objectives/O1/edit", data=data | {"version": "77", "title": "No"}).status_code == 409
    assert current(app).id == 1


def test_two_people_at_once_see_each_other(client: TestClient, app: App) -> None:
    first = check(client, "objectives/O4", title="Open Spain")
    second = check(client, "objectives/O4", title="Open Portugal")
    other = check(client, "objectives/O5", title="Grow cheaply")
    sure(client, "objectives/O4", first)
    asked = sure(client, "objectives/O4", second)
    assert "Somebody changed it in the meantime" in asked.text
    assert "the register says &#39;Open Spain&#39;, your form says &#39;Open Portugal&#39;." in asked.text
    assert current(app).id == 2
    sure(client, "objectives/O5", sure(client, "objectives/O5", other))  # asked again on the newer version, then kept
    assert current(app).id == 3
    assert "title: Open Spain\n" in current(app).document


def test_hostile_words_stay_words(client: TestClient, app: App) -> None:
    words = HOSTILE + ' {{ 7 * 7 }} "]}: &x *y\r\n- key: O9'
    page = check(client, "key-results/O2.1", title=words, owner="=cmd|' /C calc'!A0")
    assert "<script>fetch" not in page.text
    assert "Saved" in sure(client, "key-results/O2.1", page, why=HOSTILE).text
    assert title(app, "O2.1") == " ".join(words.split())
    shown = client.get("/register").text + client.get("/key-results/O2.1").text
    assert "<script>fetch" not in shown
    assert "<img src=x" not in shown


def test_after_a_day_an_edit_stays(client: TestClient, app: App) -> None:
    kept = sure(client, "objectives/O4", check(client, "objectives/O4", title="Open Spain"))
    with app.sessions.begin() as session:
        session.get_one(RegisterVersion, 2).loaded_at = app.now() - timedelta(days=1, minutes=1)
    answer = client.post("/register/2/undo", data=hidden(kept.text[: kept.text.index("Undo</button>")]))
    assert answer.status_code == 409
    assert "taken back for a day" in answer.text
    assert "Undo the edit" not in client.get("/register").text


def test_a_file_that_does_not_know_an_edit_is_not_loaded_over_it(client: TestClient, app: App, tmp_path: Path) -> None:
    (tmp_path / "leeway.toml").write_text(f'[database]\nurl = "{app.settings.database.url}"\n')
    old = stored_text(app, 1)
    sure(client, "objectives/O4", check(client, "objectives/O4", title="Open Spain", priority="3"), why="less")
    (tmp_path / "okrs.yaml").write_text(old.replace("title: Grow without growing cost", "title: Grow cheaply"))
    said = leeway(tmp_path, "okrs", "load", "okrs.yaml")
    refused(said, "O4: title: the register says 'Open Spain', okrs.yaml says 'Open Spain and Portugal'.", "okrs export")
    assert "conflict: O4: priority: the register says '3', okrs.yaml says '4'." in said.stdout
    assert "conflict: O5" not in said.stdout  # changed by the file alone
    assert "conflict: O4: title" in leeway(tmp_path, "okrs", "diff", "okrs.yaml").stdout
    written = leeway(tmp_path, "okrs", "export").stdout
    (tmp_path / "okrs.yaml").write_text(written.replace("title: Grow without growing cost", "title: Grow cheaply"))
    assert "is now the register (version 3)" in leeway(tmp_path, "okrs", "load", "okrs.yaml").stdout
    (tmp_path / "okrs.yaml").write_text(old)  # the file of version 3 knew it, so this one means it
    assert "is now the register (version 4)" in leeway(tmp_path, "okrs", "load", "okrs.yaml").stdout
    sure(client, "objectives/O4", check(client, "objectives/O4", title="Open Spain"))
    assert "(version 6)" in leeway(tmp_path, "okrs", "load", "okrs.yaml", "--yes").stdout
    assert current(app).document == old


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_forms_fit_and_an_edit_works_without_a_script(
    app: App, served: str, browser: Any, width: int, scheme: str
) -> None:
    from web.auth import sign_in_token

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{served}/sign-in?token={sign_in_token(app, 'ops')}")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served}/key-results/O3.1")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title").fill("App store rating from 3.6 to 3.9 " + "a" * 200)
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits)
    page.get_by_role("button", name="See what it changes").click()
    assert page.evaluate(fits)
    page.get_by_label("Why").fill("old ratings are hidden")
    page.get_by_role("button", name="Yes: keep it").click()
    page.get_by_role("status").get_by_text("Saved as version 2").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("status").get_by_text("Undone").wait_for()
    assert page.evaluate(fits)
    context.close()
