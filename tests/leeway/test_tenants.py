"""`leeway source`, and what check, status, doctor and sync say where another account stands behind a source."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from alerts.channel import DeliveryError
from leeway.app import App
from leeway.channels import channels, posting_client
from leeway.check import check_all
from leeway.cli import app as cli
from leeway.doctor import diagnose
from leeway.settings import load
from models import Account, Failure, Label, Signal, StreamCursor, WorkItem
from pipeline.ingest.tenants import OtherTenant, hold_to_tenant
from simulator.server import Simulator
from tests.conftest import NOW, newest_sqlite
from tests.connectors.few import CHANNELS, served


@pytest.fixture
def few() -> Iterator[Simulator]:
    with served() as company:
        yield company


@pytest.fixture
def app(few: Simulator, tmp_path: Path) -> App:
    """Its Jira and its Slack, which were read; then its Slack is another workspace."""
    given = few.settings()
    given["slack"]["channels"] = CHANNELS
    given["jira"]["projects"] = sorted({issue.project for issue in few.world.issues})
    lines = [f'[database]\nurl = "{newest_sqlite(tmp_path / "x.db")}"']
    for section in ("jira", "slack"):
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in given[section].items())]
    (tmp_path / "leeway.toml").write_text("\n".join(lines))
    app = App(load(tmp_path / "leeway.toml"), now=NOW)
    assert leeway(tmp_path, "sync")[0] == 0
    few.config.slack_team = ("T00000099", "Velora Sandbox")
    return app


def leeway(folder: Path, *words: str, answer: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(folder / "leeway.toml"), *words], input=answer)
    return result.exit_code, " ".join(f"{result.output} {result.exception or ''}".split())


def rows(sessions: sessionmaker[Session], source: str) -> list[int]:
    with sessions() as session:
        tables = (WorkItem, Signal, StreamCursor, Failure, Account)
        counts = [select(func.count()).select_from(one).where(one.source == source) for one in tables]
        return [session.scalar(one) or 0 for one in counts]


def test_the_others_are_read_and_every_face_says_what_to_do(app: App, tmp_path: Path) -> None:
    before = rows(app.sessions, "slack")
    code, said = leeway(tmp_path, "sync")
    assert code == 2
    assert "jira: 0 new or changed signals" in said
    assert "lead to the workspace Velora Sandbox (T00000099)" in said
    assert "came from the workspace Velora Bikes (T00000001)" in said
    assert rows(app.sessions, "slack") == before
    assert "source replace slack" in leeway(tmp_path, "status")[1]
    assert "Velora Bikes" in leeway(tmp_path, "status")[1]
    assert "refused: the workspace Velora Sandbox" in leeway(tmp_path, "source")[1]
    assert json.loads(leeway(tmp_path, "source", "--json")[1])[1]["source"] == "slack"
    hangs = [row for row in diagnose(app, "sources") if not row.ok]
    assert [(row.name, "source replace slack" in row.fix) for row in hangs] == [("slack", True)]
    checked = {row.part: row for row in check_all(app) if row.name == "tenant"}
    assert checked["jira"].ok
    assert not checked["slack"].ok
    assert "source replace slack" in checked["slack"].fix
    with pytest.raises(OtherTenant):  # nor is anything measured there
        hold_to_tenant(app.connectors["slack"], app.sessions)


def test_nothing_is_posted_into_another_workspace_until_it_is_decided(app: App, few: Simulator, tmp_path: Path) -> None:
    """It is the company's figures that would be told there."""
    assert app.settings.slack is not None
    app.settings.slack.alert_channel = "leadership"
    assert [row.ok for row in next(iter(channels(app))).check()] == [True]
    leeway(tmp_path, "sync", "slack")
    before = few.slack.requests
    (row,) = next(iter(channels(app))).check()
    assert "Velora Sandbox" in row.found
    assert "source replace slack" in row.fix
    with pytest.raises(DeliveryError) as closed:
        posting_client(app, app.settings.slack).chat_postMessage(channel="C1", text="38% on the top priorities")
    assert (closed.value.refused, closed.value.down, closed.value.lasting) == (True, True, False)
    assert few.slack.requests == before
    leeway(tmp_path, "source", "accept", "slack")
    assert [row.ok for row in next(iter(channels(app))).check()] == [True]


def test_accept_keeps_what_there_is_and_goes_on(app: App, tmp_path: Path) -> None:
    before = rows(app.sessions, "slack")
    assert "there is nothing to decide" in leeway(tmp_path, "source", "accept", "jira")[1]
    assert leeway(tmp_path, "source", "accept", "slack")[0] == 0
    code, said = leeway(tmp_path, "sync", "slack")
    assert (code, said) == (0, "slack: 0 new or changed signals, 0 removed, 0 set aside.")
    assert rows(app.sessions, "slack") == before
    assert "refused" not in leeway(tmp_path, "source")[1]


def test_replace_asks_removes_what_the_former_one_brought_and_reads_the_new_one_whole(
    app: App, few: Simulator, tmp_path: Path
) -> None:
    before, others = rows(app.sessions, "slack"), rows(app.sessions, "jira")
    with app.sessions.begin() as session:
        first = session.scalars(select(WorkItem.id).where(WorkItem.source == "slack")).first()
        session.add(Label(work_item_id=first, key_result="O1.1", origin="lead", at=NOW))
    few.world.messages = [one for one in few.world.messages if one.channel == "sales"]
    few.slack._kept.clear()
    code, said = leeway(tmp_path, "source", "replace", "slack", answer="n\n")
    assert code == 1
    assert "with 1 answer about them, and read the workspace Velora Sandbox" in said
    assert rows(app.sessions, "slack") == before
    assert leeway(tmp_path, "source", "replace", "slack", "--yes")[0] == 0
    assert rows(app.sessions, "slack") == [0, 0, 0, 0, 0]
    assert rows(app.sessions, "jira") == others
    assert leeway(tmp_path, "sync", "slack")[0] == 0
    items, signals, cursors, *_ = rows(app.sessions, "slack")
    assert (items, signals) == (4, len(few.world.messages))
    assert cursors == 3
