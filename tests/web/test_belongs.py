"""A question about an item called "rollout" names what it belongs to, on every face that asks."""

import io
import json
from unittest.mock import patch

import typer
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import update

from leeway.app import App
from leeway.labelling import ask, write_template
from models import WorkItem
from simulator.server import Simulator
from tests.web.test_pages import enter
from tests.web.test_slack_buttons import action, press
from web.app import make

STORY = "Rules for the forty commonest trades"


def hang(app: App) -> None:
    """The first item is a "rollout" in a "cleanup" of a story, as tools hold it: by the source's own ids."""
    with app.sessions.begin() as session:
        for id_, title, parent in ((90, STORY, None), (91, "cleanup", "90")):
            session.add(
                WorkItem(
                    id=id_,
                    source="jira",
                    external_id=str(id_),
                    kind="task",
                    container="APP",
                    title=title,
                    parent=parent,
                    labels=[],
                    mentions=[],
                    stale=False,
                )
            )
        session.execute(update(WorkItem).where(WorkItem.id == 1).values(title="rollout", text=None, parent="91"))


def test_page_terminal_and_template_say_what_an_item_belongs_to(app: App) -> None:
    hang(app)
    client = enter(TestClient(make(app)), app, "ops")
    assert f"part of <bdi>{STORY}</bdi>" in client.get("/labels").text
    told, template = io.StringIO(), io.StringIO()
    with patch.object(typer, "prompt", return_value="q"):
        ask(app, None, Console(file=told, width=400))
    assert f"rollout (APP, part of {STORY})" in told.getvalue()
    write_template(app, 9, template)
    assert f",{STORY}," in template.getvalue()


def test_slacks_window_says_it_too(slack_app: App, company: Simulator) -> None:
    hang(slack_app)
    assert press(TestClient(make(slack_app)), action("labels")) == 200
    assert f"rollout, part of {STORY}" in json.dumps(company.slack.views[0])
